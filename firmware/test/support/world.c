/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <stdio.h>
#include <string.h>

#include "world_port.h"

void world_identity(uint8_t *out, uint8_t mark) {
  memset(out, mark, SESP_IDENTITY_BYTES);
}

void world_reset(world_t *world) {
  memset(world, 0, sizeof(*world));
  world->now_ms = 1000;
  world->health = SESP_HEALTH_GOOD;
  world->es256 = SESP_ES256_OK;
  world->slots[0].state = SLOT_VALID;
  world_identity(world->slots[0].identity, 1);
  (void)snprintf(world->slots[0].version, sizeof(world->slots[0].version), "1.0.0");
  (void)snprintf(world->slots[0].project, sizeof(world->slots[0].project), "secure_esp");
  world->config.device_id = DEVICE_ID;
  world->config.builtin_url = BUILTIN_URL;
  world->config.chip = "esp32c3";
  world->config.chip_id = CHIP_ID;
  world->config.slot_size = 1024u * 1024u;
  world->config.default_interval_s = 3600;
  world->config.automatic_checks = false;
  world->config.broadcast_log = true;
  world->config.confirm_deadline_s = 900;
  world->config.confirm_offline_max_s = 86400;
  world_port(world);
}

/** The bootloader: a new image gets one chance, an unconfirmed one is given up for the valid other one. */
static void choose_slot(world_t *world) {
  world_slot_t *slot = &world->slots[world->next];
  if (slot->state == SLOT_NEW) {
    slot->state = SLOT_PENDING;
  } else if (slot->state == SLOT_PENDING) {
    slot->state = SLOT_INVALID;
    world->next = 1u - world->next;
  }
  world->running = world->next;
}

void world_boot(world_t *world, sesp_status_reset_reason_t reason) {
  choose_slot(world);
  const world_slot_t *slot = &world->slots[world->running];
  if (slot->state != SLOT_VALID && slot->state != SLOT_PENDING) {
    world->violations++;
  }
  world->now_ms += 500;
  world->restarted = false;
  world->downloading = false;
  world->transfer_continues = 0;
  world->verifying = false;
  world->config.project = slot->project;
  world->config.version = slot->version;
  world->config.boot_pending = slot->state == SLOT_PENDING;
  world->config.reset_reason = reason;
  memcpy(world->config.identity, slot->identity, SESP_IDENTITY_BYTES);
  memset(&world->core, 0xA5, sizeof(world->core));
  if (sesp_init(&world->core, &world->config, &world->port) != SESP_OK) {
    world->violations++;
  }
}

void world_connect(world_t *world) {
  sesp_on_connected(&world->core);
}

void world_ack(world_t *world) {
  for (size_t at = 0; at < world->message_count && !world->restarted; at++) {
    if (world->messages[at].qos == 1u && !world->messages[at].acked) {
      world->messages[at].acked = true;
      sesp_on_published(&world->core, world->messages[at].token);
    }
  }
}

void world_forget(world_t *world) {
  world->message_count = 0;
  world->filter_count = 0;
}

