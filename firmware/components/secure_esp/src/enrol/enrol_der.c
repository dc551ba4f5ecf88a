/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "enrol.h"

sesp_der_writer_t sesp_der_write(uint8_t *data, size_t capacity) {
  return (sesp_der_writer_t){.data = data, .at = capacity, .ok = true};
}

void sesp_der_put(sesp_der_writer_t *writer, const uint8_t *bytes, size_t len) {
  if (!writer->ok || len > writer->at) {
    writer->ok = false;
    return;
  }
  writer->at -= len;
  if (len > 0u) {
    memcpy(writer->data + writer->at, bytes, len);
  }
}

void sesp_der_wrap(sesp_der_writer_t *writer, uint8_t tag, size_t end) {
  if (!writer->ok || end < writer->at || end - writer->at > 65535u) {
    writer->ok = false;
    return;
  }
  const size_t len = end - writer->at;
  uint8_t header[4] = {tag, (uint8_t)len, 0, 0};
  size_t used = 2;
  if (len > 255u) {
    header[1] = 0x82u;
    header[2] = (uint8_t)(len / 256u);
    header[3] = (uint8_t)(len % 256u);
    used = 4;
  } else if (len > 127u) {
    header[1] = 0x81u;
    header[2] = (uint8_t)len;
    used = 3;
  }
  sesp_der_put(writer, header, used);
}

void sesp_der_put_positive(sesp_der_writer_t *writer, const uint8_t *bytes, size_t len) {
  const size_t end = writer->at;
  size_t from = 0;
  while (from < len && bytes[from] == 0u) {
    from++;
  }
  if (from == len) {
    writer->ok = false;
    return;
  }
  sesp_der_put(writer, bytes + from, len - from);
  if (bytes[from] > 127u) {
    const uint8_t zero = 0;
    sesp_der_put(writer, &zero, 1);
  }
  sesp_der_wrap(writer, 0x02u, end);
}

/** Reads tag and length: the size of the header, 0 if it is none. */
static size_t header_of(sesp_slice_t rest, size_t *content_len) {
  if (rest.len < 2u || rest.data[0] % 32u == 31u) {
    return 0;
  }
  const size_t first = rest.data[1];
  if (first < 128u) {
    *content_len = first;
    return 2;
  }
  if (first == 0x81u && rest.len >= 3u && rest.data[2] > 127u) {
    *content_len = rest.data[2];
    return 3;
  }
  if (first == 0x82u && rest.len >= 4u && rest.data[2] > 0u) {
    *content_len = (size_t)rest.data[2] * 256u + rest.data[3];
    return 4;
  }
  return 0;
}

bool sesp_der_take_any(sesp_slice_t *rest, uint8_t *tag, sesp_slice_t *element, sesp_slice_t *content) {
  size_t len = 0;
  const size_t header = header_of(*rest, &len);
  if (header == 0u || len > rest->len - header) {
    return false;
  }
  *tag = rest->data[0];
  *element = (sesp_slice_t){rest->data, header + len};
  *content = (sesp_slice_t){rest->data + header, len};
  *rest = (sesp_slice_t){rest->data + header + len, rest->len - header - len};
  return true;
}

bool sesp_der_take(sesp_slice_t *rest, uint8_t tag, sesp_slice_t *content) {
  if (rest->len == 0u || rest->data[0] != tag) {
    return false;
  }
  uint8_t found = 0;
  sesp_slice_t element;
  return sesp_der_take_any(rest, &found, &element, content);
}
