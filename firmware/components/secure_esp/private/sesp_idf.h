/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_idf.h
 * @brief What the files of the ESP-IDF port share: events, jobs, and one group of functions per file.
 *
 * Three tasks: the core task (all sesp_on_* and all port calls), the worker (downloads and verification, one job at a
 * time) and esp-mqtt's own. The last two only post events. One device per chip, so each file keeps its own state.
 */
#ifndef SESP_IDF_H
#define SESP_IDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "esp_partition.h"
#include "secure_esp.h"
#include "secure_esp_core.h"
#include "sesp_image_header.h"

#define SESP_IDF_TAG "secure_esp"
#define SESP_IDF_SECTOR_BYTES (4096u)
#define SESP_IDF_LOG_TEXT_BYTES (160u)
#define SESP_IDF_OUTBOX_BYTES (16384u)

/** @name core_task.c: the queue and the task that owns the core
 *  @{ */
typedef enum {
  SESP_IDF_EVENT_WAKE = 0,
  SESP_IDF_EVENT_MESSAGE,   /**< data: sesp_idf_message_t, freed by the core task */
  SESP_IDF_EVENT_PUBLISHED, /**< number: MQTT packet id */
  SESP_IDF_EVENT_LOG,       /**< data: text, freed by the core task; number: level */
  SESP_IDF_EVENT_RESPONSE,  /**< data: sesp_download_response_t of the worker */
  SESP_IDF_EVENT_MANIFEST,  /**< data: bytes of the worker; number: length */
  SESP_IDF_EVENT_HEADER,    /**< data: 288 bytes of the worker */
  SESP_IDF_EVENT_PROGRESS,  /**< number: bytes of the file */
  SESP_IDF_EVENT_COMPLETE,  /**< number: bytes of the file */
  SESP_IDF_EVENT_FAILED,    /**< number: reason */
  SESP_IDF_EVENT_VERIFIED,  /**< data: sesp_idf_verdict_t of the worker */
  SESP_IDF_EVENT_JOB_ENDED  /**< the worker is free and its TLS session is closed */
} sesp_idf_event_kind_t;

typedef struct {
  sesp_idf_event_kind_t kind;
  uint32_t job; /**< the job it belongs to; 0 = none */
  uint32_t number;
  void *data;
} sesp_idf_event_t;

/** One joined message and its bytes, in one piece of heap. */
typedef struct {
  sesp_inbound_t inbound;
  size_t received; /**< payload bytes seen so far */
  uint8_t bytes[];
} sesp_idf_message_t;

typedef struct {
  bool valid;
  sesp_update_state_reason_t reason;
  uint8_t identity[SESP_IDENTITY_BYTES];
} sesp_idf_verdict_t;

/** Creates the queue. Before anything posts. */
esp_err_t sesp_idf_core_prepare(void);
/** Initialises the core on the caller's task. Before sesp_idf_core_run(). */
esp_err_t sesp_idf_core_init(const sesp_config_t *config, const sesp_port_t *port);
/** Starts the task. */
esp_err_t sesp_idf_core_run(void);
/** Never waits. `spare` places of the queue stay free for others. @return false: not posted, `data` stays the caller's */
bool sesp_idf_post(const sesp_idf_event_t *event, unsigned spare);
/** @return true once sesp_idf_core_prepare() succeeded */
bool sesp_idf_core_ready(void);
/** A line on the console and on the device's log topic, worded as the core's. On the core task. */
void sesp_idf_log_line(sesp_log_level_t level, const char *text);
/** For the last will. */
const sesp_core_t *sesp_idf_core(void);
/** @} */

/** @name port.c: the table that the core calls
 *  @{ */
const sesp_port_t *sesp_idf_port(const secure_esp_config_t *config);
uint64_t sesp_idf_now_ms(void);
/** @} */

/** @name facts.c: what the core must know about this device and its image
 *  @{ */
esp_err_t sesp_idf_facts(sesp_config_t *out);
/** @} */

/** @name provisioning.c: who this device is
 *  @{ */
#define SESP_IDF_PEM_MAX_BYTES (8192u)
#define SESP_IDF_SPKI_MAX_BYTES (128u)
#define SESP_IDF_RELEASE_KEYS (2u)