void world_ready(world_t *world) {
  world_reset(world);
  world_boot(world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(world);
  world_ack(world);
  world_forget(world);
}

void world_run(world_t *world, uint64_t ms) {
  const uint64_t end = world->now_ms + ms;
  while (!world->restarted) {
    const uint64_t next = sesp_next_tick_ms(&world->core);
    if (next > end) {
      break;
    }
    if (next > world->now_ms) {
      world->now_ms = next;
    }
    sesp_on_tick(&world->core);
  }
  if (!world->restarted) {
    world->now_ms = end;
    sesp_on_tick(&world->core);
  }
}

void world_send(world_t *world, const sesp_inbound_t *in, const char *topic, const char *payload) {
  sesp_inbound_t message = *in;
  message.topic = topic;
  message.topic_len = strlen(topic);
  message.payload = (const uint8_t *)payload;
  message.payload_len = strlen(payload);
  sesp_on_message(&world->core, &message);
}

static void command(world_t *world, const char *prefix, const char *leaf, const char *payload, uint8_t mark) {
  char topic[SESP_TOPIC_MAX_BYTES + 1u];
  uint8_t correlation[16];
  sesp_inbound_t in;
  memset(&in, 0, sizeof(in));
  memset(correlation, mark, sizeof(correlation));
  (void)snprintf(topic, sizeof(topic), "%s%s", prefix, leaf);
  in.response_topic = REPLY_TOPIC;
  in.response_topic_len = strlen(REPLY_TOPIC);
  in.correlation = correlation;
  in.correlation_len = sizeof(correlation);
  world_send(world, &in, topic, payload);
}

void world_command(world_t *world, const char *leaf, const char *payload, uint8_t mark) {
  command(world, DEVICE_TOPIC, leaf, payload, mark);
}

void world_broadcast(world_t *world, const char *leaf, const char *payload, uint8_t mark) {
  command(world, "/esp/", leaf, payload, mark);
}

const world_message_t *world_last(const world_t *world, const char *topic) {
  for (size_t at = world->message_count; at > 0u; at--) {
    if (strcmp(world->messages[at - 1u].topic, topic) == 0) {
      return &world->messages[at - 1u];
    }
  }
  return NULL;
}

size_t world_count(const world_t *world, const char *topic) {
  size_t count = 0;
  for (size_t at = 0; at < world->message_count; at++) {
    count += strcmp(world->messages[at].topic, topic) == 0 ? 1u : 0u;
  }
  return count;
}

bool world_says(const world_t *world, const char *leaf, const char *part) {
  char topic[SESP_TOPIC_MAX_BYTES + 1u];
  (void)snprintf(topic, sizeof(topic), "%s%s", DEVICE_TOPIC, leaf);
  const world_message_t *message = world_last(world, topic);
  return message != NULL && strstr(message->payload, part) != NULL;
}

bool world_logged(const world_t *world, const char *part) {
  for (size_t at = 0; at < world->message_count; at++) {
    if (strcmp(world->messages[at].topic, DEVICE_TOPIC "log") == 0 &&
        strstr(world->messages[at].payload, part) != NULL) {
      return true;
    }
  }
  return false;
}

bool world_replied(const world_t *world, const char *part) {
  const world_message_t *message = world_last(world, REPLY_TOPIC);
  return message != NULL && strstr(message->payload, part) != NULL;
}

const world_entry_t *world_entry(const world_t *world, const char *key) {
  for (size_t at = 0; at < WORLD_KEYS; at++) {
    if (world->entries[at].used && strcmp(world->entries[at].key, key) == 0) {
      return &world->entries[at];
    }
  }
  return NULL;
}

void world_image_header(uint8_t *out, const char *project, const char *version) {
  memset(out, 0, 288);
  out[0] = 0xE9;
  out[1] = 4;
  out[12] = CHIP_ID;
  out[29] = 2; /* first segment: 512 bytes */
  out[32] = 0x32;
  out[33] = 0x54;
  out[34] = 0xCD;
  out[35] = 0xAB;
  memcpy(out + 48, version, strlen(version));
  memcpy(out + 80, project, strlen(project));
}

void world_respond(world_t *world, uint32_t status, const char *content_type, int64_t length, const char *etag) {
  const sesp_download_response_t response = {status, content_type, length, etag, -1, -1};
  world->partial = false;
  sesp_on_download_response(&world->core, &response);
}

void world_serve_image(world_t *world, const char *version, uint8_t mark) {
  uint8_t header[288];
  world_slot_t *other = &world->slots[1u - world->running];
  world_respond(world, 200, "application/octet-stream", 4096, "\"tag\"");
  world_image_header(header, "secure_esp", version);
  sesp_on_image_header(&world->core, header, sizeof(header));
  if (!world->downloading) {
    return;
  }
  memset(other, 0, sizeof(*other));
  other->state = SLOT_WRITTEN;
  world_identity(other->identity, mark);
  (void)snprintf(other->version, sizeof(other->version), "%s", version);
  (void)snprintf(other->project, sizeof(other->project), "secure_esp");
  world->durable = 2048;
  sesp_on_download_progress(&world->core, 2048);
  world->durable = 4096;
  world->complete = true;
  world->downloading = false;
  sesp_on_download_complete(&world->core, 4096);
}

void world_verified(world_t *world, uint8_t mark) {
  uint8_t identity[SESP_IDENTITY_BYTES];
  if (!world->verifying) {
    return;
  }
  world->verifying = false;
  world->slots[1u - world->running].verified = true;
  world_identity(identity, mark);
  sesp_on_image_verified(&world->core, true, SESP_UPDATE_STATE_REASON_NONE_NEWER, identity);
}
