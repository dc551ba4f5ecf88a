/* SPDX-License-Identifier: MIT */
/*
 * A store with any contents. Input: flags, then entries of key number, length, bytes. The device boots, talks, and can
 * still be told to update.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static world_t world;

static const char *const KEYS[] = {"url",     "use_url", "interval", "run",         "outcome", "pending",
                                   "installed", "attempts", "blocked", "seq", "correlation", "resume"};
#define KEY_COUNT (sizeof(KEYS) / sizeof(KEYS[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0u) {
    return 0;
  }
  world_reset(&world);
  if (data[0] % 2u == 1u) {
    world.slots[0].state = SLOT_NEW; /* boots unconfirmed */
    world.slots[1] = world.slots[0];
    world.slots[1].state = SLOT_VALID;
  }
  const sesp_status_reset_reason_t reason =
      (sesp_status_reset_reason_t)(data[0] / 2u % SESP_STATUS_RESET_REASON_COUNT);
  size_t at = 1;
  while (size - at >= 2u) {
    const size_t key = data[at] % KEY_COUNT;
    world_entry_t *slot = &world.entries[key];
    const size_t left = size - at - 2u;
    slot->used = true;
    (void)snprintf(slot->key, sizeof(slot->key), "%s", KEYS[key]);
    slot->len = data[at + 1u] < left ? data[at + 1u] : left;
    memcpy(slot->value, data + at + 2u, slot->len);
    at += 2u + slot->len;
  }
  world.durable = UINT32_MAX; /* what the store says of the slot is believed here */
  world_boot(&world, reason);
  world_connect(&world);
  world_run(&world, 3000);
  world_ack(&world);
  if (world.violations != 0u || world_last(&world, DEVICE_TOPIC "status") == NULL ||
      world_last(&world, DEVICE_TOPIC "settings") == NULL || world_last(&world, DEVICE_TOPIC "update/state") == NULL) {
    abort();
  }
  world_command(&world, "update/run", "", 1);
  if (world.starts != 1u && !world_replied(&world, "duplicate")) {
    abort();
  }
  if (world.violations != 0u || world.resume_from >= world.config.slot_size) {
    abort();
  }
  return 0;
}
