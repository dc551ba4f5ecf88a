/* SPDX-License-Identifier: MIT */
/* Messages in pieces, with and without properties. The core's answer shows what it was given. */
#include "device.h"

#include <string.h>

#define INTERVAL SESP_TOPIC_ROOT "/devices/" DEVICE "/update/interval"

static const fake_published_t *reply(void) { return fake_last_on(REPLIES); }

static void send(const char *payload, size_t piece) {
  fake_broker_sends(&(fake_message_t){.topic = INTERVAL,
                                      .payload = payload,
                                      .len = strlen(payload),
                                      .response_topic = REPLIES,
                                      .correlation = "correlation-0001",
                                      .piece = piece});
  fake_run(200);
}

static void pieces_are_joined_and_properties_kept(void) {
  device_provision();
  device_online();
  send("7200", 1);
  CHECK(reply() != NULL && strstr((const char *)reply()->payload, "\"ok\":true") != NULL);
  CHECK(reply() != NULL && reply()->correlation_len == 16u &&
        memcmp(reply()->correlation, "correlation-0001", 16) == 0);
  CHECK(strstr(device_last("settings"), "7200") != NULL);
}

static void publish_properties_are_for_one_message_only(void) {
  device_provision();
  device_online();
  send("7200", 0);
  for (unsigned at = 0; at < fake_published_count; at++) {
    CHECK(strcmp(fake_published[at].topic, REPLIES) == 0 || fake_published[at].correlation_len == 0u);
  }
}

static void too_long_payloads_are_counted_and_refused(void) {
  static char payload[20000];
  device_provision();
  device_online();
  (void)memset(payload, '1', sizeof(payload) - 1u);
  send(payload, 1024);
  CHECK(reply() != NULL && strstr((const char *)reply()->payload, "too_long") != NULL);
}

static void a_piece_out_of_order_drops_the_message(void) {
  char bytes[] = "72";
  char topic[] = INTERVAL;
  device_provision();
  device_online();
  esp_mqtt_event_t event = {.event_id = MQTT_EVENT_DATA, .data = bytes, .data_len = 2, .total_data_len = 4,
                            .topic = topic, .topic_len = (int)strlen(topic)};
  fake_mqtt_event(&event);
  event.topic = NULL;
  event.topic_len = 0;
  event.current_data_offset = 3;
  fake_mqtt_event(&event);
  event.current_data_offset = 2;
  fake_mqtt_event(&event);
  fake_run(200);
  CHECK(strstr(device_last("settings"), "7272") == NULL);
}

static void half_a_message_dies_with_its_connection(void) {
  char bytes[] = "72";
  char topic[] = INTERVAL;
  device_provision();
  device_online();
  esp_mqtt_event_t event = {.event_id = MQTT_EVENT_DATA, .data = bytes, .data_len = 2, .total_data_len = 4,
                            .topic = topic, .topic_len = (int)strlen(topic)};
  fake_mqtt_event(&event);
  fake_broker_drops();
  fake_run(5000);
  CHECK(secure_esp_is_online());
  event.topic = NULL;
  event.topic_len = 0;
  event.current_data_offset = 2;
  fake_mqtt_event(&event);
  fake_run(200);
  CHECK(strstr(device_last("settings"), "7272") == NULL);
}

void inbound_suite(void) {
  BOOT_TEST(pieces_are_joined_and_properties_kept);
  BOOT_TEST(publish_properties_are_for_one_message_only);
  BOOT_TEST(too_long_payloads_are_counted_and_refused);
  BOOT_TEST(a_piece_out_of_order_drops_the_message);
  BOOT_TEST(half_a_message_dies_with_its_connection);
}
