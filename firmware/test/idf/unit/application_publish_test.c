/* SPDX-License-Identifier: MIT */
/* What the application publishes: topics, limits, a queue that is full, and connections that come and go. */
#include "lamp_device.h"

#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static void events_go_out_as_the_contract_says(void) {
  static char payload[LAMP_PAYLOAD_MAX_BYTES];
  lamp_online();
  (void)memset(payload, 'x', sizeof(payload));
  CHECK(SECURE_ESP_PUBLISH(LAMP_TOPIC_STATE, payload, sizeof(payload)) == ESP_OK);
  CHECK(SECURE_ESP_PUBLISH(LAMP_TOPIC_ALARM, NULL, 0) == ESP_OK);
  (void)memset(payload, 'y', sizeof(payload)); /* copied */
  fake_run(200);
  const fake_published_t *const state = fake_last_on(STATE);
  const fake_published_t *const alarm = fake_last_on(ALARM);
  CHECK(state != NULL && state->qos == 1 && state->retain && state->len == sizeof(payload) && state->payload[0] == 'x');
  CHECK(alarm != NULL && alarm->qos == 0 && !alarm->retain && alarm->len == 0u);
  CHECK(state < alarm);
  CHECK(state != NULL && state->correlation_len == 0u);
}

static void what_is_no_event_of_the_application_is_refused(void) {
  static char payload[LAMP_PAYLOAD_MAX_BYTES + 1u];
  lamp_online();
  const unsigned published = fake_published_count;
  CHECK(secure_esp_publish(LAMP_TOPIC_NONE, "x", 1, 1, false) == ESP_ERR_INVALID_ARG);
  CHECK(secure_esp_publish(LAMP_TOPIC_COUNT, "x", 1, 1, false) == ESP_ERR_INVALID_ARG);
  CHECK(secure_esp_publish(99999, "x", 1, 1, false) == ESP_ERR_INVALID_ARG);
  CHECK(secure_esp_publish(LAMP_TOPIC_LEVEL, "x", 1, 1, false) == ESP_ERR_INVALID_ARG);
  CHECK(secure_esp_publish(LAMP_TOPIC_UPDATE_RUN, "", 0, 1, false) == ESP_ERR_INVALID_ARG);
  CHECK(secure_esp_publish(LAMP_TOPIC_STATUS, "{}", 2, 1, true) == ESP_ERR_INVALID_ARG);
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, NULL, 1, 1, true) == ESP_ERR_INVALID_ARG);
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "x", 1, 2, true) == ESP_ERR_INVALID_ARG);
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, payload, sizeof(payload), 1, true) == ESP_ERR_INVALID_SIZE);
  fake_run(1000);
  CHECK(fake_published_count == published);
}

static void without_a_connection_nothing_is_accepted(void) {
  device_config = lamp_config();
  device_provision();
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "x", 1, 1, true) == ESP_ERR_INVALID_STATE);
  CHECK(secure_esp_start(&device_config) == ESP_OK);
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "x", 1, 1, true) == ESP_ERR_INVALID_STATE);
  fake_net_up();
  CHECK(fake_run_until(fake_mqtt_connected, NULL, 60000));
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "x", 1, 1, true) == ESP_OK);
  fake_broker_drops();
  fake_run(100);
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "x", 1, 1, true) == ESP_ERR_INVALID_STATE);
}

/* The broker acknowledges nothing: the outbox fills, then the queue. */
static void fill(unsigned *accepted) {
  static char payload[LAMP_PAYLOAD_MAX_BYTES];
  for (*accepted = 0; *accepted < 100u; (*accepted)++) {
    (void)memset(payload, (int)('A' + *accepted), sizeof(payload));
    if (secure_esp_publish(LAMP_TOPIC_STATE, payload, sizeof(payload), 1, true) != ESP_OK) {
      return;
    }
    fake_run(100);
  }
}

static unsigned states(void) {
  unsigned count = 0;
  for (unsigned at = 0; at < fake_published_count; at++) {
    count += strcmp(fake_published[at].topic, STATE) == 0 ? 1u : 0u;
  }
  return count;
}