/** Texts are NUL-terminated and live for ever. Optional ones are "". */
typedef struct {
  char device_id[SESP_DEVICE_ID_MAX_BYTES + 1u];
  char broker_url[SESP_UPDATE_URL_VALUE_MAX_BYTES + 1u];
  char ota_url[SESP_UPDATE_URL_VALUE_MAX_BYTES + 1u];
  bool enrols; /**< certificate and key come from an EST server, if they are not there yet */
  const char *server_ca;   /**< PEM */
  struct {
    uint8_t spki[SESP_IDF_SPKI_MAX_BYTES]; /**< SubjectPublicKeyInfo, DER */
    size_t len;                            /**< 0 = none */
  } release_keys[SESP_IDF_RELEASE_KEYS];
} sesp_idf_identity_t;

#define SESP_IDF_PROVISIONING "secure_esp_prov"
esp_err_t sesp_idf_provisioning_load(void);
const sesp_idf_identity_t *sesp_idf_identity(void);
/** @} */

/** @name credentials.c: certificate and key, which enrolment may replace
 *  @{ */
/** PEM, NUL-terminated; they live for ever, since esp-mqtt and esp_http_client keep pointers to them. */
typedef struct {
  const char *certificate;
  const char *private_key;
} sesp_idf_credentials_t;
/** Reads them from the provisioning partition. @return ESP_ERR_NOT_FOUND when one is missing */
esp_err_t sesp_idf_credentials_load(void);
/** From any task. @return NULL until there are some; another pointer after a renewal */
const sesp_idf_credentials_t *sesp_idf_credentials(void);
/** A mandatory text of the provisioning partition, on the heap. */
esp_err_t sesp_idf_provisioning_text(const char *key, const char **out);
/** @} */

/** @name enrolment.c: first certificate and renewals, on the worker
 *  @{ */
/** Returns once there are credentials. */
void sesp_idf_enrol_first(void);
/** @return milliseconds until the next look at the certificate's age; 0 = never */
uint32_t sesp_idf_enrol_wait_ms(void);
void sesp_idf_enrol_renew(void);
/** @} */

/** @name nvs_plain.c or nvs_encrypted.c: opens another NVS partition the way the build wants it
 *  @{ */
esp_err_t sesp_idf_nvs_init_partition(const char *label);
/** @} */

/** @name store.c: keys and values of the core
 *  @{ */
esp_err_t sesp_idf_store_open(void);
sesp_kv_t sesp_idf_store_get(const char *key, uint8_t *out, size_t cap, size_t *out_len);
sesp_result_t sesp_idf_store_set(const char *key, const uint8_t *value, size_t len);
sesp_result_t sesp_idf_store_erase(const char *key);
/** @} */

/** @name time.c: a clock with a lower bound
 *  @{ */
/** Sets the clock to the stored lower bound when it is behind it. After sesp_idf_store_open(). */
void sesp_idf_time_init(void);
/** Starts SNTP once, when a server is configured. Harmless to repeat. */
void sesp_idf_time_network_up(void);
/** Stores the time as the new lower bound, at most once an hour. On the core task. */
void sesp_idf_time_keep(void);
/** @return Unix time, 0 = unknown */
uint32_t sesp_idf_time_unix_s(void);
/** @return true once SNTP has answered since boot */
bool sesp_idf_time_synced(void);
/** @} */

/** @name network.c: waits for an IP address
 *  @{ */
esp_err_t sesp_idf_network_init(void);
/** Looks at addresses and the clock. On the core task. */
void sesp_idf_network_step(void);
/** @return true when there was an address, and the time is known or was waited for. From any task. */
bool sesp_idf_network_ready(void);
/** @} */

/** @name mqtt.c: the life of the client; all on the core task
 *  @{ */
esp_err_t sesp_idf_mqtt_init(void);
/** Starts, ends or restarts the client, and tells the core of links that came or went. */
void sesp_idf_mqtt_step(sesp_core_t *core);
/** Closes the connection for the length of a download: its memory is needed. Waits at most 2 s for replies to go. */
void sesp_idf_mqtt_pause(void);
void sesp_idf_mqtt_resume(void);
/** @} */

/** @name mqtt_link.c: what esp-mqtt's task reports and any task may read
 *  @{ */
/** Counts links: odd = connected. Lossless, unlike a queue. */
unsigned sesp_idf_link_generation(void);
bool sesp_idf_link_up(void);
/** @return true once the connection or the attempt has ended */
bool sesp_idf_link_ended(sesp_connect_failure_t *failure);
/** Forgets the past, before the client starts or after it was stopped. */
void sesp_idf_link_reset(void);
/** esp-mqtt's event handler. */
void sesp_idf_link_event(void *arg, const char *base, int32_t id, void *data);
/** @} */

/** @name application.c: the topics of the application's contract
 *  @{ */
