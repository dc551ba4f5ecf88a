/* SPDX-License-Identifier: MIT */
/*
 * What the host calls. Texts and bytes are put into the scratch area first and consumed during the call. `slot` is what
 * sesp_wasm_create() returned.
 */
#include "wasm_device.h"

#define EXPORT(name) __attribute__((export_name(#name)))
#define SCRATCH_BYTES (16384u)
#define DEVICES_PER_GROWTH (16u)
#define PAGE_BYTES (65536u)

typedef enum { TEXT_DEVICE_ID, TEXT_BUILTIN_URL, TEXT_PROJECT, TEXT_VERSION, TEXT_CHIP, BYTES_IDENTITY } text_field_t;

typedef enum {
  NUMBER_DEFAULT_INTERVAL_S,
  NUMBER_AUTOMATIC_CHECKS,
  NUMBER_REQUIRE_MANIFEST,
  NUMBER_BROADCAST_LOG,
  NUMBER_BROADCAST_RUN_SPREAD_S,
  NUMBER_CONFIRM_DEADLINE_S,
  NUMBER_CONFIRM_OFFLINE_MAX_S,
  NUMBER_CHIP_ID,
  NUMBER_SECURE_VERSION,
  NUMBER_BOOT_PENDING,
  NUMBER_RESET_REASON,
  NUMBER_SLOT_SIZE,
  NUMBER_DOWNLOAD_RETRIES
} number_field_t;

static uint8_t scratch[SCRATCH_BYTES];
static wasm_device_t *free_devices;

EXPORT(sesp_wasm_scratch) uint8_t *sesp_wasm_scratch(void) {
  return scratch;
}

EXPORT(sesp_wasm_scratch_size) uint32_t sesp_wasm_scratch_size(void) {
  return SCRATCH_BYTES;
}

static void release(wasm_device_t *device) {
  device->next_free = free_devices;
  free_devices = device;
}

/** Takes memory for several devices at once; it is never given back, only reused. */
static void grow(void) {
  const size_t bytes = DEVICES_PER_GROWTH * sizeof(wasm_device_t);
  const size_t pages = (bytes + PAGE_BYTES - 1u) / PAGE_BYTES;
  const size_t old_pages = __builtin_wasm_memory_grow(0, pages);
  if (old_pages == SIZE_MAX) {
    return;
  }
  wasm_device_t *devices = (wasm_device_t *)(old_pages * PAGE_BYTES);
  for (size_t at = 0; at < DEVICES_PER_GROWTH; at++) {
    release(&devices[at]);
  }
}

EXPORT(sesp_wasm_create) wasm_device_t *sesp_wasm_create(int32_t host) {
  if (free_devices == NULL) {
    grow();
  }
  wasm_device_t *device = free_devices;
  if (device == NULL) {
    return NULL;
  }
  free_devices = device->next_free;
  memset(device, 0, sizeof(*device));
  device->host = host;
  device->config.device_id = device->device_id;
  device->config.builtin_url = device->builtin_url;
  device->config.project = device->project;
  device->config.version = device->version;
  device->config.chip = device->chip;
  device->config.automatic_checks = true;
  device->config.broadcast_log = true;
  device->config.default_interval_s = 86400u;
  device->config.confirm_deadline_s = 900u;
  device->config.confirm_offline_max_s = 86400u;
  device->config.download_retries = 5u;
  wasm_port_init(device);
  return device;
}

EXPORT(sesp_wasm_destroy) void sesp_wasm_destroy(wasm_device_t *device) {
  release(device);
}

/** Copies with terminator; what does not fit is cut, which the core then refuses as too long. */
static void copy_text(char *out, const uint8_t *in, size_t len) {
  const size_t kept = len < WASM_TEXT_BYTES - 1u ? len : WASM_TEXT_BYTES - 1u;
  memcpy(out, in, kept);
  out[kept] = '\0';
}

EXPORT(sesp_wasm_config_text)
int32_t sesp_wasm_config_text(wasm_device_t *device, int32_t field, const uint8_t *bytes, size_t len) {
  switch (field) {
    case TEXT_DEVICE_ID:
      copy_text(device->device_id, bytes, len);
      return 0;
    case TEXT_BUILTIN_URL:
      copy_text(device->builtin_url, bytes, len);
      return 0;
    case TEXT_PROJECT:
      copy_text(device->project, bytes, len);
      return 0;
    case TEXT_VERSION:
      copy_text(device->version, bytes, len);
      return 0;
    case TEXT_CHIP:
      copy_text(device->chip, bytes, len);
      return 0;
    case BYTES_IDENTITY:
      if (len != SESP_IDENTITY_BYTES) {
        return -1;
      }
      memcpy(device->config.identity, bytes, SESP_IDENTITY_BYTES);
      return 0;
    default:
      return -1;
  }
}

