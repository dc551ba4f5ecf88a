/* SPDX-License-Identifier: MIT */
#include "world_port.h"

#include <stdio.h>
#include <string.h>

static world_t *world_of(void *ctx) {
  return (world_t *)ctx;
}

/** Counts a call that can fail. False if this one does. */
static bool begin(world_t *world, world_op_t op) {
  world->ops++;
  if (world->cut_before == world->ops) {
    longjmp(world->power, 1);
  }
  if (world->fail_at == world->ops) {
    return false;
  }
  if (world->fail_op[op] > 0u) {
    world->fail_op[op]--;
    return false;
  }
  return true;
}

static void end(world_t *world) {
  if (world->cut_after == world->ops && world->cut_after > 0u) {
    longjmp(world->power, 1);
  }
}

static uint64_t now_ms(void *ctx) {
  return world_of(ctx)->now_ms;
}

static uint32_t unix_time_s(void *ctx) {
  return world_of(ctx)->unix_time_s;
}

static uint32_t random_u32(void *ctx) {
  return world_of(ctx)->random;
}

static sesp_result_t publish(void *ctx, const sesp_publish_t *in) {
  world_t *world = world_of(ctx);
  if (!begin(world, OP_PUBLISH)) {
    return SESP_ERR_PORT;
  }
  if (world->message_count < WORLD_MESSAGES) {
    world_message_t *out = &world->messages[world->message_count++];
    memset(out, 0, sizeof(*out));
    out->token = in->token;
    memcpy(out->topic, in->topic, in->topic_len);
    memcpy(out->payload, in->payload, in->payload_len);
    out->qos = in->qos;
    out->retain = in->retain;
    out->correlation_len = in->correlation_len;
    if (in->correlation_len > 0u) {
      memcpy(out->correlation, in->correlation, in->correlation_len);
    }
  }
  end(world);
  return SESP_OK;
}

static sesp_result_t subscribe(void *ctx, const char *filter, size_t len) {
  world_t *world = world_of(ctx);
  if (!begin(world, OP_SUBSCRIBE)) {
    return SESP_ERR_PORT;
  }
  if (world->filter_count < WORLD_FILTERS) {
    memcpy(world->filters[world->filter_count], filter, len);
    world->filters[world->filter_count][len] = '\0';
    world->filter_count++;
  }
  end(world);
  return SESP_OK;
}

static world_entry_t *find(world_t *world, const char *key) {
  for (size_t at = 0; at < WORLD_KEYS; at++) {
    if (world->entries[at].used && strcmp(world->entries[at].key, key) == 0) {
      return &world->entries[at];
    }
  }
  return NULL;
}

static sesp_kv_t kv_get(void *ctx, const char *key, uint8_t *out, size_t cap, size_t *out_len) {
  world_t *world = world_of(ctx);
  if (!begin(world, OP_KV_GET)) {
    return SESP_KV_FAILED;
  }
  const world_entry_t *entry = find(world, key);
  if (entry == NULL) {
    return SESP_KV_NOT_FOUND;
  }
  if (entry->len > cap) {
    return SESP_KV_TOO_SMALL;
  }
  memcpy(out, entry->value, entry->len);
  *out_len = entry->len;
  end(world);
  return SESP_KV_OK;
}

/** A promise about the other slot that is not kept would make a mixed image. */
static void check_record(world_t *world) {
  const world_entry_t *record = find(world, "resume");
  if (record == NULL) {
    return;
  }
  const uint8_t *end = record->value + record->len;
  const uint32_t offset = record->len < 4u ? 1u
                                           : (uint32_t)end[-4] + (uint32_t)end[-3] * 256u + (uint32_t)end[-2] * 65536u +
                                                 (uint32_t)end[-1] * 16777216u;
  if (offset % 4096u != 0u || offset == 0u || offset > world->durable) {
    world->violations++;
  }
}

static sesp_result_t kv_set(void *ctx, const char *key, const uint8_t *value, size_t len) {
  world_t *world = world_of(ctx);
  if (!begin(world, OP_KV_SET) || strlen(key) > 15u) {
    return SESP_ERR_PORT;
  }
  world_entry_t *entry = find(world, key);
  for (size_t at = 0; at < WORLD_KEYS && entry == NULL; at++) {
    if (!world->entries[at].used) {
      entry = &world->entries[at];
    }
  }
  if (entry == NULL || len > sizeof(entry->value)) {
    return SESP_ERR_PORT;
  }
  entry->used = true;
  (void)snprintf(entry->key, sizeof(entry->key), "%s", key);
  memcpy(entry->value, value, len);
  entry->len = len;
  if (strcmp(key, "resume") == 0) {
    check_record(world);
  }
  end(world);
  return SESP_OK;
}

static sesp_result_t kv_erase(void *ctx, const char *key) {
  world_t *world = world_of(ctx);
  if (!begin(world, OP_KV_ERASE)) {
    return SESP_ERR_PORT;
  }
  world_entry_t *entry = find(world, key);
  if (entry != NULL) {
    entry->used = false;
  }
  end(world);
  return SESP_OK;
}

