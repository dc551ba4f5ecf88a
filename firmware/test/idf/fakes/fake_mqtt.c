/* SPDX-License-Identifier: MIT */
#include "fake_mqtt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_internal.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

struct esp_mqtt_client {
  bool run;   /* its task exists */
  bool stop;
  bool up;
  bool drop;
  TaskHandle_t task;
  esp_event_handler_t handler;
  void *arg;
  esp_mqtt5_publish_property_config_t publish;
  esp_mqtt5_subscribe_property_config_t subscribe;
  int last_id;
  unsigned sent; /* messages that the broker has got */
};

fake_broker_t fake_broker;
int fake_broker_reason = MQTT5_NOT_AUTHORIZED;
esp_mqtt_error_codes_t fake_broker_error;
bool fake_broker_acks = true;
int fake_broker_ack_reason;
fake_published_t fake_published[FAKE_MQTT_MESSAGES];
unsigned fake_published_count;
fake_subscribed_t fake_subscribed[FAKE_MQTT_SUBSCRIPTIONS];
unsigned fake_subscribed_count;
unsigned fake_connects;
unsigned fake_mqtt_lost;
esp_mqtt_client_config_t fake_mqtt_config;
esp_mqtt5_connection_property_config_t fake_mqtt_connect_properties;
static struct esp_mqtt_client the_client;

bool fake_mqtt_connected(void *unused) {
  (void)unused;
  return the_client.up;
}

esp_mqtt_client_handle_t esp_mqtt_client_init(const esp_mqtt_client_config_t *config) {
  if (fake_due(__func__) != ESP_OK) {
    return NULL;
  }
  fake_mqtt_config = *config;
  return &the_client;
}

esp_err_t esp_mqtt_client_register_event(esp_mqtt_client_handle_t client, esp_mqtt_event_id_t event,
                                         esp_event_handler_t event_handler, void *event_handler_arg) {
  FAKE_FAULT();
  (void)event;
  client->handler = event_handler;
  client->arg = event_handler_arg;
  return ESP_OK;
}

esp_err_t esp_mqtt5_client_set_connect_property(esp_mqtt5_client_handle_t client,
                                                const esp_mqtt5_connection_property_config_t *connect_property) {
  FAKE_FAULT();
  (void)client;
  fake_mqtt_connect_properties = *connect_property;
  return ESP_OK;
}

void fake_mqtt_event(esp_mqtt_event_t *event) {
  esp_mqtt_error_codes_t none = {.error_type = MQTT_ERROR_TYPE_NONE};
  event->client = &the_client;
  event->protocol_ver = MQTT_PROTOCOL_V_5;
  if (event->error_handle == NULL) {
    event->error_handle = &none;
  }
  the_client.handler(the_client.arg, "MQTT_EVENTS", (int32_t)event->event_id, event);
  event->error_handle = NULL;
}

static void simple_event(esp_mqtt_event_id_t id, esp_mqtt_error_codes_t *error) {
  esp_mqtt_event_t event = {.event_id = id, .error_handle = error};
  fake_mqtt_event(&event);
}

static bool must_act(void *arg) {
  const struct esp_mqtt_client *client = arg;
  return client->stop || client->drop || (client->up && fake_broker_acks && client->sent < fake_published_count);
}

static bool must_stop(void *arg) { return ((struct esp_mqtt_client *)arg)->stop; }

/* true: connected */
static bool attempt(struct esp_mqtt_client *client) {
  fake_connects++;
  simple_event(MQTT_EVENT_BEFORE_CONNECT, NULL);
  if (fake_broker == FAKE_BROKER_SILENT) {
    (void)fake_block(must_stop, client, FAKE_FOREVER);
    return false;
  }
  (void)fake_block(must_stop, client, 50000u);
  if (client->stop) {
    return false;
  }
  esp_mqtt_error_codes_t error = fake_broker_error;
  switch (fake_broker) {
    case FAKE_BROKER_ACCEPTS:
      client->up = true;
      fake_subscribed_count = 0; /* a new session */
      simple_event(MQTT_EVENT_CONNECTED, NULL);
      return true;
    case FAKE_BROKER_REFUSES:
      error.error_type = MQTT_ERROR_TYPE_CONNECTION_REFUSED;
      error.connect_return_code = (esp_mqtt_connect_return_code_t)fake_broker_reason;
      break;
    default:
      error.error_type = MQTT_ERROR_TYPE_TCP_TRANSPORT;
      break;
  }
  simple_event(MQTT_EVENT_ERROR, &error);
  return false;
}

