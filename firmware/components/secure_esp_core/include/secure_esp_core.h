/* SPDX-License-Identifier: MIT */
/**
 * @file secure_esp_core.h
 * @brief The firmware core: a reactor that speaks the secure-esp contract and updates the device safely.
 *
 * Events come in through `sesp_on_*`, actions go out through a sesp_port_t. No heap, no globals, no threads: any number
 * of cores may live in one process, each used from one task. The core reads a clock only through its port; call
 * `sesp_on_tick` when `sesp_next_tick_ms` is due (earlier is harmless).
 */
#ifndef SECURE_ESP_CORE_H
#define SECURE_ESP_CORE_H

#include "secure_esp_protocol.h"
#include "secure_esp_topics.h"
#include "sesp_port.h"
#include "sesp_version.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SESP_CORE_VERSION "0.1.0"

/** SHA-256 of an image, bytes and hex digits. */
#define SESP_IDENTITY_BYTES (32u)
#define SESP_IDENTITY_HEX (64u)
/** Longest correlation data that is remembered; a command with more is refused with `too_long`. */
#define SESP_CORRELATION_MAX_BYTES (40u)
/** How many correlation values are remembered. */
#define SESP_CORRELATION_SLOTS (8u)
/** Longest entity tag that is kept. A strong SHA-256 tag has 66 bytes; longer ones are not sent back. */
#define SESP_ETAG_MAX_BYTES (72u)
/** Longest release manifest as served, bytes of compact JWS. */
#define SESP_JWS_MAX_BYTES (2048u)
/** Largest JSON event or reply, bytes. */
#define SESP_EVENT_MAX_BYTES (512u)
/** "No moment": what sesp_next_tick_ms() answers when nothing is due. */
#define SESP_NEVER_MS (UINT64_MAX)

/** Facts about this device and the running image. Texts are NUL-terminated and must outlive the core. */
typedef struct {
  const char *device_id;   /**< `[A-Za-z0-9_-]{1,64}`: certificate CN, MQTT client id */
  const char *builtin_url; /**< https URL used while use_url is 0; "" = none */
  const char *project;     /**< running image: descriptor's project_name, at most 32 bytes */
  const char *version;     /**< running image: descriptor's version, at most 32 bytes */
  const char *chip;        /**< such as "esp32c3", `[A-Za-z0-9_-]{1,16}` */
  uint8_t identity[SESP_IDENTITY_BYTES]; /**< running image: SHA-256 over its bytes up to the checksum */
  uint16_t chip_id;                      /**< the chip's number in image headers */
  uint32_t secure_version;               /**< running image: anti-rollback counter */
  uint32_t slot_size;                    /**< bytes that an image may have */
  bool boot_pending;                     /**< the bootloader waits for a confirmation of the running image */
  sesp_status_reset_reason_t reset_reason;
  uint32_t default_interval_s;     /**< between checks while none is stored; the contract's range */
  bool automatic_checks;           /**< false: checks only by command */
  bool require_manifest;           /**< refuse images that no release manifest announces */
  bool broadcast_log;              /**< log lines also go to the broadcast log topic */
  uint32_t broadcast_run_spread_s; /**< a broadcast run starts after 0..this many seconds; at most 86400 */
  uint32_t confirm_deadline_s;     /**< after boot; 60 to 86400, usually 900 */
  uint32_t confirm_offline_max_s;  /**< longest wait while nothing is reachable; deadline to 604800, usually 86400 */
  uint8_t download_retries; /**< attempts in a row without 64 KiB of progress before a download fails; 0 to 20, usually
                                 5; 0 = it fails with its first connection */
} sesp_config_t;

/** One received message. A port joins fragments first. */
typedef struct {
  const char *topic;
  size_t topic_len;
  const uint8_t *payload; /**< may be NULL when payload_len is 0 or above SESP_PAYLOAD_MAX_BYTES */
  size_t payload_len;     /**< the whole length, even if the bytes were not kept */
  bool retained;
  const char *response_topic; /**< MQTT 5; NULL when absent */
  size_t response_topic_len;
  const uint8_t *correlation; /**< MQTT 5 correlation data; NULL when absent */
  size_t correlation_len;
} sesp_inbound_t;

/** Why there is no connection to the broker. */
typedef enum {
  SESP_CONNECT_UNREACHABLE = 0, /**< name, route or port; nothing is known about our own credentials */
  SESP_CONNECT_TLS = 1,         /**< the handshake failed */
  SESP_CONNECT_AUTH = 2         /**< the broker refused us */
} sesp_connect_failure_t;

