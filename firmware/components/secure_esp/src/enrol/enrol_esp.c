/* SPDX-License-Identifier: MIT */
#include "enrol_esp.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "enrol.h"
#include "enrol_port.h"
#include "esp_log.h"
#include "esp_random.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "nvs.h"

static const char *const TAG = "secure_esp_enrol";

#define PROVISIONING_NAMESPACE "secure_esp"
#define KEY_DEVICE_ID "device_id"
#define KEY_EST_URL "est_url"
#define KEY_EST_CA "est_ca"
#define KEY_SERVER_CA "server_ca"

#define LOOK_AGAIN_MIN_S (60u)
#define RENEWED_MIN_S (3600u)
#define LOOK_AGAIN_MAX_S (86400u)
/* 2025-01-01: a clock before it was not set */
#define CLOCK_SET_S (1735689600)

static const char *const ITEM_KEYS[] = {
    [SESP_ENROL_KEY] = "key",
    [SESP_ENROL_CERTIFICATE] = "cert",
    [SESP_ENROL_CLAIM] = "est_claim",
};

/** All of the memory that it takes, while it runs. */
typedef struct {
  nvs_handle_t nvs;
  bool is_open;
  char *ca;
  char device_id[SESP_ENROL_DEVICE_ID_MAX + 1u];
  char est_url[SESP_ENROL_URL_MAX + 1u];
  sesp_enrol_port_t port;
  sesp_enrol_t enrol;
} work_t;

static sesp_enrol_load_t load_item(void *ctx, sesp_enrol_item_t item, char *text, size_t capacity) {
  const work_t *work = ctx;
  size_t len = capacity;
  const esp_err_t err = nvs_get_str(work->nvs, ITEM_KEYS[item], text, &len);
  if (err == ESP_OK) {
    return SESP_ENROL_FOUND;
  }
  return err == ESP_ERR_NVS_NOT_FOUND ? SESP_ENROL_ABSENT : SESP_ENROL_UNREADABLE;
}

static bool store_item(void *ctx, sesp_enrol_item_t item, const char *text) {
  const work_t *work = ctx;
  const esp_err_t err =
      text != NULL ? nvs_set_str(work->nvs, ITEM_KEYS[item], text) : nvs_erase_key(work->nvs, ITEM_KEYS[item]);
  return err == ESP_OK && nvs_commit(work->nvs) == ESP_OK;
}

static void send_request(void *ctx, const sesp_enrol_request_t *request, char *body, size_t capacity,
                         sesp_enrol_answer_t *answer) {
  const work_t *work = ctx;
  sesp_enrol_http_post(work->ca, request, body, capacity, answer);
}

static uint16_t random_number(void *ctx) {
  (void)ctx;
  return (uint16_t)(esp_random() % 65536u);
}

/** A text of any length, to be freed; NULL if there is none. */
static char *read_text(nvs_handle_t nvs, const char *key) {
  size_t len = 0;
  if (nvs_get_str(nvs, key, NULL, &len) != ESP_OK) {
    return NULL;
  }
  char *text = calloc(1, len);
  if (text != NULL && nvs_get_str(nvs, key, text, &len) != ESP_OK) {
    free(text);
    text = NULL;
  }
  return text;
}

static void close_work(work_t *work) {
  if (work->is_open) {
    nvs_close(work->nvs);
  }
  free(work->ca);
  free(work);
}

/** ESP_ERR_NOT_FOUND if the device is not one that enrols. */
static esp_err_t read_settings(work_t *work) {
  size_t id_len = sizeof(work->device_id);
  size_t url_len = sizeof(work->est_url);
  const esp_err_t err = nvs_get_str(work->nvs, KEY_EST_URL, work->est_url, &url_len);
  if (err != ESP_OK) {
    return err == ESP_ERR_NVS_NOT_FOUND ? ESP_ERR_NOT_FOUND : err;
  }
  if (nvs_get_str(work->nvs, KEY_DEVICE_ID, work->device_id, &id_len) != ESP_OK) {
    return ESP_ERR_INVALID_STATE;
  }
  work->ca = read_text(work->nvs, KEY_EST_CA);
  if (work->ca == NULL) {
    work->ca = read_text(work->nvs, KEY_SERVER_CA);
  }
  const bool is_usable =
      work->ca != NULL && sesp_enrol_begin(&work->enrol, &work->port, work->device_id, work->est_url);
  return is_usable ? ESP_OK : ESP_ERR_INVALID_STATE;
}

