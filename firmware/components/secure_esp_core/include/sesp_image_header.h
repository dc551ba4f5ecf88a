/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_image_header.h
 * @brief The first 288 bytes of an ESP-IDF application image: header, first segment header, application descriptor.
 */
#ifndef SESP_IMAGE_HEADER_H
#define SESP_IMAGE_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Image header (24), segment header (8) and descriptor (256), bytes. */
#define SESP_IMAGE_HEADER_BYTES (288u)
/** Field width of project and version, bytes. They fill it without terminator at most. */
#define SESP_IMAGE_TEXT_MAX_BYTES (32u)

/** What the first bytes say. Texts are raw bytes up to the first NUL, not necessarily printable. */
typedef struct {
  uint16_t chip_id;
  uint8_t segment_count;
  uint32_t first_segment_len;
  uint32_t secure_version;
  char version[SESP_IMAGE_TEXT_MAX_BYTES + 1u];
  char project[SESP_IMAGE_TEXT_MAX_BYTES + 1u];
} sesp_image_header_t;

/**
 * Reads the beginning of an application image.
 *
 * @param[in]  bytes  the first bytes of the file
 * @param[in]  len    at least SESP_IMAGE_HEADER_BYTES, else the answer is false
 * @param[out] out    written only when the result is true
 * @return true for an application image: magic 0xE9, 1 to 16 segments, a first segment of at least 256 bytes (a
 *         multiple of 4), descriptor magic 0xABCD5432. Nothing here authenticates it.
 */
/*@ requires bytes == \null || len < SESP_IMAGE_HEADER_BYTES || \valid_read(bytes + (0 .. SESP_IMAGE_HEADER_BYTES - 1));
    requires \valid(out) && \separated(out, bytes + (0 .. SESP_IMAGE_HEADER_BYTES - 1));
    assigns *out;
    ensures \result ==> out->version[SESP_IMAGE_TEXT_MAX_BYTES] == 0 && out->project[SESP_IMAGE_TEXT_MAX_BYTES] == 0; */
bool sesp_image_header_parse(const uint8_t *bytes, size_t len, sesp_image_header_t *out);

#ifdef __cplusplus
}
#endif
#endif
