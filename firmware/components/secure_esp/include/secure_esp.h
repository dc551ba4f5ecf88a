/* SPDX-License-Identifier: MIT */
/**
 * @file secure_esp.h
 * @brief A secure-esp device on ESP-IDF: remote commands over MQTT 5 with mTLS, and updates that roll back by themselves.
 *
 *     const secure_esp_config_t config = SECURE_ESP_CONFIG_DEFAULT();
 *     ESP_ERROR_CHECK(secure_esp_start(&config));
 *
 * Identity and keys come from the NVS partition `secure_esp_prov` (written by `secure-esp provision`), everything else
 * from menuconfig. Bring up Wi-Fi or Ethernet before or after: the component waits for an IP address.
 *
 * A product with a contract of its own (`extendProtocol(secureEspV1, ...)`, `secure-esp codegen c`) names it in the
 * configuration. Its commands then arrive in `on_command`, and its events go out by SECURE_ESP_PUBLISH():
 *
 *     SECURE_ESP_CONTRACT(thermostat, THERMOSTAT);
 *     const secure_esp_config_t config = {.contract = &thermostat_contract, .on_command = on_command};
 */
#ifndef SECURE_ESP_H
#define SECURE_ESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The application's opinion of itself while an update awaits confirmation. */
typedef enum {
  SECURE_ESP_HEALTH_WAIT = 0, /**< not decided yet; still so at the deadline counts as bad */
  SECURE_ESP_HEALTH_GOOD = 1,
  SECURE_ESP_HEALTH_BAD = 2   /**< the update is rolled back at the deadline */
} secure_esp_health_t;

typedef enum {
  SECURE_ESP_LEVEL_ERROR = 0,
  SECURE_ESP_LEVEL_WARNING = 1,
  SECURE_ESP_LEVEL_SUCCESS = 2
} secure_esp_level_t;

/** @name Limits of an application's contract
 *  @{ */
/** Longest topic, bytes. Contracts below the component's root are never longer. */
#define SECURE_ESP_TOPIC_MAX_BYTES (256u)
/** Most topics to listen to; a command for all devices and for one is two. Brokers have such limits, too. */
#define SECURE_ESP_SUBSCRIPTIONS_MAX (32u)
/** Messages of secure_esp_publish() that may wait to be handed to MQTT. */
#define SECURE_ESP_PUBLISH_WAITING_MAX (16u)
/** @} */

/**
 * What the component knows of an application's contract: made by SECURE_ESP_CONTRACT() from the generated headers. Topics
 * are numbers of the generated `<prefix>_topic_t`.
 */
typedef struct {
  const char *root;         /**< must be the component's, "/esp": operators look for `status` and replies there */
  size_t topic_max_bytes;   /**< at most SECURE_ESP_TOPIC_MAX_BYTES */
  size_t payload_max_bytes; /**< at most CONFIG_SECURE_ESP_APP_PAYLOAD_MAX_BYTES */
  unsigned topics;          /**< how many there are, and one: numbers begin at 1 */
  const bool *is_command;   /**< by number */
  /** @return false: no such topic in this scope. `device` is ignored for topics of all devices. */
  bool (*build)(unsigned topic, bool all, const char *device, char *out, size_t out_cap, size_t *out_len);
  /** @return the number, 0 if it is no topic of the contract */
  unsigned (*match)(const char *topic, size_t len, bool *all);
} secure_esp_contract_t;

#define SECURE_ESP_KIND_COMMAND true
#define SECURE_ESP_KIND_EVENT false
#define SECURE_ESP_KIND_OF(NAME, name, KIND) SECURE_ESP_KIND_##KIND,

/**
 * Defines `static const secure_esp_contract_t <prefix>_contract`. Include `<prefix>_topics.h` and `<prefix>_protocol.h`
 * before.
 *
 * @param prefix  of the generated names, e.g. thermostat
 * @param PREFIX  the same in capitals
 */