static esp_err_t open_work(const char *partition, work_t **out) {
  work_t *work = calloc(1, sizeof(*work));
  if (work == NULL) {
    return ESP_ERR_NO_MEM;
  }
  work->port = (sesp_enrol_port_t){
      .ctx = work,
      .make_key = sesp_enrol_psa_make_key,
      .sign = sesp_enrol_psa_sign,
      .load = load_item,
      .store = store_item,
      .request = send_request,
      .random = random_number,
  };
  esp_err_t err = nvs_open_from_partition(partition, PROVISIONING_NAMESPACE, NVS_READWRITE, &work->nvs);
  work->is_open = err == ESP_OK;
  err = err == ESP_OK ? read_settings(work) : err;
  if (err != ESP_OK) {
    close_work(work);
    return err;
  }
  *out = work;
  return ESP_OK;
}

static void report(const char *what, const sesp_enrol_result_t *result) {
  ESP_LOGW(TAG, "%s: %s (HTTP %" PRIu32 "), next in %" PRIu32 " s", what, sesp_enrol_reason_text(result->reason),
           result->status, result->wait_s);
}

/** In parts, so that no number of ticks overflows. */
static void sleep_s(uint32_t seconds) {
  for (uint32_t at = 0; at < seconds; at++) {
    vTaskDelay(pdMS_TO_TICKS(1000));
  }
}

static sesp_enrol_state_t until_enrolled(sesp_enrol_t *enrol) {
  for (;;) {
    const sesp_enrol_result_t result = sesp_enrol_step(enrol);
    if (result.state == SESP_ENROL_DONE) {
      return result.state;
    }
    report("no certificate yet", &result);
    if (result.state == SESP_ENROL_STUCK) {
      return result.state;
    }
    sleep_s(result.wait_s);
  }
}

esp_err_t secure_esp_enrol_if_needed(const char *partition) {
  work_t *work = NULL;
  const esp_err_t err = open_work(partition, &work);
  if (err != ESP_OK) {
    return err == ESP_ERR_NOT_FOUND ? ESP_OK : err;
  }
  const sesp_enrol_state_t state = until_enrolled(&work->enrol);
  close_work(work);
  return state == SESP_ENROL_DONE ? ESP_OK : ESP_ERR_INVALID_STATE;
}

static uint32_t within(uint32_t value, uint32_t low, uint32_t high) {
  if (value < low) {
    return low;
  }
  return value > high ? high : value;
}

esp_err_t secure_esp_renew_if_due(const char *partition, bool *renewed, uint32_t *wait_s) {
  *renewed = false;
  *wait_s = LOOK_AGAIN_MAX_S;
  const int64_t now_s = (int64_t)time(NULL);
  if (now_s < CLOCK_SET_S) {
    *wait_s = LOOK_AGAIN_MIN_S;
    return ESP_ERR_INVALID_STATE;
  }
  work_t *work = NULL;
  const esp_err_t err = open_work(partition, &work);
  if (err != ESP_OK) {
    return err;
  }
  const sesp_enrol_result_t result = sesp_enrol_renew_step(&work->enrol, now_s);
  close_work(work);
  if (result.state == SESP_ENROL_DONE) {
    *renewed = result.wait_s == 0u;
    *wait_s = within(result.wait_s, RENEWED_MIN_S, LOOK_AGAIN_MAX_S);
    return ESP_OK;
  }
  report("the certificate was not renewed", &result);
  if (result.state == SESP_ENROL_STUCK) {
    return ESP_ERR_INVALID_STATE;
  }
  /* nothing counts failures between calls, and a third of its time is left */
  *wait_s = within(result.wait_s, RENEWED_MIN_S, LOOK_AGAIN_MAX_S);
  return ESP_FAIL;
}
