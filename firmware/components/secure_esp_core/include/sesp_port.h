/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_port.h
 * @brief What a platform does for the core: one struct of function pointers.
 *
 * Rules for every function:
 * - It runs on the core's task, inside a `sesp_on_*` call. It must not call `sesp_on_*` itself: what happens later is
 *   posted and delivered on the same task once the current call has returned.
 * - It returns soon. Network and flash work that takes longer than a flash page write goes on elsewhere and is reported
 *   by an event.
 * - Pointers in its arguments are valid during the call only. Copy what is needed longer.
 * - `ctx` is handed back unchanged.
 * - No pointer may be NULL.
 */
#ifndef SESP_PORT_H
#define SESP_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Result of a call, zero is success. Not the state of the device. */
typedef enum {
  SESP_OK = 0,
  SESP_ERR_ARGUMENT = 1, /**< a required pointer is NULL */
  SESP_ERR_CONFIG = 2,   /**< a configuration value is missing or out of its range */
  SESP_ERR_NO_SPACE = 3, /**< the caller's buffer is too small */
  SESP_ERR_PORT = 4      /**< the platform could not do it */
} sesp_result_t;

/** Outcome of `kv_get`. */
typedef enum {
  SESP_KV_OK = 0,
  SESP_KV_NOT_FOUND = 1,
  SESP_KV_TOO_SMALL = 2, /**< the stored value is longer than the buffer */
  SESP_KV_FAILED = 3     /**< the store could not be read */
} sesp_kv_t;

/** Verdict on a signature. The good value is far from the others, so that one flipped bit does not make it. */
typedef enum {
  SESP_ES256_BAD = 0,
  SESP_ES256_UNKNOWN_KEY = 1,
  SESP_ES256_OK = 0x5A3C
} sesp_es256_t;

/** The application's own opinion of itself after an update. */
typedef enum {
  SESP_HEALTH_WAIT = 0, /**< not decided yet */
  SESP_HEALTH_GOOD = 1,
  SESP_HEALTH_BAD = 2
} sesp_health_t;

typedef enum {
  SESP_LOG_ERROR = 0,
  SESP_LOG_WARNING = 1,
  SESP_LOG_SUCCESS = 2
} sesp_log_level_t;

/** One message to publish. */
typedef struct {
  uint32_t token; /**< never 0; names the message in `sesp_on_published` */
  const char *topic;
  size_t topic_len;
  const uint8_t *payload; /**< NULL only with payload_len 0 */
  size_t payload_len;
  uint8_t qos; /**< 0 or 1 */
  bool retain;
  const uint8_t *correlation; /**< MQTT 5 correlation data, NULL when there is none */
  size_t correlation_len;
} sesp_publish_t;

/** One HTTPS GET. Texts are NUL-terminated printable ASCII, safe in a header as they are. */
typedef struct {
  const char *url;
  const char *if_none_match; /**< value of If-None-Match; "" = header absent */
  const char *project;       /**< X-Secure-Esp-Project */
  const char *chip;          /**< X-Secure-Esp-Chip */
  const char *version;       /**< X-Secure-Esp-Version */
  const char *image_hex;     /**< X-Secure-Esp-Image: identity of the running image, 64 hex digits */
  bool accept_manifest;      /**< true: Accept: application/jose, application/octet-stream; false: the latter only */
  uint32_t max_bytes;        /**< a file of more bytes: `sesp_on_download_failed(too_large)` */
  uint32_t resume_from;      /**< a multiple of 4096; above 0: Range: bytes=<resume_from>- ; 0 = the whole file */
  const char *if_range;      /**< value of If-Range, a strong entity tag; "" when resume_from is 0 */
} sesp_download_request_t;