/** The header of a response. Texts are NUL-terminated, "" or NULL when absent. */
typedef struct {
  uint32_t http_status;
  const char *content_type;
  int64_t content_length; /**< of this body; -1 when unknown */
  const char *etag;
  int64_t range_start; /**< of Content-Range: `bytes start-end/total` with end + 1 = total; -1 when absent or other */
  int64_t range_total; /**< likewise */
} sesp_download_response_t;

/** What the core is busy with. Private. */
typedef enum {
  SESP_PHASE_IDLE = 0,
  SESP_PHASE_CHECKING,        /**< asked the server, no response yet */
  SESP_PHASE_MANIFEST,        /**< a manifest is being read */
  SESP_PHASE_FETCHING,        /**< asked for the image that the manifest names */
  SESP_PHASE_HEADER,          /**< the first bytes are being read */
  SESP_PHASE_DOWNLOADING,
  SESP_PHASE_RETRYING,        /**< the connection was lost: waits before it asks for the rest */
  SESP_PHASE_VERIFYING,
  SESP_PHASE_REBOOTING,
  SESP_PHASE_PENDING_CONFIRM,
  SESP_PHASE_ROLLING_BACK,
  SESP_PHASE_HALTED           /**< restart was called: every event is ignored */
} sesp_phase_t;

/** Settings as they are in force. Private. */
typedef struct {
  char url[sizeof(((sesp_update_url_t *)0)->value)]; /**< "" = none stored */
  uint8_t use_url;
  uint32_t interval_s;
} sesp_settings_state_t;

/** Remembered correlation data, a ring. Private. */
typedef struct {
  uint8_t next;
  uint8_t len[SESP_CORRELATION_SLOTS];
  uint8_t data[SESP_CORRELATION_SLOTS][SESP_CORRELATION_MAX_BYTES];
} sesp_correlation_t;

/** What the current run found on the server. Private. */
typedef struct {
  bool has_manifest;
  bool begun;      /**< an image header was accepted in this run */
  bool resumed;    /**< a part of the file was in the slot before the transfer */
  bool from_start; /**< the next request is for the whole file, whatever is stored */
  bool redone;     /**< a resumed file was not good and was asked for again */
  uint8_t attempts; /**< connections lost in a row without progress */
  sesp_manifest_t manifest;
  char etag[SESP_ETAG_MAX_BYTES + 1u]; /**< of the image response, "" = none */
  uint64_t progress_ms;                /**< when and where progress was last published */
  uint32_t progress_bytes;
  uint32_t resume_from;                /**< of the request under way; 0 = the whole file */
  uint32_t resume_total;               /**< bytes of the file that is resumed */
  uint32_t saved_bytes;                /**< offset that was last stored, or tried to */
  uint32_t best_bytes;                 /**< where the attempts last began to count */
  uint64_t retry_ms;                   /**< when the next one is due */
} sesp_offer_t;

/** Waiting for confirmation. Private. */
typedef struct {
  bool status_acked;
  bool probing;
  bool given_up; /**< by an earlier boot, or by this image's own crash: rolls back as its first act */
  uint64_t connected_ms; /**< SESP_NEVER_MS while disconnected */
  uint64_t poll_ms;
  uint64_t probe_ms;
  sesp_connect_failure_t failure;
} sesp_confirm_t;

/** One device. Allocate it anywhere; treat every member as private. */
typedef struct {
  sesp_config_t config;
  const sesp_port_t *port;
  sesp_phase_t phase;
  bool connected;
  uint8_t dirty;        /**< events to publish, SESP_DIRTY_* */
  uint8_t subscribed;   /**< filters subscribed since the connection came up */
  bool greeted;         /**< the first log line of this boot is out */
  bool rolled_back;     /**< this boot found that an update was undone */
  uint8_t repeats;      /**< runs in a row that failed because of the network or the server */
  uint32_t boot_id;
  uint32_t run_counter;
  uint32_t next_token;
  uint32_t status_token;
  uint32_t state_token;
  uint32_t restart_token; /**< the message whose acknowledgement lets a restart happen; 0 = none */
  uint64_t boot_ms;
  uint64_t check_ms;
  uint64_t delayed_run_ms;
  uint64_t restart_ms;
  uint64_t flush_ms;
  char rolled_back_version[SESP_VERSION_MAX_BYTES + 1u]; /**< ... to this one */
  char version[SESP_VERSION_MAX_BYTES + 1u]; /**< running: the manifest's stated one, else the descriptor's */
  char installed_etag[SESP_ETAG_MAX_BYTES + 1u];
  sesp_settings_state_t settings;
  sesp_correlation_t correlation;
  sesp_update_state_t report;
  sesp_confirm_t confirm;
  sesp_offer_t offer;
  char payload[SESP_EVENT_MAX_BYTES + 1u]; /**< scratch for outgoing events */
} sesp_core_t;

