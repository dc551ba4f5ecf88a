/* SPDX-License-Identifier: MIT */
#include "downloads.h"

#include <string.h>

#include "check.h"
#include "manifest.h"

static uint8_t jws[3000];

void download_ask(world_t *world, uint8_t mark, bool with_manifest, uint32_t size) {
  world_command(world, "update/run", "", mark);
  if (with_manifest && world->downloading) {
    manifest_t manifest = manifest_good();
    manifest.size = size;
    world_respond(world, 200, "application/jose", -1, NULL);
    world->downloading = false;
    sesp_on_manifest(&world->core, jws, manifest_jws(&manifest, jws, sizeof(jws)));
  }
}

void download_ready(world_t *world, uint8_t retries) {
  world_reset(world);
  world->config.download_retries = retries;
  world_boot(world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(world);
  world_ack(world);
  world_forget(world);
}

void download_interrupted(world_t *world, const server_file_t *of, uint32_t bytes) {
  download_ready(world, 5);
  download_ask(world, 1, false, 0);
  CHECK(server_answer(world, of));
  server_send(world, of, bytes);
  server_lose(world, SESP_UPDATE_STATE_REASON_STALLED);
}

void download_reboot(world_t *world) {
  world_boot(world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_forget(world);
  world_connect(world);
  world_ack(world);
}

uint32_t download_record_field(const world_t *world, uint32_t from_end) {
  const world_entry_t *record = world_entry(world, "resume");
  if (record == NULL || record->len < from_end) {
    return 0;
  }
  const uint8_t *at = record->value + record->len - from_end;
  return (uint32_t)at[0] + (uint32_t)at[1] * 256u + (uint32_t)at[2] * 65536u + (uint32_t)at[3] * 16777216u;
}

bool download_asks_for(const world_t *world, uint32_t offset, const char *tag) {
  return world->downloading && world->resume_from == offset && strcmp(world->if_range, tag) == 0;
}

void download_check_updates(world_t *world, const server_file_t *to) {
  server_finish(world, to);
  CHECK(world_says(world, "update/state", "\"state\":\"rebooting\""));
  CHECK(world_says(world, "update/state", to->version));
  CHECK(world->next == 1 && world->slots[1].identity[0] == to->mark);
  CHECK(world_entry(world, "resume") == NULL && world->violations == 0);
}
