/* SPDX-License-Identifier: MIT */
/* What the C library of ESP-IDF has and that of this machine may not have. Included before everything else. */
#ifndef STUB_LIBC_H
#define STUB_LIBC_H

/* own: begin */
#include <stddef.h>
#include <string.h>

size_t fake_strlcpy(char *out, const char *from, size_t cap);
size_t fake_strlcat(char *out, const char *from, size_t cap);
#undef strlcpy
#undef strlcat
#define strlcpy fake_strlcpy
#define strlcat fake_strlcat
/* own: end */

#endif
