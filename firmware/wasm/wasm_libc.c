/* SPDX-License-Identifier: MIT */
/* The functions of the C library that the core uses, for a target without one. Built with -fno-builtin. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict out, const void *restrict in, size_t len);
void *memset(void *out, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
void *memmove(void *out, const void *in, size_t len);

void *memcpy(void *restrict out, const void *restrict in, size_t len) {
  uint8_t *to = out;
  const uint8_t *from = in;
  for (size_t at = 0; at < len; at++) {
    to[at] = from[at];
  }
  return out;
}

void *memmove(void *out, const void *in, size_t len) {
  uint8_t *to = out;
  const uint8_t *from = in;
  if ((uintptr_t)to < (uintptr_t)from) {
    for (size_t at = 0; at < len; at++) {
      to[at] = from[at];
    }
  } else {
    for (size_t at = len; at > 0u; at--) {
      to[at - 1u] = from[at - 1u];
    }
  }
  return out;
}

void *memset(void *out, int value, size_t len) {
  uint8_t *to = out;
  for (size_t at = 0; at < len; at++) {
    to[at] = (uint8_t)value;
  }
  return out;
}

int memcmp(const void *a, const void *b, size_t len) {
  const uint8_t *left = a;
  const uint8_t *right = b;
  for (size_t at = 0; at < len; at++) {
    if (left[at] != right[at]) {
      return left[at] < right[at] ? -1 : 1;
    }
  }
  return 0;
}

size_t strlen(const char *text) {
  size_t len = 0;
  while (text[len] != '\0') {
    len++;
  }
  return len;
}

int strcmp(const char *a, const char *b) {
  size_t at = 0;
  while (a[at] != '\0' && a[at] == b[at]) {
    at++;
  }
  const uint8_t left = (uint8_t)a[at];
  const uint8_t right = (uint8_t)b[at];
  return left == right ? 0 : (left < right ? -1 : 1);
}