/** Checks the contract and keeps the hooks. Before the first task. @return ESP_OK, ESP_ERR_INVALID_ARG, ESP_ERR_NO_MEM */
esp_err_t sesp_idf_application_init(const secure_esp_config_t *config);
const secure_esp_config_t *sesp_idf_application(void);
/** A topic of the contract that is none of the component's own. @return false: there is no such topic in this scope */
bool sesp_idf_application_topic(unsigned topic, bool all, char *out, size_t out_cap, size_t *out_len);
/** @return the number of a command that the application listens to, 0 for any other topic. From any task. */
unsigned sesp_idf_application_command(const char *topic, size_t len, bool *all);
/** Asks the broker for the commands. On the core task. @return false: not all of them could be asked for */
bool sesp_idf_application_subscribe(void);
/** Tells the application of a connection. On the core task. */
void sesp_idf_application_online(void);
/** @} */

/** @name application_command.c: what arrives for the application
 *  @{ */
/** Has a command of the application obeyed, or refuses it. On the core task. @return false: it is none */
bool sesp_idf_application_message(const sesp_inbound_t *in);
/** @} */

/** @name application_publish.c: what the application says
 *  @{ */
/** Creates the queue. */
esp_err_t sesp_idf_application_publish_init(void);
/** Hands waiting messages to MQTT while its outbox has room for them. On the core task. */
void sesp_idf_application_flush(void);
/** @} */

/** @name mqtt_inbound.c: joins the pieces of a message; on esp-mqtt's task
 *  @{ */
struct esp_mqtt_event_t;
void sesp_idf_inbound_piece(const struct esp_mqtt_event_t *event);
void sesp_idf_inbound_drop(void);
/** @} */

/** @name mqtt_outbound.c: publishes and subscribes; on the core task
 *  @{ */
struct esp_mqtt_client;
void sesp_idf_outbound_use(struct esp_mqtt_client *client);
sesp_result_t sesp_idf_publish(const sesp_publish_t *message);
sesp_result_t sesp_idf_subscribe(const char *filter, size_t len);
/** @return true if a message of the application may wait in the outbox and leave half of it to the core's */
bool sesp_idf_outbound_room(size_t len);
/** @return the token of a message by its packet id, once; 0 = unknown */
uint32_t sesp_idf_outbound_token(int packet_id);
void sesp_idf_outbound_forget(void);
/** @} */

/** @name mqtt_ack_v1.c or mqtt_ack.c: whether an acknowledgement means success
 *  @{ */
bool sesp_idf_ack_good(const struct esp_mqtt_event_t *event);
/** @} */

/** @name tls_failure.c: is it us or is it the network?
 *  @{ */
/** @return SESP_CONNECT_TLS or SESP_CONNECT_UNREACHABLE */
sesp_connect_failure_t sesp_idf_tls_failure(esp_err_t esp_tls_error, int mbedtls_error, int certificate_flags);
/** @} */

/** @name worker.c: one job at a time, away from the core task
 *  @{ */
typedef enum { SESP_IDF_JOB_DOWNLOAD = 0, SESP_IDF_JOB_VERIFY } sesp_idf_job_kind_t;

/** A download request with its own copies of the texts. */
typedef struct {
  char url[SESP_UPDATE_URL_VALUE_MAX_BYTES + 1u];
  char if_none_match[SESP_ETAG_MAX_BYTES + 1u];
  char if_range[SESP_ETAG_MAX_BYTES + 1u];
  char project[SESP_IMAGE_TEXT_MAX_BYTES + 1u];
  char chip[17];
  char version[SESP_VERSION_MAX_BYTES + 1u];
  char image_hex[SESP_IDENTITY_HEX + 1u];
  bool accept_manifest;
  uint32_t max_bytes;
  uint32_t resume_from;
} sesp_idf_request_t;

typedef struct {
  sesp_idf_job_kind_t kind;
  uint32_t id;
  sesp_idf_request_t request; /**< of a download */
  bool has_sha256;            /**< of a verification */
  uint8_t sha256[SESP_IDENTITY_BYTES];
  uint32_t file_bytes;        /**< of a verification: length of the downloaded file */
} sesp_idf_job_t;

