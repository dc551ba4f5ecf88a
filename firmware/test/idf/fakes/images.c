/* SPDX-License-Identifier: MIT */
#include "images.h"

#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "fake_internal.h"
#include "psa/crypto.h"

#define HEADER (24u)
#define SEGMENT (8u)
#define TRAILER (68u) /* signature scheme v1: version 0, then 64 bytes */

void fake_sha256(const uint8_t *bytes, size_t len, uint8_t *out) {
  size_t size = 0;
  if (psa_crypto_init() != PSA_SUCCESS ||
      psa_hash_compute(PSA_ALG_SHA_256, bytes, len, out, 32, &size) != PSA_SUCCESS || size != 32u) {
    abort();
  }
}

static void put_u32(uint8_t *at, uint32_t value) {
  for (unsigned byte = 0; byte < 4u; byte++) {
    at[byte] = (uint8_t)(value >> (8u * byte));
  }
}

static uint32_t get_u32(const uint8_t *at) {
  return (uint32_t)at[0] | ((uint32_t)at[1] << 8) | ((uint32_t)at[2] << 16) | ((uint32_t)at[3] << 24);
}

size_t fake_image(const fake_image_spec_t *spec, uint8_t *out) {
  const uint32_t code = spec->code_bytes == 0u ? 3000u : spec->code_bytes / 4u * 4u;
  const uint16_t chip = spec->chip_id == 0u ? 5u : spec->chip_id;
  (void)memset(out, 0, HEADER);
  out[0] = 0xE9;
  out[1] = 2;
  out[12] = (uint8_t)chip;
  out[13] = (uint8_t)(chip >> 8);
  out[23] = 1;
  size_t at = HEADER;
  put_u32(&out[at], 0x3C000020u);
  put_u32(&out[at + 4u], sizeof(esp_app_desc_t));
  at += SEGMENT;
  esp_app_desc_t description = {.magic_word = ESP_APP_DESC_MAGIC_WORD, .secure_version = spec->secure_version};
  (void)memcpy(description.version, spec->version, strnlen(spec->version, sizeof(description.version)));
  const char *project = spec->project == NULL ? "blink" : spec->project;
  (void)memcpy(description.project_name, project, strnlen(project, sizeof(description.project_name)));
  (void)memcpy(&out[at], &description, sizeof(description));
  at += sizeof(description);
  put_u32(&out[at], 0x42000020u);
  put_u32(&out[at + 4u], code);
  at += SEGMENT;
  for (uint32_t byte = 0; byte < code; byte++) {
    out[at + byte] = (uint8_t)((byte * 31u) ^ (byte >> 8) ^ (uint8_t)spec->version[0]);
  }
  uint8_t checksum = 0xEF;
  for (size_t byte = HEADER + SEGMENT; byte < HEADER + SEGMENT + sizeof(description); byte++) {
    checksum ^= out[byte];
  }
  for (size_t byte = at; byte < at + code; byte++) {
    checksum ^= out[byte];
  }
  at += code;
  const size_t end = (at + 16u) / 16u * 16u;
  (void)memset(&out[at], 0, end - at);
  out[end - 1u] = checksum;
  fake_sha256(out, end, &out[end]);
  (void)memset(&out[end + 32u], 0, 4);
  (void)memset(&out[end + 36u], spec->foreign_signature ? 0x66 : 0x55, TRAILER - 4u);
  return end + 32u + TRAILER;
}

static size_t end_of(const uint8_t *image, size_t limit) {
  size_t at = HEADER;
  for (unsigned segment = 0; segment < image[1]; segment++) {
    if (at + SEGMENT > limit || get_u32(&image[at + 4u]) > limit - at - SEGMENT) {
      return 0;
    }
    at += SEGMENT + get_u32(&image[at + 4u]);
  }
  const size_t end = (at + 16u) / 16u * 16u;
  return end + 32u + TRAILER <= limit ? end : 0u;
}

void fake_image_identity(const uint8_t *image, uint8_t *out) {
  fake_sha256(image, end_of(image, FAKE_IMAGE_MAX_BYTES), out);
}

bool fake_image_valid(const uint8_t *image, size_t limit, size_t *image_len, uint8_t *digest) {
  uint8_t hash[32];
  const size_t end = image[0] == 0xE9u && image[1] >= 1u && image[1] <= 16u ? end_of(image, limit) : 0u;
  if (end == 0u) {
    return false;
  }
  fake_sha256(image, end, hash);
  if (digest != NULL) {
    (void)memcpy(digest, hash, sizeof(hash));
  }
  if (image_len != NULL) {
    *image_len = end + 32u;
  }
  return memcmp(hash, &image[end], sizeof(hash)) == 0 && image[end + 36u] == 0x55u;
}

void fake_install(unsigned slot, const fake_image_spec_t *spec) {
  static uint8_t image[FAKE_IMAGE_MAX_BYTES];
  const size_t len = fake_image(spec, image);
  (void)memset(fake_chip->flash[slot], 0xFF, FAKE_SLOT_BYTES);
  (void)memcpy(fake_chip->flash[slot], image, len);
}
