/* SPDX-License-Identifier: MIT */
/**
 * @file manifest.h
 * @brief Builds release manifests for tests. The signature is 64 bytes of nothing: the world's verdict decides.
 */
#ifndef MANIFEST_H
#define MANIFEST_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  unsigned seq;
  unsigned exp;
  const char *project;
  const char *chip;
  const char *version;
  unsigned secure_version;
  unsigned size;
  uint8_t image; /* identity mark */
  const char *from; /* JSON array or NULL */
} manifest_t;

#define MANIFEST_URL "https://ota.example:8070/images/a"

/** A manifest that a fresh world accepts. */
manifest_t manifest_good(void);
/** Writes the compact JWS; returns its length. */
size_t manifest_jws(const manifest_t *manifest, uint8_t *out, size_t capacity);
/** The same from any two JSON texts. */
size_t jws_of(const char *header, const char *payload, uint8_t *out, size_t capacity);
size_t base64url(const uint8_t *in, size_t len, uint8_t *out);

#endif