esp_err_t sesp_idf_worker_init(void);
/** @name On the core task. @{ */
sesp_result_t sesp_idf_download_start(const sesp_download_request_t *request);
void sesp_idf_download_continue(void);
void sesp_idf_download_abort(void);
sesp_result_t sesp_idf_image_verify(const uint8_t *file_sha256);
/** @return true if the event belongs to the job that the core waits for */
bool sesp_idf_job_is_current(uint32_t id);
/** @return true if no other job was started since */
bool sesp_idf_job_is_latest(uint32_t id);
void sesp_idf_job_downloaded(uint32_t bytes);
/** @} */
/** @name On the worker. @{ */
bool sesp_idf_job_cancelled(uint32_t id);
/** Posts, waiting for a place in the queue while the job is wanted. @return false: cancelled */
bool sesp_idf_job_post(const sesp_idf_event_t *event);
/** Waits for the core's n-th download_continue. @return false: cancelled */
bool sesp_idf_job_await(uint32_t id, uint32_t step);
/** @} */
/** @} */

/** @name download.c, download_request.c, download_body.c: one GET
 *  @{ */
struct esp_http_client;
/** What the worker knows of a transfer under way. */
typedef struct {
  const sesp_idf_job_t *job;
  struct esp_http_client *http;
  uint64_t deadline_ms;
  sesp_download_response_t response;
  char content_type[64];
  char etag[96];
  char content_range[64];
  int64_t announced; /**< Content-Length of the header; -1 = none */
} sesp_idf_transfer_t;

void sesp_idf_download_run(const sesp_idf_job_t *job);
/** @return NULL when memory is short */
struct esp_http_client *sesp_idf_request_open(sesp_idf_transfer_t *transfer);
/** Reads up to `want` body bytes, fewer only at the end. @return false: failed, `reason` says why */
bool sesp_idf_body_read(sesp_idf_transfer_t *transfer, uint8_t *out, size_t want, size_t *got,
                        sesp_update_state_reason_t *reason);
/** Strict: `bytes start-end/total` with end + 1 = total; -1 for anything else. */
void sesp_idf_content_range(const char *value, int64_t *start, int64_t *total);
/** @} */

/** @name slot.c: the flash of the other image
 *  @{ */
esp_err_t sesp_idf_slot_init(void);
const esp_partition_t *sesp_idf_slot(void);
/** Before the first write of a transfer. */
void sesp_idf_slot_begin(uint32_t offset);
/**
 * Erases one sector and writes it.
 * @param[in]     offset  multiple of 4096
 * @param[in,out] sector  4096 bytes; those from `len` on are overwritten with padding
 */
esp_err_t sesp_idf_slot_write(uint32_t offset, uint8_t *sector, size_t len);
/** Makes what is in the slot unbootable. */
void sesp_idf_slot_spoil(void);
/** @} */

/** @name image.c: hashes of an image in flash
 *  @{ */
typedef struct {
  uint32_t end;       /**< bytes up to and including the checksum: what the identity covers */
  bool hash_appended; /**< SHA-256 of them follows */
} sesp_idf_image_t;

/** Walks the segments. @return false: not an image, or it ends behind `limit` */
bool sesp_idf_image_measure(const esp_partition_t *partition, uint32_t limit, sesp_idf_image_t *out);
/** SHA-256 over the first `len` bytes of a partition, decrypted. */
esp_err_t sesp_idf_image_sha256(const esp_partition_t *partition, uint32_t len, uint8_t *out);
/** @} */

/** @name verify.c, and signature_none.c, signature_v1.c or signature_v2.c
 *  @{ */
void sesp_idf_verify_run(const sesp_idf_job_t *job);
/** Why an image with a good structure and hash was refused. @param[in] image_len with the appended hash */
sesp_update_state_reason_t sesp_idf_signature_reason(const esp_partition_t *partition, uint32_t image_len);
/** @} */

/** @name release_keys.c
 *  @{ */
esp_err_t sesp_idf_release_keys_init(void);
sesp_es256_t sesp_idf_verify_es256(const char *kid_hex, const uint8_t *data, size_t len, const uint8_t *sig);
/** @} */

/** @name boot.c
 *  @{ */
bool sesp_idf_boot_pending(void);
sesp_status_reset_reason_t sesp_idf_reset_reason(void);
sesp_result_t sesp_idf_boot_set(void);
sesp_result_t sesp_idf_boot_confirm(void);
sesp_result_t sesp_idf_boot_rollback(void);
/** @} */

/** @name watchdog.c: no task may be stuck for ever
 *  @{ */
typedef enum { SESP_IDF_WATCH_CORE = 0, SESP_IDF_WATCH_WORKER, SESP_IDF_WATCH_COUNT } sesp_idf_watch_t;
esp_err_t sesp_idf_watchdog_init(void);
/** The task promises to come back within `ms`; 0 = it may wait for ever now. */
void sesp_idf_watchdog_allow(sesp_idf_watch_t who, uint32_t ms);
/** @} */

#endif