EXPORT(sesp_wasm_config_number)
int32_t sesp_wasm_config_number(wasm_device_t *device, int32_t field, double number) {
  if (!(number >= 0.0 && number <= 4294967295.0)) {
    return -1;
  }
  const uint32_t value = (uint32_t)number;
  sesp_config_t *config = &device->config;
  switch (field) {
    case NUMBER_DEFAULT_INTERVAL_S:
      config->default_interval_s = value;
      return 0;
    case NUMBER_AUTOMATIC_CHECKS:
      config->automatic_checks = value != 0u;
      return 0;
    case NUMBER_REQUIRE_MANIFEST:
      config->require_manifest = value != 0u;
      return 0;
    case NUMBER_BROADCAST_LOG:
      config->broadcast_log = value != 0u;
      return 0;
    case NUMBER_BROADCAST_RUN_SPREAD_S:
      config->broadcast_run_spread_s = value;
      return 0;
    case NUMBER_CONFIRM_DEADLINE_S:
      config->confirm_deadline_s = value;
      return 0;
    case NUMBER_CONFIRM_OFFLINE_MAX_S:
      config->confirm_offline_max_s = value;
      return 0;
    case NUMBER_CHIP_ID:
      config->chip_id = (uint16_t)value;
      return value <= UINT16_MAX ? 0 : -1;
    case NUMBER_SECURE_VERSION:
      config->secure_version = value;
      return 0;
    case NUMBER_BOOT_PENDING:
      config->boot_pending = value != 0u;
      return 0;
    case NUMBER_RESET_REASON:
      if (value >= (uint32_t)SESP_STATUS_RESET_REASON_COUNT) {
        return -1;
      }
      config->reset_reason = (sesp_status_reset_reason_t)value;
      return 0;
    case NUMBER_SLOT_SIZE:
      config->slot_size = value;
      return 0;
    case NUMBER_DOWNLOAD_RETRIES:
      config->download_retries = (uint8_t)value;
      return value <= UINT8_MAX ? 0 : -1;
    default:
      return -1;
  }
}

/** 0, or the negated sesp_result_t. */
EXPORT(sesp_wasm_init) int32_t sesp_wasm_init(wasm_device_t *device) {
  return -(int32_t)sesp_init(&device->core, &device->config, &device->port);
}

/** Writes topic, line feed and payload; returns their length, -1 if they do not fit. */
EXPORT(sesp_wasm_will) int32_t sesp_wasm_will(wasm_device_t *device, char *out, size_t cap) {
  char topic[SESP_TOPIC_MAX_BYTES + 1u];
  char payload[64];
  size_t topic_len = 0;
  size_t payload_len = 0;
  if (sesp_will(&device->core, topic, sizeof(topic), &topic_len, payload, sizeof(payload), &payload_len) != SESP_OK ||
      topic_len + 1u + payload_len > cap) {
    return -1;
  }
  memcpy(out, topic, topic_len);
  out[topic_len] = '\n';
  memcpy(out + topic_len + 1u, payload, payload_len);
  return (int32_t)(topic_len + 1u + payload_len);
}

EXPORT(sesp_wasm_on_connected) void sesp_wasm_on_connected(wasm_device_t *device) {
  sesp_on_connected(&device->core);
}

EXPORT(sesp_wasm_on_disconnected) void sesp_wasm_on_disconnected(wasm_device_t *device) {
  sesp_on_disconnected(&device->core);
}

/** 0 unreachable, 1 TLS, 2 refused by the broker. */
EXPORT(sesp_wasm_on_connect_failed) void sesp_wasm_on_connect_failed(wasm_device_t *device, int32_t failure) {
  const bool known = failure == (int32_t)SESP_CONNECT_TLS || failure == (int32_t)SESP_CONNECT_AUTH;
  sesp_on_connect_failed(&device->core, known ? (sesp_connect_failure_t)failure : SESP_CONNECT_UNREACHABLE);
}

/** Response topic and correlation data: pointer 0 when absent. */
EXPORT(sesp_wasm_on_message)
void sesp_wasm_on_message(wasm_device_t *device, const char *topic, size_t topic_len, const uint8_t *payload,
                          size_t payload_len, int32_t retained, const char *response_topic, size_t response_topic_len,
                          const uint8_t *correlation, size_t correlation_len) {
  const sesp_inbound_t in = {
      .topic = topic,
      .topic_len = topic_len,
      .payload = payload,
      .payload_len = payload_len,
      .retained = retained != 0,
      .response_topic = response_topic_len > 0u ? response_topic : NULL,
      .response_topic_len = response_topic_len,
      .correlation = correlation_len > 0u ? correlation : NULL,
      .correlation_len = correlation_len,
  };
  sesp_on_message(&device->core, &in);
}