#define SECURE_ESP_CONTRACT(prefix, PREFIX)                                                                        \
  static bool prefix##_contract_build(unsigned topic, bool all, const char *device, char *out, size_t out_cap,    \
                                      size_t *out_len) {                                                           \
    return prefix##_topic_build((prefix##_topic_t)topic, all ? PREFIX##_SCOPE_ALL : PREFIX##_SCOPE_DEVICE,        \
                                all ? NULL : device, NULL, out, out_cap, out_len) == PREFIX##_CODEC_OK;            \
  }                                                                                                                \
  static unsigned prefix##_contract_match(const char *topic, size_t len, bool *all) {                              \
    prefix##_topic_match_t match;                                                                                  \
    (void)prefix##_topic_match(topic, len, &match);                                                                \
    *all = match.scope == PREFIX##_SCOPE_ALL;                                                                      \
    return (unsigned)match.topic;                                                                                  \
  }                                                                                                                \
  static const bool prefix##_contract_is_command[] = {false, PREFIX##_TOPICS(SECURE_ESP_KIND_OF)};                 \
  static const secure_esp_contract_t prefix##_contract = {PREFIX##_TOPIC_ROOT,          PREFIX##_TOPIC_MAX_BYTES,  \
                                                          PREFIX##_PAYLOAD_MAX_BYTES,   PREFIX##_TOPIC_COUNT,      \
                                                          prefix##_contract_is_command, prefix##_contract_build,   \
                                                          prefix##_contract_match}

/** A command of the application's contract. Valid until the callback returns. */
typedef struct {
  unsigned topic;         /**< `<prefix>_topic_t` */
  bool all;               /**< addressed to every device: such a command has no reply */
  bool wants_reply;       /**< secure_esp_reply() sends something */
  const uint8_t *payload; /**< never NULL, without terminator; for the generated decoders to judge */
  size_t payload_len;     /**< at most the contract's `<PREFIX>_PAYLOAD_MAX_BYTES` */
} secure_esp_command_t;

/**
 * Hooks of the application. All run on the component's task: be quick, never wait for the network or for a task that may,
 * and do not call secure_esp_start() in them. While one runs, no update is checked, downloaded or confirmed; one that does
 * not return is ended by the watchdog (CONFIG_SECURE_ESP_WATCHDOG_S), which takes an unconfirmed update back.
 */
typedef struct {
  /** Asked about once a second while an update awaits confirmation. NULL: good once started. */
  secure_esp_health_t (*health)(void *user);
  /** Called right before a restart by command or update. May be NULL. */
  void (*before_restart)(void *user);
  void *user; /**< handed to all */
  /** Of SECURE_ESP_CONTRACT(); not copied. NULL: the application has no topics. */
  const secure_esp_contract_t *contract;
  /**
   * Called with each command of `contract` that is not one of the component's own (update/..., restart). Those are never
   * seen here, and neither is a command that the component has refused:
   *   - `retained`: it was stored by the broker
   *   - `duplicate`: its correlation data is one of the last 8 since the device has booted
   *   - `too_long`: correlation data of more than 40 bytes, or a payload beyond the contract's longest
   *
   * NULL: the device does not listen to commands of the application. Otherwise `contract` is needed.
   */
  void (*on_command)(void *user, const secure_esp_command_t *command);
  /**
   * Called on each connection, once commands are listened to and `status` is on its way. Publish retained states here, or
   * have it done: what was published before may have been lost with the connection of before. May be NULL.
   */
  void (*on_online)(void *user);
} secure_esp_config_t;

#define SECURE_ESP_CONFIG_DEFAULT() {0}

