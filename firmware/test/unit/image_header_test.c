/* SPDX-License-Identifier: MIT */
#include "sesp_image_header.h"
#include "suites.h"
#include "world.h"

static uint8_t image[288];
static sesp_image_header_t header;

static bool parses_with(size_t offset, uint8_t value) {
  world_image_header(image, "secure_esp", "1.1.0");
  image[offset] = value;
  return sesp_image_header_parse(image, sizeof(image), &header);
}

static void reads_every_field(void) {
  world_image_header(image, "secure_esp", "1.1.0");
  image[13] = 1;
  image[36] = 4;
  image[39] = 1;
  CHECK(sesp_image_header_parse(image, sizeof(image), &header));
  CHECK(header.chip_id == 256u + CHIP_ID);
  CHECK(header.segment_count == 4);
  CHECK(header.first_segment_len == 512);
  CHECK(header.secure_version == 0x01000004u);
  CHECK_TEXT(header.version, "1.1.0");
  CHECK_TEXT(header.project, "secure_esp");
}

static void refuses_what_is_not_an_application(void) {
  CHECK(!parses_with(0, 0xE8));
  CHECK(!parses_with(1, 0));
  CHECK(!parses_with(1, 17));
  CHECK(parses_with(1, 16));
  CHECK(!parses_with(32, 0x50)); /* a bootloader's descriptor */
  CHECK(!parses_with(28, 1));    /* not a multiple of 4 */
  CHECK(!parses_with(29, 0));    /* too short for a descriptor */
  CHECK(parses_with(29, 1));     /* exactly the descriptor */
  world_image_header(image, "secure_esp", "1.1.0");
  CHECK(!sesp_image_header_parse(image, 287, &header));
  CHECK(!sesp_image_header_parse(NULL, 288, &header));
}

static void reads_texts_without_terminator(void) {
  world_image_header(image, "secure_esp", "12345678901234567890123456789012");
  CHECK(sesp_image_header_parse(image, sizeof(image), &header));
  CHECK_TEXT(header.version, "12345678901234567890123456789012");
  CHECK_TEXT(header.project, "secure_esp");
}

void image_header_suite(void) {
  TEST(reads_every_field);
  TEST(refuses_what_is_not_an_application);
  TEST(reads_texts_without_terminator);
}
