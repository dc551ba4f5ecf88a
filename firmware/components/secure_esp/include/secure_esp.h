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
 */
#ifndef SECURE_ESP_H
#define SECURE_ESP_H

#include <stdbool.h>

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

/** Hooks of the application. All run on the component's task: be quick, and do not call secure_esp_start() in them. */
typedef struct {
  /** Asked about once a second while an update awaits confirmation. NULL: good once started. */
  secure_esp_health_t (*health)(void *user);
  /** Called right before a restart by command or update. May be NULL. */
  void (*before_restart)(void *user);
  void *user; /**< handed to both */
} secure_esp_config_t;

#define SECURE_ESP_CONFIG_DEFAULT() {0}

/**
 * Starts the device. Hashes the running image (up to about a second), creates the tasks and returns; the network is
 * used once there is an IP address. Creates the default event loop and initialises NVS when nobody has.
 *
 * @param[in] config  copied; `user` must stay valid
 * @return
 *   - ESP_OK
 *   - ESP_ERR_INVALID_ARG: `config` is NULL
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

#ifdef __cplusplus
}
#endif
#endif