/**
 * Prepares a core after boot: loads its settings, decides what became of an update that was under way.
 *
 * @param[out] core    any memory; overwritten
 * @param[in]  config  copied; its texts must outlive the core
 * @param[in]  port    must outlive the core
 * @return SESP_OK, SESP_ERR_ARGUMENT or SESP_ERR_CONFIG. A failing store is not an error: defaults are used.
 */
sesp_result_t sesp_init(sesp_core_t *core, const sesp_config_t *config, const sesp_port_t *port);

/**
 * The last will for CONNECT: retained, QoS 1.
 *
 * @param[out] topic    NUL-terminated, SESP_TOPIC_MAX_BYTES + 1 bytes suffice
 * @param[out] payload  NUL-terminated, SESP_STATUS_MAX_BYTES + 1 bytes suffice
 * @return SESP_OK, SESP_ERR_ARGUMENT or SESP_ERR_NO_SPACE
 */
sesp_result_t sesp_will(const sesp_core_t *core, char *topic, size_t topic_cap, size_t *topic_len, char *payload,
                        size_t payload_cap, size_t *payload_len);

/** @name MQTT events
 *  @{ */
/** CONNACK with success came. Subscribes and publishes status, settings and update/state. */
void sesp_on_connected(sesp_core_t *core);
/** The connection ended. Messages that were not acknowledged are forgotten. */
void sesp_on_disconnected(sesp_core_t *core);
/** An attempt to connect failed. Decides between waiting and rolling back while an update awaits confirmation. */
void sesp_on_connect_failed(sesp_core_t *core, sesp_connect_failure_t failure);
/** A message came. `in` and all it points to are read during the call only. */
void sesp_on_message(sesp_core_t *core, const sesp_inbound_t *in);
/** A QoS 1 message was acknowledged with success. */
void sesp_on_published(sesp_core_t *core, uint32_t token);
/** @} */

/** @name Time
 *  @{ */
/** Does what is due. */
void sesp_on_tick(sesp_core_t *core);
/** @return when sesp_on_tick() is wanted next, on the clock of `now_ms`; SESP_NEVER_MS for never */
uint64_t sesp_next_tick_ms(const sesp_core_t *core);
/** @} */

/** @name Download events, in this order. See `download_continue` in sesp_port.h.
 *  @{ */
/**
 * The response's header came. The core answers with `download_continue` or `download_abort` before it returns; the
 * latter may be followed by another `download_start`. `response` and its texts are read during the call only.
 */
void sesp_on_download_response(sesp_core_t *core, const sesp_download_response_t *response);
/**
 * The whole body of an `application/jose` response, at most SESP_JWS_MAX_BYTES. The transfer is over with it.
 * @param[in,out] jws  used as scratch space: undefined afterwards
 */
void sesp_on_manifest(sesp_core_t *core, uint8_t *jws, size_t len);
/** The first 288 bytes of an image. The core answers with `download_continue` or `download_abort` before it returns. */
void sesp_on_image_header(sesp_core_t *core, const uint8_t *bytes, size_t len);
/**
 * The first so many bytes of the file, a resumed part included, are durable in the other slot: a power loss does not
 * take them back. At least every 64 KiB.
 */
void sesp_on_download_progress(sesp_core_t *core, uint32_t bytes);
/** The body ended; the file has so many bytes, a resumed part included, and all are durable. */
void sesp_on_download_complete(sesp_core_t *core, uint32_t bytes);
/**
 * The transfer failed and is over; what is durable stays in the slot. Reasons: unreachable, tls, http_status, stalled,
 * truncated, too_large, flash; a number that is no reason counts as unreachable.
 */
void sesp_on_download_failed(sesp_core_t *core, sesp_update_state_reason_t reason);
/**
 * Verification ended.
 * @param[in] valid     the image is whole and carries a signature that this device trusts
 * @param[in] reason    why not; ignored when `valid`; a number that is no reason counts as bad_signature
 * @param[in] identity  32 bytes; may be NULL when not `valid`
 */
void sesp_on_image_verified(sesp_core_t *core, bool valid, sesp_update_state_reason_t reason, const uint8_t *identity);
/** @} */

/** @return the running version: the one a release manifest stated, else the descriptor's */
const char *sesp_running_version(const sesp_core_t *core);

#ifdef __cplusplus
}
#endif
#endif
