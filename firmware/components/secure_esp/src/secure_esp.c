/* SPDX-License-Identifier: MIT */
#include "secure_esp.h"

#include <stdlib.h>
#include <string.h>

#include "esp_check.h"
#include "esp_log.h"
#include "psa/crypto.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

#ifndef CONFIG_MQTT_PROTOCOL_5
#error "secure_esp needs MQTT 5: set CONFIG_MQTT_PROTOCOL_5=y"
#endif
#ifndef CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE
#error "secure_esp needs the bootloader to undo bad updates: set CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y"
#endif
#ifndef CONFIG_ESP_HTTP_CLIENT_ENABLE_HTTPS
#error "secure_esp downloads by HTTPS: set CONFIG_ESP_HTTP_CLIENT_ENABLE_HTTPS=y"
#endif
#ifndef CONFIG_MBEDTLS_HAVE_TIME_DATE
#warning "CONFIG_MBEDTLS_HAVE_TIME_DATE is off: expired certificates are accepted"
#endif

static const char *const TAG = SESP_IDF_TAG;
static bool s_started;

/** Everything that needs neither network nor tasks, in the order of what needs what. */
static esp_err_t prepare(sesp_config_t *config) {
  ESP_RETURN_ON_FALSE(psa_crypto_init() == PSA_SUCCESS, ESP_FAIL, TAG, "the crypto library does not start");
  ESP_RETURN_ON_ERROR(sesp_idf_store_open(), TAG, "the NVS partition cannot be opened");
  ESP_RETURN_ON_ERROR(sesp_idf_provisioning_load(), TAG, "this device is not provisioned");
  const esp_err_t credentials = sesp_idf_credentials_load();
  const bool waits = credentials == ESP_ERR_NOT_FOUND && sesp_idf_identity()->enrols;
  ESP_RETURN_ON_ERROR(waits ? ESP_OK : credentials, TAG, "this device has no certificate");
  ESP_RETURN_ON_ERROR(sesp_idf_release_keys_init(), TAG, "a release key cannot be read");
  ESP_RETURN_ON_ERROR(sesp_idf_slot_init(), TAG, "there is no second slot for updates");
  ESP_RETURN_ON_ERROR(sesp_idf_worker_init(), TAG, "the worker task cannot be created");
  sesp_idf_time_init();
  return sesp_idf_facts(config);
}

static esp_err_t run(const secure_esp_config_t *hooks, const sesp_config_t *config) {
  ESP_RETURN_ON_ERROR(sesp_idf_core_init(config, sesp_idf_port(hooks)), TAG, "the configuration is refused");
  ESP_RETURN_ON_ERROR(sesp_idf_mqtt_init(), TAG, "the MQTT client cannot be created");
  ESP_RETURN_ON_ERROR(sesp_idf_watchdog_init(), TAG, "the watchdog does not start");
  ESP_RETURN_ON_ERROR(sesp_idf_network_init(), TAG, "IP events are not available");
  ESP_RETURN_ON_ERROR(sesp_idf_core_run(), TAG, "the core task cannot be created");
  return ESP_OK;
}

esp_err_t secure_esp_start(const secure_esp_config_t *config) {
  sesp_config_t core_config;
  if (config == NULL) {
    return ESP_ERR_INVALID_ARG;
  }
  if (s_started) {
    return ESP_ERR_INVALID_STATE;
  }
  ESP_RETURN_ON_ERROR(sesp_idf_application_init(config), TAG, "the application's contract is refused");
  s_started = true;
  ESP_RETURN_ON_ERROR(sesp_idf_core_prepare(), TAG, "no memory for the queue");
  ESP_RETURN_ON_ERROR(prepare(&core_config), TAG, "not started");
  return run(config, &core_config);
}

const char *secure_esp_device_id(void) {
  return sesp_idf_identity()->device_id;
}

bool secure_esp_is_online(void) {
  return sesp_idf_link_up();
}

esp_err_t secure_esp_log(secure_esp_level_t level, const char *text) {
  if (text == NULL || (unsigned)level > (unsigned)SECURE_ESP_LEVEL_SUCCESS) {
    return ESP_ERR_INVALID_ARG;
  }
  if (!sesp_idf_core_ready()) {
    return ESP_ERR_INVALID_STATE;
  }
  char *const copy = strndup(text, SESP_IDF_LOG_TEXT_BYTES);
  const sesp_idf_event_t event = {.kind = SESP_IDF_EVENT_LOG, .number = (uint32_t)level, .data = copy};
  if (copy != NULL && sesp_idf_post(&event, 8)) {
    return ESP_OK;
  }
  free(copy);
  return ESP_ERR_NO_MEM;
}
