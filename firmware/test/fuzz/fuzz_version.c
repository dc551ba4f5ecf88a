/* SPDX-License-Identifier: MIT */
/* Three versions, one per line: the order is total and does not depend on who asks. */
#include <stdlib.h>

#include "sesp_version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t line(const uint8_t *data, size_t size) {
  size_t at = 0;
  while (at < size && data[at] != (uint8_t)'\n') {
    at++;
  }
  return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sesp_version_t versions[3];
  for (size_t at = 0; at < 3u; at++) {
    const size_t len = line(data, size);
    if (!sesp_version_parse((const char *)data, len, &versions[at])) {
      return 0;
    }
    const size_t used = len < size ? len + 1u : len;
    data += used;
    size -= used;
  }
  for (size_t a = 0; a < 3u; a++) {
    if (sesp_version_compare(&versions[a], &versions[a]) != 0) {
      abort();
    }
    for (size_t b = 0; b < 3u; b++) {
      if (sesp_version_compare(&versions[a], &versions[b]) != -sesp_version_compare(&versions[b], &versions[a])) {
        abort();
      }
      for (size_t c = 0; c < 3u; c++) {
        if (sesp_version_compare(&versions[a], &versions[b]) <= 0 &&
            sesp_version_compare(&versions[b], &versions[c]) <= 0 &&
            sesp_version_compare(&versions[a], &versions[c]) > 0) {
          abort();
        }
      }
    }
  }
  return 0;
}