/**
 * Starts the device. Hashes the running image (up to about a second), creates the tasks and returns; the network is
 * used once there is an IP address. Creates the default event loop and initialises NVS when nobody has.
 *
 * @param[in] config  copied; `user` and `contract` must stay valid
 * @return
 *   - ESP_OK
 *   - ESP_ERR_INVALID_ARG: `config` is NULL, or `contract` is none that this component can carry: another root, a topic of
 *     the component that goes the other way, a command with a parameter, too many or too long topics, longer payloads than
 *     CONFIG_SECURE_ESP_APP_PAYLOAD_MAX_BYTES, or `on_command` without a contract. The log says what.
 *   - ESP_ERR_INVALID_STATE: started already
 *   - ESP_ERR_NOT_FOUND: the provisioning partition, one of its mandatory keys or a second OTA slot is missing
 *   - ESP_ERR_NOT_SUPPORTED: the provisioning partition has a format that this version does not know
 *   - ESP_ERR_INVALID_SIZE: a provisioned text or key is too long
 *   - ESP_ERR_NO_MEM
 *   - ESP_FAIL: the configuration is refused (see the log), or another part could not be started
 *   - errors of NVS
 *
 * Treat an error as fatal (`ESP_ERROR_CHECK`): an unconfirmed update is then rolled back by the restart.
 */
esp_err_t secure_esp_start(const secure_esp_config_t *config);

/** @return true while the connection to the broker is up. Callable from any task. */
bool secure_esp_is_online(void);

/**
 * Publishes a line on the device's log topic and prints it on the console. Callable from any task, never waits.
 *
 * @param[in] text  at most 160 bytes, longer ones are cut; no secrets: whoever may read the log topic reads it
 * @return ESP_OK: queued (a line is lost when the connection is); ESP_ERR_INVALID_ARG; ESP_ERR_INVALID_STATE: not
 *         started; ESP_ERR_NO_MEM: the queue is full
 */
esp_err_t secure_esp_log(secure_esp_level_t level, const char *text);

/**
 * @return `[A-Za-z0-9_-]{1,64}`, the CN of the certificate; "" before secure_esp_start(). Stays valid. Callable from any
 *         task.
 */
const char *secure_esp_device_id(void);

/**
 * Answers a command, on the response topic that it named and with its correlation data. Only inside of `on_command`, with
 * the command that it was called with, and once: what takes longer than the callback may is reported by an event. A
 * command that is not answered fails at its sender's deadline.
 *
 * @param[in] payload  what `<prefix>_replies_encode()` wrote; copied
 * @return
 *   - ESP_OK: on its way; or the command wants no reply (see `wants_reply`) and nothing is sent
 *   - ESP_ERR_INVALID_ARG: `command` or `payload` is NULL, or `len` is 0
 *   - ESP_ERR_INVALID_SIZE: longer than the contract's longest payload
 *   - ESP_ERR_INVALID_STATE: outside of the callback, on another task, or answered already
 *   - ESP_FAIL: not sent, the connection is lost or memory is short
 */
esp_err_t secure_esp_reply(const secure_esp_command_t *command, const void *payload, size_t len);

/**
 * Publishes an event of the application's contract, on this device's topic; on the one for all devices if the contract
 * gives it no other. Callable from any task, never waits. Messages are sent in the order of the calls.
 *
 * @param[in] topic    `<prefix>_topic_t`
 * @param[in] payload  what the generated encoder wrote; copied
 * @param[in] qos      0 or 1, as in the contract
 * @return
 *   - ESP_OK: on its way. It is lost if the connection is, and with the connection only, unless memory runs out (the log
 *     says so): publish retained states again in `on_online`
 *   - ESP_ERR_INVALID_ARG: no event of the contract, or one of the component's own; `qos`; `payload` NULL with a `len`
 *   - ESP_ERR_INVALID_SIZE: longer than the contract's longest payload
 *   - ESP_ERR_INVALID_STATE: there is no contract, or no connection
 *   - ESP_ERR_NO_MEM: SECURE_ESP_PUBLISH_WAITING_MAX messages wait already, since the broker does not acknowledge what it
 *     was sent; or memory is short
 */
esp_err_t secure_esp_publish(unsigned topic, const void *payload, size_t len, unsigned qos, bool retain);

/** secure_esp_publish() with QoS and retain of the contract: `SECURE_ESP_PUBLISH(THERMOSTAT_TOPIC_APP_CLIMATE, ...)`. */
#define SECURE_ESP_PUBLISH(TOPIC, payload, len) \
  secure_esp_publish((unsigned)(TOPIC), (payload), (len), TOPIC##_QOS, TOPIC##_RETAIN != 0u)

#ifdef __cplusplus
}
#endif
#endif
