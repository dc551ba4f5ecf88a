/* SPDX-License-Identifier: MIT */
/**
 * @file world.h
 * @brief A device around one core: store, two slots, a bootloader's rules, a broker's and a server's view, a clock.
 *        Every port call can be made to fail, or to be the last before power is lost.
 */
#ifndef WORLD_H
#define WORLD_H

#include <setjmp.h>

#include "secure_esp_core.h"

#define WORLD_MESSAGES (256u)
#define WORLD_KEYS (16u)
#define WORLD_FILTERS (32u)
#define DEVICE_ID "esp-001"
#define DEVICE_TOPIC "/esp/devices/esp-001/"
#define CLIENT_ID "client_0123456789"
#define REPLY_TOPIC DEVICE_TOPIC "replies/" CLIENT_ID
#define BUILTIN_URL "https://ota.example:8070/secure_esp.bin"
#define CHIP_ID (5u)

typedef struct {
  uint32_t token;
  char topic[SESP_TOPIC_MAX_BYTES + 1u];
  char payload[SESP_PAYLOAD_MAX_BYTES + 1u];
  uint8_t qos;
  bool retain;
  bool acked;
  uint8_t correlation[64];
  size_t correlation_len;
} world_message_t;

typedef struct {
  bool used;
  char key[16];
  uint8_t value[512];
  size_t len;
} world_entry_t;

typedef enum { SLOT_EMPTY, SLOT_WRITTEN, SLOT_NEW, SLOT_PENDING, SLOT_VALID, SLOT_INVALID } world_slot_state_t;

typedef struct {
  world_slot_state_t state;
  bool verified;
  uint8_t identity[SESP_IDENTITY_BYTES];
  char version[SESP_VERSION_MAX_BYTES + 1u];
  char project[SESP_VERSION_MAX_BYTES + 1u];
} world_slot_t;

/** Calls that can fail. */
typedef enum {
  OP_PUBLISH, OP_SUBSCRIBE, OP_KV_GET, OP_KV_SET, OP_KV_ERASE, OP_DOWNLOAD_START, OP_IMAGE_VERIFY, OP_BOOT_SET,
  OP_BOOT_CONFIRM, OP_BOOT_ROLLBACK, OP_COUNT
} world_op_t;

typedef struct {
  sesp_core_t core;
  sesp_config_t config;
  sesp_port_t port;
  uint64_t now_ms;
  uint32_t unix_time_s;
  uint32_t random;
  sesp_health_t health;
  sesp_es256_t es256;
  /* store */
  world_entry_t entries[WORLD_KEYS];
  /* flash */
  world_slot_t slots[2];
  unsigned running;
  unsigned next;
  bool restarted;
  unsigned restarts;
  unsigned violations; /* an unverified image was made bootable, the running slot was written, or a record lied */
  uint32_t durable;    /* so many bytes of one file are in the other slot */
  bool complete;       /* and are the whole file */
  /* broker */
  world_message_t messages[WORLD_MESSAGES];
  size_t message_count;
  char filters[WORLD_FILTERS][SESP_TOPIC_MAX_BYTES + 1u];
  size_t filter_count;
  /* server */
  bool downloading;
  bool partial;                /* the response under way is a 206 */
  unsigned transfer_continues; /* of the transfer under way */
  char url[256];
  char if_none_match[SESP_ETAG_MAX_BYTES + 1u];
  char request_version[SESP_VERSION_MAX_BYTES + 1u];
  char request_image[SESP_IDENTITY_HEX + 1u];
  bool accept_manifest;
  uint32_t max_bytes;
  uint32_t resume_from;
  char if_range[SESP_ETAG_MAX_BYTES + 1u];
  unsigned starts;
  unsigned continues;
  unsigned aborts;
  bool verifying;
  bool has_file_sha256;
  uint8_t file_sha256[SESP_IDENTITY_BYTES];
  char kid[65];
  char last_line[512];
  sesp_log_level_t last_level;
  /* faults */
  unsigned ops;            /* calls that can fail, so far */
  unsigned fail_at;        /* this one fails; 0 = none */
  unsigned fail_op[OP_COUNT]; /* so many of this kind fail from now on */
  unsigned cut_before;     /* power is lost instead of this one; 0 = never */
  unsigned cut_after;      /* power is lost once this one is done; 0 = never */
  jmp_buf power;
} world_t;

/** A fresh device with version 1.0.0 and nothing stored; not booted. */
void world_reset(world_t *world);
/** Boots as the bootloader would and initialises the core. */
void world_boot(world_t *world, sesp_status_reset_reason_t reason);
/** world_reset(), boot, connect, acknowledge everything, forget the messages. */
void world_ready(world_t *world);
void world_connect(world_t *world);
/** Acknowledges every QoS 1 message that is not yet. */
void world_ack(world_t *world);
void world_forget(world_t *world);
/** Advances the clock, ticking whenever the core wants to, until `ms` have passed or it restarted. */
void world_run(world_t *world, uint64_t ms);

/** Sends a command to the device's own topic, with a reply topic and 16 bytes of correlation data made of `mark`. */
void world_command(world_t *world, const char *leaf, const char *payload, uint8_t mark);
/** The same as a broadcast. */
void world_broadcast(world_t *world, const char *leaf, const char *payload, uint8_t mark);
void world_send(world_t *world, const sesp_inbound_t *in, const char *topic, const char *payload);

/** The last message on a topic, NULL when there is none. */
const world_message_t *world_last(const world_t *world, const char *topic);
size_t world_count(const world_t *world, const char *topic);
/** True if the last message on the device's topic `leaf` holds `part`. */
bool world_says(const world_t *world, const char *leaf, const char *part);
/** True if any log line since the last world_forget() holds `part`. */
bool world_logged(const world_t *world, const char *part);
/** True if the last reply holds `part`. */
bool world_replied(const world_t *world, const char *part);

const world_entry_t *world_entry(const world_t *world, const char *key);

/** The first 288 bytes of an image that this device would take, but for `version`. */
void world_image_header(uint8_t *out, const char *project, const char *version);
void world_identity(uint8_t *out, uint8_t mark);

/** The header of a response without Content-Range. */
void world_respond(world_t *world, uint32_t status, const char *content_type, int64_t length, const char *etag);

/** The server's part of a run. Each step is skipped when the core does not wait for it. */
void world_serve_image(world_t *world, const char *version, uint8_t mark);
/** Delivers the verdict on the image of world_serve_image(). */
void world_verified(world_t *world, uint8_t mark);

#endif
