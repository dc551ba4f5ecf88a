/* SPDX-License-Identifier: MIT */
/*
 * Answers test vectors, a line each, for whoever compares. The file named on the command line holds records: a kind, a
 * 16-bit index, a 32-bit length (big-endian) and so many bytes.
 *   'p'  a payload of decoder <index>        <verdict of decode> [<verdict of encode> <text in hexadecimal>]
 *   'm'  a topic                             <name> <scope> <device offset> <length> <client offset> <length>,
     or "none"
 *   'b'  topic <index>, scope, two strings   <verdict of build> <topic>
 * cases.inc lists the decoders: EMPTY(index, name) or STRUCT(index, name).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "secure_esp_protocol.h"

static char text[65536];

static void *block(size_t size) {
  void *memory = malloc(size > 0u ? size : 1u);
  if (memory == NULL) {
    abort();
  }
  return memory;
}

static void print_encoded(int verdict, size_t len) {
  (void)printf("0 %d ", verdict);
  for (size_t at = 0; at < len; at++) {
    (void)printf("%02x", (unsigned)(unsigned char)text[at]);
  }
  (void)printf("\n");
}

static void payload(size_t index, const uint8_t *data, size_t len) {
  size_t out_len = 0;
  int verdict = -1;
#define EMPTY(at, name)                              \
  if (index == (at)) {                               \
    verdict = (int)sesp_##name##_decode(data, len);  \
  }
#define STRUCT(at, name)                                                                            \
  if (index == (at)) {                                                                              \
    sesp_##name##_t value;                                                                          \
    verdict = (int)sesp_##name##_decode(data, len, &value);                                         \
    if (verdict == (int)SESP_CODEC_OK) {                                                            \
      verdict = (int)sesp_##name##_encode(&value, text, sizeof(text), &out_len);                    \
      print_encoded(verdict, out_len);                                                              \
      return;                                                                                       \
    }                                                                                               \
  }
#include "cases.inc"
  (void)printf("%d\n", verdict);
}

static void match(const char *topic, size_t len) {
  static const char *const names[] = {
      "none",
#define NAME(NAME, name, direction) #name,
      SESP_TOPICS(NAME)};
  sesp_topic_match_t out;
  if (!sesp_topic_match(topic, len, &out)) {
    (void)printf("none\n");
    return;
  }
  (void)printf("%s %d %zu %zu %zu %zu\n", names[out.topic], (int)out.scope, out.device_offset, out.device_len,
               out.client_offset, out.client_len);
}

/** Device and client: each a 16-bit length and so many bytes, or 65535 for none. */
static char *take_string(const uint8_t **data) {
  const size_t len = (size_t)(*data)[0] * 256u + (*data)[1];
  *data += 2;
  if (len == 65535u) {
    return NULL;
  }
  char *copy = block(len + 1u);
  memcpy(copy, *data, len);
  copy[len] = '\0';
  *data += len;
  return copy;
}

static void build(size_t index, const uint8_t *data) {
  const sesp_scope_t scope = data[0] == 1u ? SESP_SCOPE_DEVICE : SESP_SCOPE_ALL;
  data++;
  char *device = take_string(&data);
  char *client = take_string(&data);
  const sesp_codec_t verdict =
      sesp_topic_build((sesp_topic_t)index, scope, device, client, text, SESP_TOPIC_MAX_BYTES + 1u, NULL);
  (void)printf("%d %s\n", (int)verdict, text);
  free(client);
  free(device);
}

int main(int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  uint8_t head[7];
  if (file == NULL) {
    return 2;
  }
  while (fread(head, 1, sizeof(head), file) == sizeof(head)) {
    const size_t index = (size_t)head[1] * 256u + head[2];
    const size_t len = (size_t)head[3] * 16777216u + (size_t)head[4] * 65536u + (size_t)head[5] * 256u + head[6];
    uint8_t *data = block(len); /* exactly: the sanitizer sees a byte read beyond */
    if (fread(data, 1, len, file) != len) {
      return 2;
    }
    if (head[0] == (uint8_t)'p') {
      payload(index, data, len);
    } else if (head[0] == (uint8_t)'m') {
      match((const char *)data, len);
    } else {
      build(index, data);
    }
    free(data);
  }
  (void)fclose(file);
  return 0;
}
