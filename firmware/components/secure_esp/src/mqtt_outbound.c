/* SPDX-License-Identifier: MIT */
/*
 * Publishes and subscribes, on the core task only: esp-mqtt keeps publish properties as one-shot state of the client, so
 * two tasks would mix them up. Messages go into the outbox and are sent by esp-mqtt's task.
 */
#include <string.h>

#include "mqtt_client.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

#define TRACKED (32u)
#define PAYLOAD_MAX_BYTES (CONFIG_SECURE_ESP_APP_PAYLOAD_MAX_BYTES)
_Static_assert(PAYLOAD_MAX_BYTES >= SESP_PAYLOAD_MAX_BYTES, "the core's own messages would not be sent");

typedef struct {
  int packet_id; /**< 0 = free */
  uint32_t token;
} tracked_t;

static esp_mqtt_client_handle_t s_client;
static tracked_t s_tracked[TRACKED];
static size_t s_next;

void sesp_idf_outbound_use(esp_mqtt_client_handle_t client) {
  s_client = client;
  sesp_idf_outbound_forget();
}

void sesp_idf_outbound_forget(void) {
  memset(s_tracked, 0, sizeof(s_tracked));
}

static void track(int packet_id, uint32_t token) {
  s_tracked[s_next] = (tracked_t){.packet_id = packet_id, .token = token};
  s_next = (s_next + 1u) % TRACKED;
}

uint32_t sesp_idf_outbound_token(int packet_id) {
  for (size_t at = 0; packet_id != 0 && at < TRACKED; at++) {
    if (s_tracked[at].packet_id == packet_id) {
      s_tracked[at].packet_id = 0;
      return s_tracked[at].token;
    }
  }
  return 0;
}

/** esp-mqtt wants NUL-terminated texts. */
static bool terminate(char *out, size_t cap, const char *text, size_t len) {
  if (len == 0u || len >= cap) {
    return false;
  }
  memcpy(out, text, len);
  out[len] = '\0';
  return true;
}

sesp_result_t sesp_idf_publish(const sesp_publish_t *message) {
  /* Static: the client keeps a pointer to it until it has built the packet, also after a failure. */
  static esp_mqtt5_publish_property_config_t properties;
  char topic[SECURE_ESP_TOPIC_MAX_BYTES + 1u];
  if (!sesp_idf_link_up() || message->payload_len > PAYLOAD_MAX_BYTES || message->correlation_len > UINT16_MAX ||
      !terminate(topic, sizeof(topic), message->topic, message->topic_len)) {
    return SESP_ERR_PORT;
  }
  memset(&properties, 0, sizeof(properties));
  properties.correlation_data = (const char *)message->correlation;
  properties.correlation_data_len = message->correlation != NULL ? (uint16_t)message->correlation_len : 0u;
  int packet_id = -1;
  if (esp_mqtt5_client_set_publish_property(s_client, &properties) == ESP_OK) {
    /* A length of 0 with data would be measured with strlen(). */
    const char *const data = message->payload_len > 0u ? (const char *)message->payload : NULL;
    packet_id = esp_mqtt_client_enqueue(s_client, topic, data, (int)message->payload_len, message->qos,
                                        message->retain ? 1 : 0, true);
  }
  memset(&properties, 0, sizeof(properties));
  if (packet_id < 0) {
    return SESP_ERR_PORT;
  }
  if (message->qos > 0u && message->token != 0u) {
    track(packet_id, message->token);
  }
  return SESP_OK;
}

bool sesp_idf_outbound_room(size_t len) {
  const int waiting = esp_mqtt_client_get_outbox_size(s_client);
  return waiting <= 0 || (size_t)waiting + len <= SESP_IDF_OUTBOX_BYTES / 2u;
}

/*
 * Written to the socket at once, so ahead of messages that wait in the outbox: commands are accepted before the status
 * says that the device is there.
 */
sesp_result_t sesp_idf_subscribe(const char *filter, size_t len) {
  static esp_mqtt5_subscribe_property_config_t properties;
  char text[SECURE_ESP_TOPIC_MAX_BYTES + 1u];
  if (!sesp_idf_link_up() || !terminate(text, sizeof(text), filter, len)) {
    return SESP_ERR_PORT;
  }
  memset(&properties, 0, sizeof(properties));
  properties.retain_handle = 2; /* no retained messages (MQTT 5, 3.8.3.1) */
  properties.retain_as_published_flag = true;
  if (esp_mqtt5_client_set_subscribe_property(s_client, &properties) != ESP_OK) {
    return SESP_ERR_PORT;
  }
  return esp_mqtt_client_subscribe_single(s_client, text, 1) >= 0 ? SESP_OK : SESP_ERR_PORT;
}
