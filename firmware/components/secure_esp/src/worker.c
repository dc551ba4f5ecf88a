/* SPDX-License-Identifier: MIT */
/*
 * The worker task: downloads and verification, one job at a time. The core task writes s_active (the job it waits for)
 * and s_steps (how often it said "continue"); the worker reads them. A job whose id is not active any more is over.
 */
#include <stdatomic.h>
#include <string.h>

#include "esp_heap_caps.h"
#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

/** The core answers at once; this long only if it is busy with flash or a slow broker. */
#define LOOK_EVERY_MS (1000u)
/** One TLS record of 16 KiB and its header have to be one piece. */
#define TLS_BLOCK_BYTES (17u * 1024u)

static QueueHandle_t s_mailbox;
static TaskHandle_t s_task;
static atomic_uint s_active;
static atomic_uint s_steps;
static sesp_idf_job_t s_job; /* built by the core task, copied into the mailbox */
static uint32_t s_last_id;
static uint32_t s_downloaded;

static void worker(void *arg) {
  static sesp_idf_job_t job;
  (void)arg;
  sesp_idf_enrol_first();
  for (;;) {
    const uint32_t wait_ms = sesp_idf_enrol_wait_ms();
    sesp_idf_watchdog_allow(SESP_IDF_WATCH_WORKER, 0);
    if (xQueueReceive(s_mailbox, &job, wait_ms == 0u ? portMAX_DELAY : pdMS_TO_TICKS(wait_ms)) != pdTRUE) {
      sesp_idf_enrol_renew();
      continue;
    }
    if (job.kind == SESP_IDF_JOB_DOWNLOAD) {
      sesp_idf_download_run(&job);
    } else {
      sesp_idf_verify_run(&job);
    }
    const sesp_idf_event_t ended = {.kind = SESP_IDF_EVENT_JOB_ENDED, .job = job.id};
    while (!sesp_idf_post(&ended, 0)) {
      vTaskDelay(pdMS_TO_TICKS(20));
    }
  }
}

esp_err_t sesp_idf_worker_init(void) {
  s_mailbox = xQueueCreate(1, sizeof(sesp_idf_job_t));
  if (s_mailbox == NULL) {
    return ESP_ERR_NO_MEM;
  }
  const BaseType_t made = xTaskCreate(worker, "secure_esp_job", CONFIG_SECURE_ESP_WORKER_STACK, NULL,
                                      CONFIG_SECURE_ESP_WORKER_PRIORITY, &s_task);
  return made == pdPASS ? ESP_OK : ESP_ERR_NO_MEM;
}

static void submit(sesp_idf_job_kind_t kind) {
  s_last_id = s_last_id == UINT32_MAX ? 1u : s_last_id + 1u;
  s_job.kind = kind;
  s_job.id = s_last_id;
  atomic_store(&s_steps, 0u);
  atomic_store(&s_active, s_last_id);
  (void)xQueueOverwrite(s_mailbox, &s_job);
}

/** The TLS session of the download needs memory that the one of MQTT may be holding. */
static void make_room(void) {
  const size_t left = heap_caps_get_free_size(MALLOC_CAP_8BIT);
  const size_t block = heap_caps_get_largest_free_block(MALLOC_CAP_8BIT);
  if (left < CONFIG_SECURE_ESP_MIN_FREE_HEAP || block < TLS_BLOCK_BYTES) {
    sesp_idf_mqtt_pause();
  }
}

static bool copy(char *out, size_t cap, const char *text) {
  return strlcpy(out, text, cap) < cap;
}

sesp_result_t sesp_idf_download_start(const sesp_download_request_t *request) {
  sesp_idf_request_t *const to = &s_job.request;
  memset(&s_job, 0, sizeof(s_job));
  if (sesp_idf_credentials() == NULL || strncmp(request->url, "https://", 8) != 0 || request->resume_from % SESP_IDF_SECTOR_BYTES != 0u ||
      !copy(to->url, sizeof(to->url), request->url) || !copy(to->project, sizeof(to->project), request->project) ||
      !copy(to->if_none_match, sizeof(to->if_none_match), request->if_none_match) ||
      !copy(to->if_range, sizeof(to->if_range), request->if_range) ||
      !copy(to->chip, sizeof(to->chip), request->chip) || !copy(to->version, sizeof(to->version), request->version) ||
      !copy(to->image_hex, sizeof(to->image_hex), request->image_hex)) {
    return SESP_ERR_PORT;
  }
  to->accept_manifest = request->accept_manifest;
  to->max_bytes = request->max_bytes;
  to->resume_from = request->resume_from;
  s_downloaded = 0;
  make_room();
  submit(SESP_IDF_JOB_DOWNLOAD);
  return SESP_OK;
}

/** The worker looks by itself too, only later. */
static void nudge(void) {
  if (s_task != NULL) {
    (void)xTaskNotifyGive(s_task);
  }
}

void sesp_idf_download_continue(void) {
  (void)atomic_fetch_add(&s_steps, 1u);
  nudge();
}

void sesp_idf_download_abort(void) {
  atomic_store(&s_active, 0u);
  nudge();
}

void sesp_idf_job_downloaded(uint32_t bytes) {
  s_downloaded = bytes;
}

sesp_result_t sesp_idf_image_verify(const uint8_t *file_sha256) {
  const uint32_t bytes = s_downloaded;
  memset(&s_job, 0, sizeof(s_job));
  if (bytes == 0u) {
    return SESP_ERR_PORT;
  }
  s_job.file_bytes = bytes;
  s_job.has_sha256 = file_sha256 != NULL;
  if (file_sha256 != NULL) {
    memcpy(s_job.sha256, file_sha256, sizeof(s_job.sha256));
  }
  submit(SESP_IDF_JOB_VERIFY);
  return SESP_OK;
}

bool sesp_idf_job_is_current(uint32_t id) {
  return id != 0u && atomic_load(&s_active) == id;
}

bool sesp_idf_job_is_latest(uint32_t id) {
  return s_last_id == id;
}

bool sesp_idf_job_cancelled(uint32_t id) {
  return atomic_load(&s_active) != id;
}

bool sesp_idf_job_post(const sesp_idf_event_t *event) {
  while (!sesp_idf_job_cancelled(event->job)) {
    if (sesp_idf_post(event, 2)) {
      return true;
    }
    vTaskDelay(pdMS_TO_TICKS(20));
  }
  return false;
}

bool sesp_idf_job_await(uint32_t id, uint32_t step) {
  while (!sesp_idf_job_cancelled(id)) {
    if (atomic_load(&s_steps) >= step) {
      return true;
    }
    (void)ulTaskNotifyTake(pdTRUE, pdMS_TO_TICKS(LOOK_EVERY_MS));
  }
  return false;
}