static void serve(struct esp_mqtt_client *client) {
  while (!client->stop && !client->drop) {
    if (fake_broker_acks && client->sent < fake_published_count) {
      const fake_published_t *message = &fake_published[client->sent++];
      if (message->qos > 0) {
        fake_broker_acknowledges(message->packet_id, fake_broker_ack_reason);
      }
      continue;
    }
    (void)fake_block(must_act, client, FAKE_FOREVER);
  }
}

/* One connection: automatic reconnection is off, so the task ends with it, a second later. */
static void mqtt_task(void *arg) {
  struct esp_mqtt_client *client = arg;
  if (attempt(client)) {
    serve(client);
  }
  fake_mqtt_lost += fake_published_count - client->sent;
  client->up = false;
  client->drop = false;
  if (!client->stop) {
    simple_event(MQTT_EVENT_DISCONNECTED, NULL);
    (void)fake_block(must_stop, client, (uint64_t)fake_mqtt_config.network.reconnect_timeout_ms * 1000u);
  }
  client->run = false;
  client->task = NULL;
  vTaskDelete(NULL);
}

esp_err_t esp_mqtt_client_start(esp_mqtt_client_handle_t client) {
  FAKE_FAULT();
  if (client->run) {
    return ESP_FAIL;
  }
  client->run = true;
  client->stop = false;
  client->sent = fake_published_count;
  if (xTaskCreate(mqtt_task, "mqtt_task", 6144, client, 5, &client->task) != pdPASS) {
    client->run = false;
    return ESP_FAIL;
  }
  return ESP_OK;
}

static bool has_stopped(void *arg) { return !((struct esp_mqtt_client *)arg)->run; }

esp_err_t esp_mqtt_client_stop(esp_mqtt_client_handle_t client) {
  FAKE_FAULT();
  if (!client->run || (client->task != NULL && xTaskGetCurrentTaskHandle() == client->task)) {
    return ESP_FAIL;
  }
  client->stop = true;
  (void)fake_block(has_stopped, client, FAKE_FOREVER);
  return ESP_OK;
}

esp_err_t esp_mqtt_client_disconnect(esp_mqtt_client_handle_t client) {
  client->drop = true;
  return ESP_OK;
}

esp_err_t esp_mqtt_client_reconnect(esp_mqtt_client_handle_t client) {
  (void)client;
  return ESP_FAIL;
}

esp_err_t esp_mqtt_client_destroy(esp_mqtt_client_handle_t client) {
  return client->run ? esp_mqtt_client_stop(client) : ESP_OK;
}

/* Pointers in the properties are kept, and read when the packet is built. */
esp_err_t esp_mqtt5_client_set_publish_property(esp_mqtt5_client_handle_t client,
                                                const esp_mqtt5_publish_property_config_t *property) {
  FAKE_FAULT();
  client->publish = *property;
  return ESP_OK;
}

esp_err_t esp_mqtt5_client_set_subscribe_property(esp_mqtt5_client_handle_t client,
                                                  const esp_mqtt5_subscribe_property_config_t *property) {
  FAKE_FAULT();
  client->subscribe = *property;
  return ESP_OK;
}

esp_err_t esp_mqtt5_client_set_disconnect_property(esp_mqtt5_client_handle_t client,
                                                   const esp_mqtt5_disconnect_property_config_t *property) {
  (void)client;
  (void)property;
  return ESP_OK;
}

void esp_mqtt5_client_delete_user_property(mqtt5_user_property_handle_t user_property) { (void)user_property; }

