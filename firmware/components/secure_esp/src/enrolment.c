/* SPDX-License-Identifier: MIT */
/*
 * The first certificate and its renewals by EST, on the worker: without credentials there is nothing else to do for it,
 * and a renewal is one request. What is said to the server is in enrol/.
 */
#include "enrol_esp.h"
#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sesp_idf.h"

#define LOOK_EVERY_MS (500u)
/** The server refuses for good, until an operator has done something about it. */
#define STUCK_WAIT_MS (3600000u)
/** An hour of milliseconds still fits pdMS_TO_TICKS() at 1000 Hz; more would not. */
#define SLEEP_MAX_MS (3600000u)

static bool s_renews;
static uint64_t s_due_ms;

static void wake_core(void) {
  const sesp_idf_event_t wake = {.kind = SESP_IDF_EVENT_WAKE};
  (void)sesp_idf_post(&wake, 8);
}

void sesp_idf_enrol_first(void) {
  if (!sesp_idf_identity()->enrols) {
    return;
  }
  s_renews = true;
  while (sesp_idf_credentials() == NULL) {
    if (!sesp_idf_network_ready()) {
      vTaskDelay(pdMS_TO_TICKS(LOOK_EVERY_MS));
    } else if (secure_esp_enrol_if_needed(SESP_IDF_PROVISIONING) != ESP_OK || sesp_idf_credentials_load() != ESP_OK) {
      ESP_LOGE(SESP_IDF_TAG, "no certificate: the claim or the settings of enrolment are not good");
      vTaskDelay(pdMS_TO_TICKS(STUCK_WAIT_MS));
    }
  }
  wake_core();
}

uint32_t sesp_idf_enrol_wait_ms(void) {
  if (!s_renews) {
    return 0;
  }
  const uint64_t now = sesp_idf_now_ms();
  const uint64_t wait = s_due_ms > now + LOOK_EVERY_MS ? s_due_ms - now : LOOK_EVERY_MS;
  return wait < SLEEP_MAX_MS ? (uint32_t)wait : SLEEP_MAX_MS;
}

void sesp_idf_enrol_renew(void) {
  bool renewed = false;
  uint32_t wait_s = 0;
  if (!sesp_idf_network_ready() || sesp_idf_now_ms() < s_due_ms) {
    return;
  }
  (void)secure_esp_renew_if_due(SESP_IDF_PROVISIONING, &renewed, &wait_s);
  s_due_ms = sesp_idf_now_ms() + (wait_s > 0u ? (uint64_t)wait_s * 1000u : STUCK_WAIT_MS);
  if (renewed && sesp_idf_credentials_load() == ESP_OK) {
    ESP_LOGI(SESP_IDF_TAG, "the certificate was renewed; the next connection uses it");
  }
}
