/* SPDX-License-Identifier: MIT */
#include "manifest.h"

#include <stdio.h>
#include <string.h>

#define KID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64url(const uint8_t *in, size_t len, uint8_t *out) {
  size_t written = 0;
  for (size_t at = 0; at < len; at += 3u) {
    const size_t left = len - at;
    const uint32_t group = (uint32_t)in[at] * 65536u + (left > 1u ? (uint32_t)in[at + 1u] : 0u) * 256u +
                           (left > 2u ? (uint32_t)in[at + 2u] : 0u);
    const uint32_t digits[4] = {group / 262144u, group / 4096u % 64u, group / 64u % 64u, group % 64u};
    const size_t count = left > 2u ? 4u : left + 1u;
    for (size_t digit = 0; digit < count; digit++) {
      out[written++] = (uint8_t)ALPHABET[digits[digit]];
    }
  }
  return written;
}

size_t jws_of(const char *header, const char *payload, uint8_t *out, size_t capacity) {
  uint8_t signature[64];
  size_t len = 0;
  if (capacity < (strlen(header) + strlen(payload)) * 4u / 3u + 100u) {
    return 0;
  }
  memset(signature, 7, sizeof(signature));
  len += base64url((const uint8_t *)header, strlen(header), out);
  out[len++] = '.';
  len += base64url((const uint8_t *)payload, strlen(payload), out + len);
  out[len++] = '.';
  len += base64url(signature, sizeof(signature), out + len);
  return len;
}

manifest_t manifest_good(void) {
  const manifest_t manifest = {7, 2000000000u, "secure_esp", "esp32c3", "1.1.0", 0, 4096, 2, NULL};
  return manifest;
}

size_t manifest_jws(const manifest_t *manifest, uint8_t *out, size_t capacity) {
  char image[65];
  char payload[1024];
  for (size_t at = 0; at < 32u; at++) {
    (void)snprintf(image + 2u * at, 3, "%02x", manifest->image);
  }
  (void)snprintf(payload, sizeof(payload),
                 "{\"seq\":%u,\"exp\":%u,\"project\":\"%s\",\"chip\":\"%s\",\"version\":\"%s\",\"secureVersion\":%u,"
                 "\"size\":%u,\"sha256\":\"%s\",\"image\":\"%s\",\"url\":\"%s\"%s%s}",
                 manifest->seq, manifest->exp, manifest->project, manifest->chip, manifest->version,
                 manifest->secure_version, manifest->size, KID, image, MANIFEST_URL,
                 manifest->from == NULL ? "" : ",\"from\":", manifest->from == NULL ? "" : manifest->from);
  return jws_of("{\"alg\":\"ES256\",\"kid\":\"" KID "\"}", payload, out, capacity);
}
