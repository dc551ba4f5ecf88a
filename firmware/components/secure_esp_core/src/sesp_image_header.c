/* SPDX-License-Identifier: MIT */
#include "sesp_image_header.h"

#include <string.h>

#define IMAGE_MAGIC (0xE9u)
#define DESCRIPTOR_MAGIC (0xABCD5432u)
#define SEGMENTS_MAX (16u)
#define DESCRIPTOR_BYTES (256u)

/* Offsets in the file, ESP-IDF esp_app_format.h and esp_app_desc.h. */
#define OFFSET_SEGMENT_COUNT (1u)
#define OFFSET_CHIP_ID (12u)
#define OFFSET_FIRST_SEGMENT_LEN (28u)
#define OFFSET_DESCRIPTOR (32u)
#define OFFSET_SECURE_VERSION (OFFSET_DESCRIPTOR + 4u)
#define OFFSET_VERSION (OFFSET_DESCRIPTOR + 16u)
#define OFFSET_PROJECT (OFFSET_DESCRIPTOR + 48u)

/*@ requires \valid_read(bytes + (0 .. 3)); assigns \nothing; */
static uint32_t read_u32(const uint8_t *bytes) {
  return (uint32_t)bytes[0] + (uint32_t)bytes[1] * 256u + (uint32_t)bytes[2] * 65536u + (uint32_t)bytes[3] * 16777216u;
}

/*@ requires \valid_read(field + (0 .. SESP_IMAGE_TEXT_MAX_BYTES - 1)) && \valid(out + (0 .. SESP_IMAGE_TEXT_MAX_BYTES));
    requires \separated(out + (0 .. SESP_IMAGE_TEXT_MAX_BYTES), field + (0 .. SESP_IMAGE_TEXT_MAX_BYTES - 1));
    assigns out[0 .. SESP_IMAGE_TEXT_MAX_BYTES];
    ensures out[SESP_IMAGE_TEXT_MAX_BYTES] == 0; */
static void read_text(const uint8_t *field, char *out) {
  size_t len = 0;
  /*@ loop invariant len <= SESP_IMAGE_TEXT_MAX_BYTES;
      loop assigns len;
      loop variant SESP_IMAGE_TEXT_MAX_BYTES - len; */
  while (len < SESP_IMAGE_TEXT_MAX_BYTES && field[len] != 0u) {
    len++;
  }
  memset(out, 0, SESP_IMAGE_TEXT_MAX_BYTES + 1u);
  memcpy(out, field, len);
}

bool sesp_image_header_parse(const uint8_t *bytes, size_t len, sesp_image_header_t *out) {
  if (bytes == NULL || out == NULL || len < SESP_IMAGE_HEADER_BYTES || bytes[0] != IMAGE_MAGIC) {
    return false;
  }
  const uint8_t segments = bytes[OFFSET_SEGMENT_COUNT];
  const uint32_t first_segment_len = read_u32(bytes + OFFSET_FIRST_SEGMENT_LEN);
  if (segments == 0u || segments > SEGMENTS_MAX) {
    return false;
  }
  if (first_segment_len < DESCRIPTOR_BYTES || first_segment_len % 4u != 0u) {
    return false;
  }
  if (read_u32(bytes + OFFSET_DESCRIPTOR) != DESCRIPTOR_MAGIC) {
    return false;
  }
  out->segment_count = segments;
  out->first_segment_len = first_segment_len;
  out->chip_id = (uint16_t)((uint32_t)bytes[OFFSET_CHIP_ID] + (uint32_t)bytes[OFFSET_CHIP_ID + 1u] * 256u);
  out->secure_version = read_u32(bytes + OFFSET_SECURE_VERSION);
  read_text(bytes + OFFSET_VERSION, out->version);
  read_text(bytes + OFFSET_PROJECT, out->project);
  return true;
}