static void a_full_queue_says_so_and_leaves_room_to_the_core(void) {
  unsigned accepted = 0;
  lamp_online();
  fake_broker_acks = false;
  fill(&accepted);
  const unsigned sent = states();
  CHECK(sent > 5u && accepted == sent + SECURE_ESP_PUBLISH_WAITING_MAX);
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "x", 1, 1, true) == ESP_ERR_NO_MEM);
  /* A device with a talkative application answers and reports all the same. */
  lamp_send(SESP_TOPIC_ROOT "/devices/" DEVICE "/update/interval", "7200", "correlation-0001");
  CHECK_TEXT(lamp_reply(), "{\"ok\":true}");
  CHECK(secure_esp_log(SECURE_ESP_LEVEL_WARNING, "busy") == ESP_OK);
  fake_run(200);
  CHECK(strstr(device_last("log"), "busy") != NULL);
  CHECK(states() == sent);
  fake_broker_acks = true;
  fake_run(5000);
  CHECK(states() == accepted);
  unsigned next = 0;
  for (unsigned at = 0; at < fake_published_count; at++) {
    if (strcmp(fake_published[at].topic, STATE) == 0) {
      CHECK(fake_published[at].payload[0] == (uint8_t)('A' + next));
      next++;
    }
  }
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "x", 1, 1, true) == ESP_OK);
}

static void waiting_does_not_poll(void) {
  unsigned accepted = 0;
  lamp_online();
  fake_broker_acks = false;
  fill(&accepted);
  const unsigned polls = fake_polls;
  fake_run(10000);
  CHECK(fake_polls - polls < 10u);
}

static void what_waits_is_not_sent_on_the_next_connection(void) {
  unsigned accepted = 0;
  lamp_online();
  fake_broker_acks = false;
  fill(&accepted);
  const unsigned sent = states();
  fake_broker_drops();
  fake_broker_acks = true;
  fake_run(5000);
  CHECK(secure_esp_is_online());
  CHECK(states() == sent);
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "now", 3, 1, true) == ESP_OK);
  fake_run(200);
  CHECK_TEXT(device_last("app/state"), "now");
  CHECK(states() == sent + 1u);
}

static void a_message_that_mqtt_does_not_take_is_named(void) {
  lamp_online();
  fake_fail("esp_mqtt_client_enqueue", 1, -1);
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "a", 1, 1, true) == ESP_OK);
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "b", 1, 1, true) == ESP_OK);
  fake_run(200);
  CHECK(fake_log_contains("a message of the application is lost: " STATE));
  CHECK(states() == 1u);
  CHECK_TEXT(device_last("app/state"), "b");
}

static unsigned s_done;

static void publisher(void *arg) {
  char payload[2] = {*(const char *)arg, '\0'};
  for (payload[1] = '0'; payload[1] < '8'; payload[1]++) {
    CHECK(secure_esp_publish(LAMP_TOPIC_STATE, payload, 2, 1, true) == ESP_OK);
  }
  s_done++;
  vTaskDelete(NULL);
}

/* More urgent than the core task, so the queue is filled before it is looked at. */
static void any_task_may_publish(void) {
  char next[2] = {'0', '0'};
  lamp_online();
  CHECK(xTaskCreate(publisher, "one", 4096, "a", 10, NULL) == pdPASS);
  CHECK(xTaskCreate(publisher, "two", 4096, "b", 10, NULL) == pdPASS);
  fake_run(1000);
  CHECK(s_done == 2u && states() == 16u);
  for (unsigned at = 0; at < fake_published_count; at++) {
    if (strcmp(fake_published[at].topic, STATE) == 0) {
      CHECK(fake_published[at].payload[1] == (uint8_t)next[fake_published[at].payload[0] - 'a']++);
    }
  }
}

static void publishes_and_replies(const secure_esp_command_t *command) {
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "lit", 3, 1, true) == ESP_OK);
  CHECK(secure_esp_reply(command, "{\"ok\":true}", 11) == ESP_OK);
}

static void a_command_may_publish(void) {
  lamp_on_command = publishes_and_replies;
  lamp_online();
  lamp_send(LEVEL, "50", "correlation-0001");
  CHECK_TEXT(device_last("app/state"), "lit");
  CHECK_TEXT(lamp_reply(), "{\"ok\":true}");
}

void application_publish_suite(void) {
  BOOT_TEST(events_go_out_as_the_contract_says);
  BOOT_TEST(what_is_no_event_of_the_application_is_refused);
  BOOT_TEST(without_a_connection_nothing_is_accepted);
  BOOT_TEST(a_full_queue_says_so_and_leaves_room_to_the_core);
  BOOT_TEST(waiting_does_not_poll);
  BOOT_TEST(what_waits_is_not_sent_on_the_next_connection);
  BOOT_TEST(a_message_that_mqtt_does_not_take_is_named);
  BOOT_TEST(any_task_may_publish);
  BOOT_TEST(a_command_may_publish);
}