/** The platform. */
typedef struct sesp_port {
  void *ctx;

  /** Milliseconds since some fixed moment, monotonic, never set back while the core lives. */
  uint64_t (*now_ms)(void *ctx);

  /** Unix time in seconds from an authenticated or bounded source; 0 = unknown. */
  uint32_t (*unix_time_s)(void *ctx);

  /** A random number fit for jitter and identifiers. */
  uint32_t (*random_u32)(void *ctx);

  /**
   * Queues a message. Never waits for the network.
   * @return SESP_OK: accepted; at QoS 1 `sesp_on_published(token)` follows once the broker acknowledged it with
   *         success, or never. SESP_ERR_PORT: not accepted, nothing was queued (no connection, queue full).
   */
  sesp_result_t (*publish)(void *ctx, const sesp_publish_t *message);

  /**
   * Subscribes at QoS 1 with retain handling 2 (MQTT 5: no retained messages).
   * @return SESP_OK: queued behind everything published and subscribed before. SESP_ERR_PORT: not queued.
   */
  sesp_result_t (*subscribe)(void *ctx, const char *filter, size_t len);

  /**
   * Reads a value. Keys are at most 15 characters (the limit of NVS).
   * @param[out] out_len bytes written, only with SESP_KV_OK
   */
  sesp_kv_t (*kv_get)(void *ctx, const char *key, uint8_t *out, size_t cap, size_t *out_len);

  /** Writes a value, durable on SESP_OK. Power loss leaves the old or the new value, whole. */
  sesp_result_t (*kv_set)(void *ctx, const char *key, const uint8_t *value, size_t len);

  /** Erases a value, durable on return. An absent key is SESP_OK. */
  sesp_result_t (*kv_erase)(void *ctx, const char *key);

  /**
   * Starts a GET with the device's certificate. Redirects are not followed. Events: `sesp_on_download_response`, or
   * `sesp_on_download_failed`. No flash is touched before `download_continue` after the image header. May follow
   * `download_abort` at once.
   * @return SESP_OK: one of those events will come. SESP_ERR_PORT: none will.
   */
  sesp_result_t (*download_start)(void *ctx, const sesp_download_request_t *request);

  /**
   * Goes on. After a response: read the body; of `application/jose` up to the end, then `sesp_on_manifest`; of anything
   * else the first 288 bytes, then `sesp_on_image_header`. After the image header: write the other slot, beginning with
   * those bytes, then `sesp_on_download_progress` and `sesp_on_download_complete`. A body shorter than 288 bytes is
   * `sesp_on_download_complete` at once.
   *
   * After a 206: read the first 288 bytes of the other slot from flash, then `sesp_on_image_header`. After the image
   * header: write the body from `resume_from` on, each sector erased before it is written, and leave the sectors before
   * it alone.
   */
  void (*download_continue)(void *ctx);

  /**
   * Ends the transfer, if there is one: the other slot stays unbootable, even after `sesp_on_download_complete`. What
   * this transfer wrote is not needed any more and may be erased; a slot that it has not begun to write stays as it is,
   * and so does what a failed transfer left. No event of this transfer or of its verification is delivered after it
   * returns. Harmless when there is nothing to end.
   */
  void (*download_abort)(void *ctx);

  /**
   * Verifies an ES256 signature (P-256, SHA-256) with a release key of this device.
   * @param[in] kid_hex  SHA-256 of the key's SPKI, 64 hex digits and NUL
   * @param[in] sig      r and s, 32 bytes each, big-endian
   * @return SESP_ES256_OK only for a good signature by a key with that id
   */
  sesp_es256_t (*verify_es256)(void *ctx, const char *kid_hex, const uint8_t *data, size_t len, const uint8_t *sig);

  /**
   * Verifies the downloaded image as the bootloader would (structure, hash, signature by a trusted key), and its file
   * hash. `sesp_on_image_verified` follows.
   * @param[in] file_sha256  expected SHA-256 of the whole served file, 32 bytes; NULL without a manifest
   * @return SESP_OK: the event will come. SESP_ERR_PORT: it will not.
   */
  sesp_result_t (*image_verify)(void *ctx, const uint8_t *file_sha256);

  /** Makes the verified image boot next. Durable on SESP_OK. On SESP_ERR_PORT the running image still boots next. */
  sesp_result_t (*boot_set)(void *ctx);

  /** Confirms the running image, cancels the rollback. Durable on SESP_OK. */
  sesp_result_t (*boot_confirm)(void *ctx);

  /** Marks the running image invalid, so that the previous one boots next. Does not restart. */
  sesp_result_t (*boot_rollback)(void *ctx);

  /** Restarts. May return; the core then ignores every event. */
  void (*restart)(void *ctx);

  /** The application's health check. Cheap: asked about once a second while an update awaits confirmation. */
  sesp_health_t (*health)(void *ctx);

  /** A line for the local console. */
  void (*log)(void *ctx, sesp_log_level_t level, const char *text);
} sesp_port_t;

#ifdef __cplusplus
}
#endif
#endif
