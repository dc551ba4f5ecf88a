/* SPDX-License-Identifier: MIT */
/**
 * @file images.h
 * @brief ESP application images for tests, made on the spot.
 */
#ifndef IMAGES_H
#define IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const char *version;
  const char *project;    /**< NULL: "blink" */
  uint16_t chip_id;       /**< 0: ESP32-C3 */
  uint32_t code_bytes;    /**< of the segment behind the descriptor; 0: 3000 */
  uint32_t secure_version;
  bool foreign_signature; /**< esp_image_verify() of the fakes does not trust it */
} fake_image_spec_t;

#define FAKE_IMAGE_MAX_BYTES (128u * 1024u)

/**
 * Builds an image: header, descriptor, code, checksum, SHA-256, and a trailer of 68 bytes that stands for a signature.
 * @param[out] out  FAKE_IMAGE_MAX_BYTES
 * @return bytes of the file
 */
size_t fake_image(const fake_image_spec_t *spec, uint8_t *out);
/** SHA-256 over the image up to its checksum. */
void fake_image_identity(const uint8_t *image, uint8_t *out);
/** Puts an image into a slot, as a programmer does. */
void fake_install(unsigned slot, const fake_image_spec_t *spec);
/** Structure, checksum, hash and trailer of what is at `image`; the length up to the hash in `image_len`. */
bool fake_image_valid(const uint8_t *image, size_t limit, size_t *image_len, uint8_t *digest);

#endif
