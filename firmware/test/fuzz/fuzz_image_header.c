/* SPDX-License-Identifier: MIT */
/* The first bytes of an image. Only a higher version of this project for this chip may go on. */
#include <stdlib.h>
#include <string.h>

#include "sesp_image_header.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static world_t world;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sesp_image_header_t header;
  sesp_version_t offered;
  sesp_version_t running;
  world_ready(&world);
  world_command(&world, "update/run", "", 1);
  world_respond(&world, 200, "", -1, "");
  sesp_on_image_header(&world.core, data, size);
  if (world.continues < 2u) {
    return 0;
  }
  if (!sesp_image_header_parse(data, size, &header) || header.chip_id != CHIP_ID ||
      strcmp(header.project, "secure_esp") != 0 ||
      !sesp_version_parse(header.version, strlen(header.version), &offered) ||
      !sesp_version_parse("1.0.0", 5, &running) || sesp_version_compare(&offered, &running) != 1) {
    abort();
  }
  return 0;
}
