/* SPDX-License-Identifier: MIT */
/*
 * Joins the pieces of a message. Only the first has topic and properties; longer payloads than the contract allows are
 * counted and not kept. esp-mqtt frees user properties itself once its handler returns.
 */
#include <stdlib.h>
#include <string.h>

#include "mqtt_client.h"
#include "sesp_idf.h"

/** Longer ones cannot be one of ours. */
#define TEXT_MAX_BYTES (1024)
/** Places of the queue that messages leave to acknowledgements and the worker. */
#define SPARE (12u)

static sesp_idf_message_t *s_message;

void sesp_idf_inbound_drop(void) {
  free(s_message);
  s_message = NULL;
}

/** Of a longer payload the length is told and no more. */
static size_t payload_limit(const esp_mqtt_event_t *event) {
  bool all = false;
  return sesp_idf_application_command(event->topic, (size_t)event->topic_len, &all) != 0u
             ? sesp_idf_application()->contract->payload_max_bytes
             : SESP_PAYLOAD_MAX_BYTES;
}

/** Copies into the tail of the message. @return where it lies; NULL for nothing */
static const uint8_t *keep(uint8_t **at, const void *bytes, size_t len) {
  uint8_t *const place = *at;
  if (bytes == NULL) {
    return NULL;
  }
  memcpy(place, bytes, len);
  *at += len;
  return place;
}

static bool is_length(int len) {
  return len >= 0 && len <= TEXT_MAX_BYTES;
}

static sesp_idf_message_t *begin(const esp_mqtt_event_t *event) {
  const esp_mqtt5_event_property_t *const property = event->property;
  const char *response = property != NULL ? property->response_topic : NULL;
  const char *correlation = property != NULL ? property->correlation_data : NULL;
  const int response_len = response != NULL ? property->response_topic_len : 0;
  const int correlation_len = correlation != NULL ? (int)property->correlation_data_len : 0;
  if (event->topic == NULL || event->total_data_len < 0 || !is_length(event->topic_len) || !is_length(response_len) ||
      !is_length(correlation_len)) {
    return NULL;
  }
  const size_t total = (size_t)event->total_data_len;
  const size_t kept = total <= payload_limit(event) ? total : 0u;
  sesp_idf_message_t *const message = malloc(sizeof(*message) + (size_t)event->topic_len + (size_t)response_len +
                                             (size_t)correlation_len + kept);
  if (message == NULL) {
    return NULL;
  }
  memset(message, 0, sizeof(*message));
  uint8_t *at = message->bytes;
  sesp_inbound_t *const in = &message->inbound;
  in->topic = (const char *)keep(&at, event->topic, (size_t)event->topic_len);
  in->topic_len = (size_t)event->topic_len;
  in->retained = event->retain;
  in->response_topic = (const char *)keep(&at, response, (size_t)response_len);
  in->response_topic_len = (size_t)response_len;
  in->correlation = keep(&at, correlation, (size_t)correlation_len);
  in->correlation_len = (size_t)correlation_len;
  in->payload = kept > 0u ? at : NULL;
  in->payload_len = total;
  return message;
}

/** @return false if this is not the next piece */
static bool append(sesp_idf_message_t *message, const esp_mqtt_event_t *event) {
  const size_t len = event->data_len > 0 ? (size_t)event->data_len : 0u;
  if (event->current_data_offset < 0 || (size_t)event->current_data_offset != message->received ||
      len > message->inbound.payload_len - message->received) {
    return false;
  }
  if (message->inbound.payload != NULL && len > 0u) {
    /* The bytes lie in the message itself, behind its last text. */
    memcpy((uint8_t *)(uintptr_t)message->inbound.payload + message->received, event->data, len);
  }
  message->received += len;
  return true;
}

void sesp_idf_inbound_piece(const esp_mqtt_event_t *event) {
  if (event->current_data_offset == 0) {
    sesp_idf_inbound_drop();
    s_message = begin(event);
  }
  if (s_message == NULL) {
    return;
  }
  if (!append(s_message, event)) {
    sesp_idf_inbound_drop();
    return;
  }
  if (s_message->received < s_message->inbound.payload_len) {
    return;
  }
  const sesp_idf_event_t post = {.kind = SESP_IDF_EVENT_MESSAGE, .data = s_message};
  if (sesp_idf_post(&post, SPARE)) {
    s_message = NULL;
  } else {
    sesp_idf_inbound_drop();
  }
}
