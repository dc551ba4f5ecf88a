/* SPDX-License-Identifier: MIT */
/*
 * A server and a network that do what they want, over several runs and reboots. Input: operations of a number and up to
 * six bytes. No range is asked for beyond what is durable, no record says more than is true, nothing unverified boots.
 */
#include <stdlib.h>
#include <string.h>

#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OPERATION_BYTES (7u)

static world_t world;
static const char *const TAGS[] = {"\"a\"", "\"b\"", "W/\"a\"", "", "\"a", NULL};
static const char *const TYPES[] = {"", "application/octet-stream", "application/jose", NULL};
static const uint32_t STATUSES[] = {200, 206, 416, 204, 304, 403, 503, 206};

static uint32_t number(const uint8_t *in) {
  return ((uint32_t)in[0] + (uint32_t)in[1] * 256u + (uint32_t)in[2] * 65536u) % (2u * 1024u * 1024u);
}

static void respond(const uint8_t *in) {
  sesp_download_response_t response;
  const bool honest = in[1] % 4u != 0u;
  response.http_status = STATUSES[in[0] % 8u];
  response.content_type = TYPES[in[1] / 4u % 4u];
  response.etag = TAGS[in[2] % 6u];
  response.content_length = in[2] % 8u == 7u ? -1 : (int64_t)number(in + 3);
  response.range_start = honest ? (int64_t)world.resume_from : (int64_t)number(in);
  response.range_total = honest ? (int64_t)world.core.offer.resume_total : (int64_t)number(in + 3);
  if (honest && response.http_status == 206u) {
    response.content_length = -1;
    response.etag = world.if_range;
  }
  if (world.core.phase == SESP_PHASE_CHECKING || world.core.phase == SESP_PHASE_FETCHING) {
    world.partial = response.http_status == 206u;
  }
  sesp_on_download_response(&world.core, &response);
}

static void step(const uint8_t *in) {
  uint8_t header[288];
  const bool writes = world.core.phase == SESP_PHASE_DOWNLOADING;
  switch (in[0] % 9u) {
    case 0:
      world_command(&world, "update/run", "", in[1]);
      break;
    case 1:
      respond(in + 1);
      break;
    case 2:
      world_image_header(header, "secure_esp", in[1] % 8u == 0u ? "0.9" : "1.1.0");
      header[in[2]] = (uint8_t)(header[in[2]] ^ in[3]);
      sesp_on_image_header(&world.core, header, sizeof(header));
      break;
    case 3:
      if (writes && number(in + 1) > world.durable) {
        world.durable = number(in + 1);
      }
      sesp_on_download_progress(&world.core, writes ? world.durable : number(in + 1));
      break;
    case 4:
      if (world.core.phase == SESP_PHASE_CHECKING || world.core.phase == SESP_PHASE_FETCHING) {
        break; /* no port ends a body before its head */
      }
      if (writes) {
        world.slots[1].state = SLOT_WRITTEN;
        world.complete = true;
        world.durable = in[1] % 2u == 0u ? world.core.report.total : world.durable;
      }
      world.downloading = false;
      sesp_on_download_complete(&world.core, world.durable);
      break;
    case 5:
      world.downloading = false;
      sesp_on_download_failed(&world.core, (sesp_update_state_reason_t)(in[1] % SESP_UPDATE_STATE_REASON_COUNT));
      break;
    case 6:
      world_run(&world, (uint64_t)in[1] * 1000u);
      break;
    case 7:
      world.verifying = false;
      world.slots[1].verified = world.core.phase == SESP_PHASE_VERIFYING && in[1] % 2u == 0u;
      world_identity(header, 2);
      sesp_on_image_verified(&world.core, world.slots[1].verified, SESP_UPDATE_STATE_REASON_BAD_HASH, header);
      break;
    default:
      world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
      world_connect(&world);
      break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  world_reset(&world);
  world.config.download_retries = 3;
  world.config.automatic_checks = size % 2u == 1u;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  while (size >= OPERATION_BYTES && !world.restarted && world.next == 0u) {
    step(data);
    world_forget(&world);
    data += OPERATION_BYTES;
    size -= OPERATION_BYTES;
    if (world.violations != 0u) {
      abort();
    }
  }
  return 0;
}
