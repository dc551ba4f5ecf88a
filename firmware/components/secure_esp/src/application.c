/* SPDX-License-Identifier: MIT */
/*
 * The topics of the application's contract. Whatever it says, the component's own topics stay the component's: a topic
 * that the core knows is left out here, so nothing can be listened to twice or published in the core's name.
 */
#include "esp_log.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

#include <string.h>

/* The component's own contract, in the same form. */
SECURE_ESP_CONTRACT(sesp, SESP);

static secure_esp_config_t s_config;

const secure_esp_config_t *sesp_idf_application(void) {
  return &s_config;
}

/** A topic of the contract and who it belongs to. @return false: there is no such topic in this scope */
static bool build(const secure_esp_contract_t *contract, unsigned topic, bool all, const char *device, char *out,
                  size_t out_cap, size_t *out_len, unsigned *own) {
  bool own_all = false;
  if (!contract->build(topic, all, device, out, out_cap, out_len)) {
    return false;
  }
  *own = sesp_contract.match(out, *out_len, &own_all);
  return true;
}

/** @return how many topics are to be listened to; `fault` says what is wrong with one */
static unsigned count_commands(const secure_esp_contract_t *contract, const char **fault, unsigned *at) {
  char text[SECURE_ESP_TOPIC_MAX_BYTES + 1u];
  unsigned count = 0;
  for (unsigned topic = 1; topic < contract->topics; topic++) {
    unsigned scopes = 0;
    for (unsigned all = 0; all < 2u; all++) {
      size_t len = 0;
      unsigned own = 0;
      /* Any device's name: the real one is read from the provisioning partition later. */
      if (!build(contract, topic, all != 0u, "device", text, sizeof(text), &len, &own)) {
        continue;
      }
      scopes++;
      if (own == 0u) {
        count += contract->is_command[topic] ? 1u : 0u;
      } else if (sesp_contract.is_command[own] != contract->is_command[topic]) {
        *fault = "is the component's own, and goes the other way";
        *at = topic;
      }
    }
    if (scopes == 0u && contract->is_command[topic]) {
      *fault = "is a command with a parameter";
      *at = topic;
    }
  }
  return count;
}

/** Logs why not. */
static bool contract_is_good(const secure_esp_contract_t *contract) {
  const char *fault = NULL;
  unsigned at = 0;
  if (strcmp(contract->root, SESP_TOPIC_ROOT) != 0) {
    ESP_LOGE(SESP_IDF_TAG, "contract: its root is %s, and must be " SESP_TOPIC_ROOT, contract->root);
    return false;
  }
  if (contract->topic_max_bytes > SECURE_ESP_TOPIC_MAX_BYTES) {
    ESP_LOGE(SESP_IDF_TAG, "contract: topics of %u bytes, more than %u", (unsigned)contract->topic_max_bytes,
             SECURE_ESP_TOPIC_MAX_BYTES);
    return false;
  }
  if (contract->payload_max_bytes > CONFIG_SECURE_ESP_APP_PAYLOAD_MAX_BYTES) {
    ESP_LOGE(SESP_IDF_TAG, "contract: payloads of %u bytes, more than CONFIG_SECURE_ESP_APP_PAYLOAD_MAX_BYTES",
             (unsigned)contract->payload_max_bytes);
    return false;
  }
  const unsigned count = count_commands(contract, &fault, &at);
  if (fault != NULL) {
    ESP_LOGE(SESP_IDF_TAG, "contract: topic %u %s", at, fault);
    return false;
  }
  if (count > SECURE_ESP_SUBSCRIPTIONS_MAX) {
    ESP_LOGE(SESP_IDF_TAG, "contract: %u topics to listen to, more than %u", count, SECURE_ESP_SUBSCRIPTIONS_MAX);
    return false;
  }
  return true;
}

esp_err_t sesp_idf_application_init(const secure_esp_config_t *config) {
  if (config->contract == NULL && config->on_command != NULL) {
    ESP_LOGE(SESP_IDF_TAG, "contract: there is none, but a hook for its commands");
    return ESP_ERR_INVALID_ARG;
  }
  if (config->contract != NULL && !contract_is_good(config->contract)) {
    return ESP_ERR_INVALID_ARG;
  }
  const esp_err_t error = config->contract == NULL ? ESP_OK : sesp_idf_application_publish_init();
  if (error == ESP_OK) {
    s_config = *config;
  }
  return error;
}

bool sesp_idf_application_topic(unsigned topic, bool all, char *out, size_t out_cap, size_t *out_len) {
  unsigned own = 0;
  return build(s_config.contract, topic, all, sesp_idf_identity()->device_id, out, out_cap, out_len, &own) && own == 0u;
}

unsigned sesp_idf_application_command(const char *topic, size_t len, bool *all) {
  char text[SECURE_ESP_TOPIC_MAX_BYTES + 1u];
  size_t text_len = 0;
  if (s_config.on_command == NULL || len > SECURE_ESP_TOPIC_MAX_BYTES) {
    return 0;
  }
  const unsigned number = s_config.contract->match(topic, len, all);
  /* Built with this device's id: a topic of another device is another one. */
  const bool is_ours = number != 0u && number < s_config.contract->topics && s_config.contract->is_command[number] &&
                       sesp_idf_application_topic(number, *all, text, sizeof(text), &text_len) && text_len == len &&
                       memcmp(text, topic, len) == 0;
  return is_ours ? number : 0u;
}

bool sesp_idf_application_subscribe(void) {
  char text[SECURE_ESP_TOPIC_MAX_BYTES + 1u];
  if (s_config.on_command == NULL) {
    return true;
  }
  for (unsigned topic = 1; topic < s_config.contract->topics; topic++) {
    for (unsigned all = 0; all < 2u; all++) {
      size_t len = 0;
      if (!s_config.contract->is_command[topic] ||
          !sesp_idf_application_topic(topic, all != 0u, text, sizeof(text), &len)) {
        continue;
      }
      /* Each of them may wait for the network as long as a connection may. */
      sesp_idf_watchdog_allow(SESP_IDF_WATCH_CORE, (CONFIG_SECURE_ESP_WATCHDOG_S + CONFIG_SECURE_ESP_CONNECT_S) * 1000u);
      if (sesp_idf_subscribe(text, len) != SESP_OK) {
        return false;
      }
    }
  }
  return true;
}

void sesp_idf_application_online(void) {
  if (s_config.on_online != NULL) {
    s_config.on_online(s_config.user);
  }
}