static void copy(char *out, size_t capacity, const char *text) {
  (void)snprintf(out, capacity, "%s", text);
}

static sesp_result_t download_start(void *ctx, const sesp_download_request_t *request) {
  world_t *world = world_of(ctx);
  if (!begin(world, OP_DOWNLOAD_START)) {
    return SESP_ERR_PORT;
  }
  if (world->downloading || request->resume_from > world->durable || request->resume_from % 4096u != 0u ||
      (request->resume_from > 0u) != (request->if_range[0] == '"')) {
    world->violations++;
  }
  world->starts++;
  world->downloading = true;
  world->transfer_continues = 0;
  world->complete = false;
  copy(world->url, sizeof(world->url), request->url);
  copy(world->if_none_match, sizeof(world->if_none_match), request->if_none_match);
  copy(world->request_version, sizeof(world->request_version), request->version);
  copy(world->request_image, sizeof(world->request_image), request->image_hex);
  world->accept_manifest = request->accept_manifest;
  world->max_bytes = request->max_bytes;
  world->resume_from = request->resume_from;
  copy(world->if_range, sizeof(world->if_range), request->if_range);
  end(world);
  return SESP_OK;
}

/** The second one of a transfer is about flash. */
static void download_continue(void *ctx) {
  world_t *world = world_of(ctx);
  world->continues++;
  world->transfer_continues++;
  if (world->transfer_continues == 2u) {
    world->complete = false;
    world->durable = world->partial ? world->resume_from : 0u;
    check_record(world);
  }
}

static void download_abort(void *ctx) {
  world_t *world = world_of(ctx);
  world_slot_t *other = &world->slots[1u - world->running];
  world->aborts++;
  world->downloading = false;
  if (world->complete || world->transfer_continues >= 2u) {
    if (other->state == SLOT_WRITTEN) {
      memset(other, 0, sizeof(*other));
    }
    world->transfer_continues = 0;
    world->durable = 0;
    world->complete = false;
    check_record(world);
  }
}

static sesp_es256_t verify_es256(void *ctx, const char *kid, const uint8_t *data, size_t len, const uint8_t *sig) {
  world_t *world = world_of(ctx);
  copy(world->kid, sizeof(world->kid), kid);
  return len > 0u && data != NULL && sig != NULL ? world->es256 : SESP_ES256_BAD;
}

static sesp_result_t image_verify(void *ctx, const uint8_t *file_sha256) {
  world_t *world = world_of(ctx);
  if (!begin(world, OP_IMAGE_VERIFY)) {
    return SESP_ERR_PORT;
  }
  world->verifying = true;
  world->has_file_sha256 = file_sha256 != NULL;
  if (file_sha256 != NULL) {
    memcpy(world->file_sha256, file_sha256, SESP_IDENTITY_BYTES);
  }
  end(world);
  return SESP_OK;
}

static sesp_result_t boot_set(void *ctx) {
  world_t *world = world_of(ctx);
  world_slot_t *other = &world->slots[1u - world->running];
  if (!begin(world, OP_BOOT_SET)) {
    return SESP_ERR_PORT;
  }
  if (other->state != SLOT_WRITTEN || !other->verified) {
    world->violations++;
  }
  other->state = SLOT_NEW;
  world->durable = 0;
  check_record(world);
  world->next = 1u - world->running;
  end(world);
  return SESP_OK;
}

static sesp_result_t boot_confirm(void *ctx) {
  world_t *world = world_of(ctx);
  if (!begin(world, OP_BOOT_CONFIRM)) {
    return SESP_ERR_PORT;
  }
  world->slots[world->running].state = SLOT_VALID;
  end(world);
  return SESP_OK;
}

static sesp_result_t boot_rollback(void *ctx) {
  world_t *world = world_of(ctx);
  if (!begin(world, OP_BOOT_ROLLBACK)) {
    return SESP_ERR_PORT;
  }
  if (world->slots[1u - world->running].state != SLOT_VALID) {
    return SESP_ERR_PORT;
  }
  world->slots[world->running].state = SLOT_INVALID;
  world->next = 1u - world->running;
  end(world);
  return SESP_OK;
}

static void restart(void *ctx) {
  world_of(ctx)->restarted = true;
  world_of(ctx)->restarts++;
}

static sesp_health_t health(void *ctx) {
  return world_of(ctx)->health;
}

static void log_line(void *ctx, sesp_log_level_t level, const char *text) {
  world_t *world = world_of(ctx);
  world->last_level = level;
  copy(world->last_line, sizeof(world->last_line), text);
}

void world_port(world_t *world) {
  const sesp_port_t port = {world,          now_ms,         unix_time_s,       random_u32,     publish,
                            subscribe,      kv_get,         kv_set,            kv_erase,       download_start,
                            download_continue, download_abort, verify_es256,   image_verify,   boot_set,
                            boot_confirm,   boot_rollback,  restart,           health,         log_line};
  world->port = port;
}
