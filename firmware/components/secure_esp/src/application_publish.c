/* SPDX-License-Identifier: MIT */
/*
 * What the application publishes waits in a queue of its own: a talkative application takes no place of the core's queue,
 * and half of esp-mqtt's outbox stays free for the core's states and replies. What was said on one connection is not sent
 * on the next: an old state would follow the new one.
 */
#include <stdlib.h>
#include <string.h>

#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "sesp_idf.h"

#define QOS_MAX (1u)

typedef struct {
  unsigned generation; /**< of the connection that it is for: its task may have been held up before it was queued */
  sesp_publish_t publish; /**< topic and payload lie in `bytes` */
  uint8_t bytes[];
} waiting_t;

static QueueHandle_t s_waiting;

esp_err_t sesp_idf_application_publish_init(void) {
  if (s_waiting == NULL) {
    s_waiting = xQueueCreate(SECURE_ESP_PUBLISH_WAITING_MAX, sizeof(waiting_t *));
  }
  return s_waiting != NULL ? ESP_OK : ESP_ERR_NO_MEM;
}

/** The topic of an event of the contract: this device's, else the one of all. */
static bool event_topic(unsigned topic, char *out, size_t out_cap, size_t *out_len) {
  const secure_esp_contract_t *const contract = sesp_idf_application()->contract;
  return topic > 0u && topic < contract->topics && !contract->is_command[topic] &&
         (sesp_idf_application_topic(topic, false, out, out_cap, out_len) ||
          sesp_idf_application_topic(topic, true, out, out_cap, out_len));
}

static waiting_t *make(const char *topic, size_t topic_len, const void *payload, size_t len) {
  waiting_t *const made = malloc(sizeof(*made) + topic_len + len);
  if (made == NULL) {
    return NULL;
  }
  memset(made, 0, sizeof(*made));
  memcpy(made->bytes, topic, topic_len);
  made->publish.topic = (const char *)made->bytes;
  made->publish.topic_len = topic_len;
  if (len > 0u) {
    memcpy(made->bytes + topic_len, payload, len);
    made->publish.payload = made->bytes + topic_len;
    made->publish.payload_len = len;
  }
  return made;
}

esp_err_t secure_esp_publish(unsigned topic, const void *payload, size_t len, unsigned qos, bool retain) {
  char text[SECURE_ESP_TOPIC_MAX_BYTES + 1u];
  size_t text_len = 0;
  const unsigned generation = sesp_idf_link_generation();
  if (sesp_idf_application()->contract == NULL || generation % 2u == 0u) {
    return ESP_ERR_INVALID_STATE;
  }
  if ((payload == NULL && len > 0u) || qos > QOS_MAX || !event_topic(topic, text, sizeof(text), &text_len)) {
    return ESP_ERR_INVALID_ARG;
  }
  if (len > sesp_idf_application()->contract->payload_max_bytes) {
    return ESP_ERR_INVALID_SIZE;
  }
  waiting_t *const message = make(text, text_len, payload, len);
  if (message == NULL) {
    return ESP_ERR_NO_MEM;
  }
  message->generation = generation;
  message->publish.qos = (uint8_t)qos;
  message->publish.retain = retain;
  if (xQueueSend(s_waiting, &message, 0) != pdTRUE) {
    free(message);
    return ESP_ERR_NO_MEM;
  }
  /* Not posted: the core task is busy, and looks here when it has done. */
  const sesp_idf_event_t wake = {.kind = SESP_IDF_EVENT_WAKE};
  (void)sesp_idf_post(&wake, 8);
  return ESP_OK;
}

void sesp_idf_application_flush(void) {
  waiting_t *message = NULL;
  while (s_waiting != NULL && uxQueueMessagesWaiting(s_waiting) > 0u && xQueuePeek(s_waiting, &message, 0) == pdTRUE) {
    const bool current = message->generation == sesp_idf_link_generation();
    if (current && !sesp_idf_outbound_room(message->publish.topic_len + message->publish.payload_len)) {
      return; /* until the broker has acknowledged more; looked at again with each acknowledgement */
    }
    (void)xQueueReceive(s_waiting, &message, 0);
    if (current && sesp_idf_publish(&message->publish) != SESP_OK && sesp_idf_link_up()) {
      ESP_LOGE(SESP_IDF_TAG, "a message of the application is lost: %.*s", (int)message->publish.topic_len,
               message->publish.topic);
    }
    free(message);
  }
}