EXPORT(sesp_wasm_on_published) void sesp_wasm_on_published(wasm_device_t *device, uint32_t token) {
  sesp_on_published(&device->core, token);
}

EXPORT(sesp_wasm_on_tick) void sesp_wasm_on_tick(wasm_device_t *device) {
  sesp_on_tick(&device->core);
}

EXPORT(sesp_wasm_next_tick_ms) double sesp_wasm_next_tick_ms(wasm_device_t *device) {
  const uint64_t next = sesp_next_tick_ms(&device->core);
  return next == SESP_NEVER_MS ? -1.0 : (double)next;
}

/** -1 for what is negative or no number; what exceeds an integer exceeds every slot. */
static int64_t length_of(double bytes) {
  if (!(bytes >= 0.0)) {
    return -1;
  }
  return bytes < 9007199254740992.0 ? (int64_t)bytes : 9007199254740992;
}

/** Length and range: negative when absent. */
EXPORT(sesp_wasm_on_download_response)
void sesp_wasm_on_download_response(wasm_device_t *device, uint32_t status, const uint8_t *type, size_t type_len,
                                    double content_length, const uint8_t *etag, size_t etag_len, double range_start,
                                    double range_total) {
  copy_text(device->content_type, type, type_len);
  copy_text(device->etag, etag, etag_len);
  const sesp_download_response_t response = {
      .http_status = status,
      .content_type = device->content_type,
      .content_length = length_of(content_length),
      .etag = device->etag,
      .range_start = length_of(range_start),
      .range_total = length_of(range_total),
  };
  sesp_on_download_response(&device->core, &response);
}

EXPORT(sesp_wasm_on_manifest) void sesp_wasm_on_manifest(wasm_device_t *device, uint8_t *jws, size_t len) {
  sesp_on_manifest(&device->core, jws, len);
}

EXPORT(sesp_wasm_on_image_header)
void sesp_wasm_on_image_header(wasm_device_t *device, const uint8_t *bytes, size_t len) {
  sesp_on_image_header(&device->core, bytes, len);
}

static uint32_t byte_count(double bytes) {
  if (!(bytes > 0.0)) {
    return 0;
  }
  return bytes < 4294967295.0 ? (uint32_t)bytes : UINT32_MAX;
}

EXPORT(sesp_wasm_on_download_progress) void sesp_wasm_on_download_progress(wasm_device_t *device, double bytes) {
  sesp_on_download_progress(&device->core, byte_count(bytes));
}

EXPORT(sesp_wasm_on_download_complete) void sesp_wasm_on_download_complete(wasm_device_t *device, double bytes) {
  sesp_on_download_complete(&device->core, byte_count(bytes));
}

static sesp_update_state_reason_t reason_of(int32_t index, sesp_update_state_reason_t otherwise) {
  const bool known = index >= 0 && index < (int32_t)SESP_UPDATE_STATE_REASON_COUNT;
  return known ? (sesp_update_state_reason_t)index : otherwise;
}

EXPORT(sesp_wasm_on_download_failed)
void sesp_wasm_on_download_failed(wasm_device_t *device, int32_t reason_index) {
  sesp_on_download_failed(&device->core, reason_of(reason_index, SESP_UPDATE_STATE_REASON_UNREACHABLE));
}

/** `reason_index` -1: the image is good and `identity` points to 32 bytes. */
EXPORT(sesp_wasm_on_image_verified)
void sesp_wasm_on_image_verified(wasm_device_t *device, int32_t reason_index, const uint8_t *identity) {
  sesp_on_image_verified(&device->core, reason_index == -1,
                         reason_of(reason_index, SESP_UPDATE_STATE_REASON_BAD_SIGNATURE), identity);
}

/** -1, 0 or 1 as sesp_version_compare(); 2 if one of the texts is no version. Lets hosts compare their own rules. */
EXPORT(sesp_wasm_version_compare)
int32_t sesp_wasm_version_compare(const char *a, size_t a_len, const char *b, size_t b_len) {
  sesp_version_t left;
  sesp_version_t right;
  if (!sesp_version_parse(a, a_len, &left) || !sesp_version_parse(b, b_len, &right)) {
    return 2;
  }
  return sesp_version_compare(&left, &right);
}