int esp_mqtt_client_enqueue(esp_mqtt_client_handle_t client, const char *topic, const char *data, int len, int qos,
                            int retain, bool store) {
  const esp_err_t fault = fake_due(__func__);
  const esp_mqtt5_publish_property_config_t properties = client->publish;
  (void)memset(&client->publish, 0, sizeof(client->publish)); /* one shot */
  if (fault != ESP_OK || !client->run) {
    return fault != ESP_OK ? fault : -1;
  }
  if (fake_published_count == FAKE_MQTT_MESSAGES || len > (int)sizeof(fake_published[0].payload)) {
    return -2;
  }
  fake_published_t *message = &fake_published[fake_published_count];
  const size_t size = len == 0 && data != NULL ? strlen(data) : (size_t)len;
  (void)memset(message, 0, sizeof(*message));
  message->packet_id = qos > 0 ? ++client->last_id : 0;
  (void)snprintf(message->topic, sizeof(message->topic), "%s", topic);
  if (size > 0u) {
    (void)memcpy(message->payload, data, size);
  }
  message->len = size;
  message->qos = qos;
  message->retain = retain != 0;
  if (properties.correlation_data != NULL) {
    message->correlation_len = properties.correlation_data_len;
    (void)memcpy(message->correlation, properties.correlation_data, message->correlation_len);
  }
  (void)store;
  fake_published_count++;
  return message->packet_id;
}

int esp_mqtt_client_publish(esp_mqtt_client_handle_t client, const char *topic, const char *data, int len, int qos,
                            int retain) {
  return client->up ? esp_mqtt_client_enqueue(client, topic, data, len, qos, retain, false) : -1;
}

int esp_mqtt_client_subscribe_single(esp_mqtt_client_handle_t client, const char *topic, int qos) {
  if (fake_due(__func__) != ESP_OK || !client->up || fake_subscribed_count == FAKE_MQTT_SUBSCRIPTIONS) {
    return -1;
  }
  fake_subscribed_t *entry = &fake_subscribed[fake_subscribed_count++];
  (void)snprintf(entry->filter, sizeof(entry->filter), "%s", topic);
  entry->qos = qos;
  entry->published = fake_published_count;
  entry->properties = client->subscribe;
  (void)memset(&client->subscribe, 0, sizeof(client->subscribe));
  return ++client->last_id;
}

int esp_mqtt_client_get_outbox_size(esp_mqtt_client_handle_t client) {
  size_t bytes = 0;
  for (unsigned at = client->sent; at < fake_published_count; at++) {
    bytes += fake_published[at].len + strlen(fake_published[at].topic) + fake_published[at].correlation_len + 16u;
  }
  return (int)bytes;
}

const fake_published_t *fake_last_on(const char *topic) {
  for (unsigned at = fake_published_count; at > 0u; at--) {
    if (strcmp(fake_published[at - 1u].topic, topic) == 0) {
      return &fake_published[at - 1u];
    }
  }
  return NULL;
}

bool fake_broker_got(const fake_published_t *message) {
  return (size_t)(message - fake_published) < the_client.sent;
}

void fake_broker_drops(void) { the_client.drop = true; }

void fake_broker_acknowledges(int packet_id, int reason) {
  esp_mqtt_event_t event = {.event_id = MQTT_EVENT_PUBLISHED, .msg_id = packet_id, .reason_code = reason};
  fake_mqtt_event(&event);
}

/* The bytes of each piece are gone when the handler returns, as in esp-mqtt's buffer. */
void fake_broker_sends(const fake_message_t *message) {
  const size_t piece = message->piece == 0u ? message->len + 1u : message->piece;
  size_t at = 0;
  do {
    const size_t len = message->len - at < piece ? message->len - at : piece;
    char *bytes = malloc(len + 1u);
    char *topic = strdup(message->topic);
    char *response = message->response_topic == NULL ? NULL : strdup(message->response_topic);
    char *correlation = message->correlation == NULL ? NULL : strdup(message->correlation);
    if (len > 0u) {
      (void)memcpy(bytes, (const uint8_t *)message->payload + at, len);
    }
    esp_mqtt5_event_property_t property = {.response_topic = response,
                                           .response_topic_len = response == NULL ? 0 : (int)strlen(response),
                                           .correlation_data = correlation,
                                           .correlation_data_len = correlation == NULL ? 0 : (uint16_t)strlen(correlation)};
    esp_mqtt_event_t event = {.event_id = MQTT_EVENT_DATA,
                              .data = bytes,
                              .data_len = (int)len,
                              .total_data_len = (int)message->len,
                              .current_data_offset = (int)at,
                              .topic = at == 0u ? topic : NULL,
                              .topic_len = at == 0u ? (int)strlen(topic) : 0,
                              .retain = message->retained,
                              .qos = 1,
                              .property = at == 0u ? &property : NULL};
    fake_mqtt_event(&event);
    free(bytes);
    free(topic);
    free(response);
    free(correlation);
    at += len;
  } while (at < message->len);
}
