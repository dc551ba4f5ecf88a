/* SPDX-License-Identifier: MIT */
/**
 * @file fake_mqtt.h
 * @brief A broker on the other side of esp-mqtt: what it says is a switch, what it was told is a list.
 */
#ifndef FAKE_MQTT_H
#define FAKE_MQTT_H

#include "fake.h"
#include "mqtt_client.h"

#define FAKE_MQTT_MESSAGES (128u)
#define FAKE_MQTT_SUBSCRIPTIONS (64u)

typedef struct {
  int packet_id;
  char topic[160];
  uint8_t payload[1024];
  size_t len;
  int qos;
  bool retain;
  uint8_t correlation[64];
  size_t correlation_len;
} fake_published_t;

typedef struct {
  char filter[160];
  int qos;
  unsigned published; /**< how many messages were published before */
  esp_mqtt5_subscribe_property_config_t properties;
} fake_subscribed_t;

/** What happens to the next attempts to connect. */
typedef enum { FAKE_BROKER_ACCEPTS = 0, FAKE_BROKER_UNREACHABLE, FAKE_BROKER_TLS, FAKE_BROKER_REFUSES, FAKE_BROKER_SILENT } fake_broker_t;

extern fake_broker_t fake_broker;
/** With FAKE_BROKER_REFUSES: the reason code of CONNACK. */
extern int fake_broker_reason;
/** With FAKE_BROKER_TLS and _UNREACHABLE. */
extern esp_mqtt_error_codes_t fake_broker_error;
/** Acknowledge QoS 1 messages by themselves, with this reason code. */
extern bool fake_broker_acks;
extern int fake_broker_ack_reason;

extern fake_published_t fake_published[FAKE_MQTT_MESSAGES];
extern unsigned fake_published_count;
/** Of this connection. */
extern fake_subscribed_t fake_subscribed[FAKE_MQTT_SUBSCRIPTIONS];
extern unsigned fake_subscribed_count;
/** Attempts to connect in this boot. */
extern unsigned fake_connects;
/** What the client was made with. */
extern esp_mqtt_client_config_t fake_mqtt_config;
extern esp_mqtt5_connection_property_config_t fake_mqtt_connect_properties;

bool fake_mqtt_connected(void *unused);
/** The last message on a topic, NULL if there is none. */
const fake_published_t *fake_last_on(const char *topic);
/** It went to the broker: it does not wait in the outbox. */
bool fake_broker_got(const fake_published_t *message);
/** Messages that waited in the outbox when their connection ended. */
extern unsigned fake_mqtt_lost;
/** The connection ends, as after a lost network. */
void fake_broker_drops(void);
/** Acknowledges one message. */
void fake_broker_acknowledges(int packet_id, int reason);

typedef struct {
  const char *topic;
  const void *payload;
  size_t len;
  bool retained;
  const char *response_topic;
  const char *correlation;
  size_t piece; /**< bytes per event; 0: all at once */
} fake_message_t;

/** Sends a message to the device. */
void fake_broker_sends(const fake_message_t *message);
/** One event, just as it is. */
void fake_mqtt_event(esp_mqtt_event_t *event);

#endif
