/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <stdio.h>
#include <string.h>

#define SECTOR (4096u)

/** A slot that was begun with another file gets this identity: that of no image. */
#define MIXED (0xEEu)

bool server_head(world_t *world, const server_file_t *file) {
  const bool rest = world->resume_from > 0u && !file->without_ranges && strcmp(world->if_range, file->etag) == 0;
  sesp_download_response_t response = {200, "application/octet-stream", (int64_t)file->size, file->etag, -1, -1};
  const unsigned starts = world->starts;
  if (!world->downloading) {
    return false;
  }
  if (rest) {
    response.http_status = 206;
    response.range_start = (int64_t)world->resume_from;
    response.range_total = (int64_t)file->size;
    response.content_length -= response.range_start;
  }
  world->partial = rest;
  sesp_on_download_response(&world->core, &response);
  return world->downloading && world->starts == starts;
}

bool server_answer(world_t *world, const server_file_t *file) {
  uint8_t header[288];
  const unsigned starts = world->starts;
  world_slot_t *other = &world->slots[1u - world->running];
  if (!server_head(world, file)) {
    return false;
  }
  world_image_header(header, "secure_esp", world->partial ? other->version : file->version);
  sesp_on_image_header(&world->core, header, sizeof(header));
  if (!world->downloading || world->starts != starts) {
    return false;
  }
  if (!world->partial) {
    memset(other, 0, sizeof(*other));
    world_identity(other->identity, file->mark);
    (void)snprintf(other->version, sizeof(other->version), "%s", file->version);
    (void)snprintf(other->project, sizeof(other->project), "secure_esp");
  } else if (other->identity[0] != file->mark) {
    world_identity(other->identity, MIXED);
  }
  other->state = SLOT_WRITTEN;
  other->verified = false;
  return true;
}

void server_send(world_t *world, const server_file_t *file, uint32_t upto) {
  const uint32_t end = upto < file->size ? upto : file->size;
  while (world->downloading && world->durable < end) {
    world->durable = end - world->durable > SECTOR ? world->durable + SECTOR : end;
    sesp_on_download_progress(&world->core, world->durable);
  }
}

void server_lose(world_t *world, sesp_update_state_reason_t reason) {
  if (world->downloading) {
    world->downloading = false;
    sesp_on_download_failed(&world->core, reason);
  }
}

void server_finish(world_t *world, const server_file_t *file) {
  world_slot_t *other = &world->slots[1u - world->running];
  server_send(world, file, file->size);
  if (!world->downloading) {
    return;
  }
  world->downloading = false;
  world->complete = true;
  sesp_on_download_complete(&world->core, file->size);
  if (!world->verifying) {
    return;
  }
  world->verifying = false;
  other->verified = other->identity[0] == file->mark;
  sesp_on_image_verified(&world->core, other->verified, SESP_UPDATE_STATE_REASON_BAD_HASH, other->identity);
}
