/* SPDX-License-Identifier: MIT */
/* Any text as base64: what decodes is encoded to the same digits, in place as elsewhere; as PEM it comes back. */
#include <stdlib.h>
#include <string.h>

#include "enrol.h"

#define TEXT_MAX (2048u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t without_space(const uint8_t *data, size_t size, char *out) {
  size_t len = 0;
  for (size_t at = 0; at < size; at++) {
    if (data[at] != ' ' && data[at] != '\t' && data[at] != '\r' && data[at] != '\n') {
      out[len] = (char)data[at];
      len++;
    }
  }
  return len;
}

static void require(bool condition) {
  if (!condition) {
    abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t bytes[TEXT_MAX];
  char text[TEXT_MAX + 8u];
  char digits[TEXT_MAX];
  size_t len = 0;
  if (size > TEXT_MAX) {
    return 0;
  }
  memcpy(text, data, size);
  text[size] = '\0';
  sesp_enrol_key_t key;
  (void)sesp_enrol_key_read(text, &key);
  (void)sesp_enrol_is_pkcs7(text);
  require(sesp_enrol_retry_after(text) <= 86400u);
  if (!sesp_base64_decode((const char *)data, size, bytes, sizeof(bytes), &len)) {
    return 0;
  }
  require(len > 0u && len <= size / 4u * 3u);
  require(!sesp_base64_decode((const char *)data, size, bytes, len - 1u, &len));
  require(sesp_base64_decode((const char *)data, size, bytes, len, &len));
  const size_t digits_len = without_space(data, size, digits);
  size_t again = 0;
  require(sesp_base64_decode(text, size, (uint8_t *)text, size, &again) && again == len);
  require(memcmp(text, bytes, len) == 0);
  require(sesp_base64_encode(bytes, len, text, sizeof(text)) && strlen(text) == digits_len);
  require(memcmp(text, digits, digits_len) == 0);
  if (sesp_pem_write("A", bytes, len, text, sizeof(text))) {
    uint8_t back[TEXT_MAX];
    require(sesp_pem_read(text, "A", back, sizeof(back), &again) && again == len && memcmp(back, bytes, len) == 0);
  }
  return 0;
}
