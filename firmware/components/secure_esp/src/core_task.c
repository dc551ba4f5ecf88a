/* SPDX-License-Identifier: MIT */
/* The one task that talks to the core. Others post events; links are compared by generation, so that none is lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

#define QUEUE_LENGTH (32u)
/** Link changes, IP events and the clock are looked at this often at least. */
#define POLL_MS (500u)

static QueueHandle_t s_queue;
static sesp_core_t s_core;

esp_err_t sesp_idf_core_prepare(void) {
  if (s_queue == NULL) {
    s_queue = xQueueCreate(QUEUE_LENGTH, sizeof(sesp_idf_event_t));
  }
  return s_queue != NULL ? ESP_OK : ESP_ERR_NO_MEM;
}

bool sesp_idf_core_ready(void) {
  return s_queue != NULL;
}

const sesp_core_t *sesp_idf_core(void) {
  return &s_core;
}

bool sesp_idf_post(const sesp_idf_event_t *event, unsigned spare) {
  return s_queue != NULL && uxQueueSpacesAvailable(s_queue) > spare && xQueueSend(s_queue, event, 0) == pdTRUE;
}

esp_err_t sesp_idf_core_init(const sesp_config_t *config, const sesp_port_t *port) {
  const sesp_result_t result = sesp_init(&s_core, config, port);
  if (result != SESP_OK) {
    ESP_LOGE(SESP_IDF_TAG, "the core refuses its configuration (%d): look at the device id, the firmware URL and the "
             "confirmation times", (int)result);
    return ESP_FAIL;
  }
  return ESP_OK;
}

void sesp_idf_log_line(sesp_log_level_t level, const char *text) {
  static const char *const LEVELS[] = {"[ERROR] ", "[WARNING] ", "[SUCCESS] "};
  char line[SESP_IDF_LOG_TEXT_BYTES + SESP_DEVICE_ID_MAX_BYTES + 32u];
  char topic[SESP_TOPIC_MAX_BYTES + 1u];
  size_t topic_len = 0;
  const char *const device = s_core.config.device_id;
  const int len = snprintf(line, sizeof(line), "secure_esp: %s%s (%s)", LEVELS[(unsigned)level % 3u], text, device);
  s_core.port->log(s_core.port->ctx, level, line);
  if (len <= 0 || sesp_topic_build(SESP_TOPIC_LOG, SESP_SCOPE_DEVICE, device, NULL, topic, sizeof(topic), &topic_len) !=
                      SESP_CODEC_OK) {
    return;
  }
  const sesp_publish_t message = {.topic = topic, .topic_len = topic_len, .payload = (const uint8_t *)line,
                                  .payload_len = (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1u,
                                  .qos = SESP_TOPIC_LOG_QOS, .retain = SESP_TOPIC_LOG_RETAIN};
  (void)sesp_idf_publish(&message);
}

static void on_response(const sesp_idf_event_t *event) {
  /* A copy: the core may abort and start another job, whose response comes into the same place. */
  const sesp_download_response_t *const from = event->data;
  sesp_download_response_t response = *from;
  char content_type[64];
  char etag[96];
  (void)strlcpy(content_type, from->content_type, sizeof(content_type));
  (void)strlcpy(etag, from->etag, sizeof(etag));
  response.content_type = content_type;
  response.etag = etag;
  sesp_on_download_response(&s_core, &response);
}

static void on_job_event(const sesp_idf_event_t *event) {
  uint8_t header[SESP_IMAGE_HEADER_BYTES];
  sesp_idf_verdict_t verdict;
  switch (event->kind) {
    case SESP_IDF_EVENT_RESPONSE:
      on_response(event);
      break;
    case SESP_IDF_EVENT_MANIFEST:
      sesp_on_manifest(&s_core, event->data, event->number);
      break;
    case SESP_IDF_EVENT_HEADER:
      memcpy(header, event->data, sizeof(header));
      sesp_on_image_header(&s_core, header, sizeof(header));
      break;
    case SESP_IDF_EVENT_PROGRESS:
      sesp_on_download_progress(&s_core, event->number);
      break;
    case SESP_IDF_EVENT_COMPLETE:
      sesp_idf_job_downloaded(event->number);
      sesp_on_download_complete(&s_core, event->number);
      break;
    case SESP_IDF_EVENT_FAILED:
      sesp_on_download_failed(&s_core, (sesp_update_state_reason_t)event->number);
      break;
    case SESP_IDF_EVENT_VERIFIED:
      verdict = *(const sesp_idf_verdict_t *)event->data;
      sesp_on_image_verified(&s_core, verdict.valid, verdict.reason, verdict.valid ? verdict.identity : NULL);
      break;
    default:
      break;
  }
}

static void on_message(const sesp_inbound_t *in) {
  if (!sesp_idf_application_message(in)) {
    sesp_on_message(&s_core, in);
  }
}

static void on_event(const sesp_idf_event_t *event) {
  uint32_t token;
  switch (event->kind) {
    case SESP_IDF_EVENT_WAKE:
      break;
    case SESP_IDF_EVENT_MESSAGE:
      on_message(&((const sesp_idf_message_t *)event->data)->inbound);
      free(event->data);
      break;
    case SESP_IDF_EVENT_PUBLISHED:
      token = sesp_idf_outbound_token((int)event->number);
      if (token != 0u) {
        sesp_on_published(&s_core, token);
      }
      break;
    case SESP_IDF_EVENT_LOG:
      sesp_idf_log_line((sesp_log_level_t)event->number, event->data);
      free(event->data);
      break;
    case SESP_IDF_EVENT_JOB_ENDED:
      if (sesp_idf_job_is_latest(event->job)) {
        sesp_idf_mqtt_resume();
      }
      break;
    default:
      if (sesp_idf_job_is_current(event->job)) {
        on_job_event(event);
      }
      break;
  }
}

/** Rounded up: rounded down, the last part of a tick would be spent polling. */
static TickType_t wait_ticks(void) {
  const uint64_t now = sesp_idf_now_ms();
  const uint64_t due = sesp_next_tick_ms(&s_core);
  const uint64_t wait = due <= now ? 0u : due - now;
  const uint32_t ms = (uint32_t)(wait < POLL_MS ? wait : POLL_MS);
  return (TickType_t)((ms * configTICK_RATE_HZ + 999u) / 1000u);
}

static void core_task(void *arg) {
  sesp_idf_event_t event;
  (void)arg;
  for (;;) {
    sesp_idf_watchdog_allow(SESP_IDF_WATCH_CORE, CONFIG_SECURE_ESP_WATCHDOG_S * 1000u);
    const bool has_event = xQueueReceive(s_queue, &event, wait_ticks()) == pdTRUE;
    sesp_idf_network_step();
    /* Before the event: a message of a new connection must find the core connected. */
    sesp_idf_mqtt_step(&s_core);
    if (has_event) {
      on_event(&event);
    }
    if (sesp_next_tick_ms(&s_core) <= sesp_idf_now_ms()) {
      sesp_on_tick(&s_core);
    }
    sesp_idf_application_flush();
    sesp_idf_time_keep();
  }
}

esp_err_t sesp_idf_core_run(void) {
  const BaseType_t made = xTaskCreate(core_task, "secure_esp", CONFIG_SECURE_ESP_CORE_STACK, NULL,
                                      CONFIG_SECURE_ESP_CORE_PRIORITY, NULL);
  return made == pdPASS ? ESP_OK : ESP_ERR_NO_MEM;
}
