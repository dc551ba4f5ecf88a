/* SPDX-License-Identifier: MIT */
/* Commands of the application: what reaches it, what is refused for it, and its replies. */
#include "lamp_device.h"

#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static void says(const secure_esp_command_t *command) {
  CHECK(secure_esp_reply(command, "{\"ok\":true}", 11) == ESP_OK);
}

static void a_command_arrives_and_is_answered(void) {
  lamp_on_command = says;
  lamp_online();
  lamp_send(LEVEL, "50", "correlation-0001");
  CHECK(lamp_commands == 1u && lamp_command.topic == LAMP_TOPIC_LEVEL);
  CHECK(!lamp_command.all && lamp_command.wants_reply);
  CHECK(lamp_command.payload_len == 2u);
  CHECK_TEXT(lamp_payload, "50");
  const fake_published_t *const reply = fake_last_on(REPLIES);
  CHECK(reply != NULL && reply->qos == 1 && !reply->retain);
  CHECK_TEXT(lamp_reply(), "{\"ok\":true}");
  CHECK(reply != NULL && reply->correlation_len == 16u && memcmp(reply->correlation, "correlation-0001", 16) == 0);
  lamp_send(SCENE, "", "correlation-0002");
  CHECK(lamp_commands == 2u && lamp_command.topic == LAMP_TOPIC_SCENE && lamp_command.payload_len == 0u);
}

/* Longer than any payload of the component's own, and in pieces. */
static void the_longest_payload_is_joined(void) {
  static char payload[LAMP_PAYLOAD_MAX_BYTES + 1u];
  lamp_online();
  (void)memset(payload, 'x', LAMP_PAYLOAD_MAX_BYTES);
  fake_broker_sends(&(fake_message_t){.topic = LEVEL, .payload = payload, .len = LAMP_PAYLOAD_MAX_BYTES, .piece = 99});
  fake_run(200);
  CHECK(lamp_command.payload_len == LAMP_PAYLOAD_MAX_BYTES);
  CHECK_TEXT(lamp_payload, payload);
}

static void a_longer_payload_is_refused_unseen(void) {
  static char payload[LAMP_PAYLOAD_MAX_BYTES + 2u];
  lamp_online();
  (void)memset(payload, 'x', LAMP_PAYLOAD_MAX_BYTES + 1u);
  lamp_send(LEVEL, payload, "correlation-0001");
  CHECK(lamp_commands == 0u);
  CHECK(strstr(lamp_reply(), "\"code\":\"too_long\"") != NULL);
  CHECK(strstr(device_last("log"), "[ERROR] app/level: the payload is longer") != NULL);
}

static void a_command_to_all_has_no_reply(void) {
  lamp_on_command = says;
  lamp_online();
  lamp_send(SCENE_ALL, "night", "correlation-0001");
  CHECK(lamp_commands == 1u && lamp_command.topic == LAMP_TOPIC_SCENE);
  CHECK(lamp_command.all && !lamp_command.wants_reply);
  CHECK_TEXT(lamp_reply(), "");
  fake_broker_sends(&(fake_message_t){.topic = SCENE_ALL, .retained = true, .response_topic = REPLIES});
  fake_run(200);
  CHECK(lamp_commands == 1u);
  CHECK_TEXT(lamp_reply(), "");
  CHECK(strstr(device_last("log"), "app/scene: a retained message is not obeyed") != NULL);
}

static void replies_go_below_the_own_topic_for_replies_only(void) {
  static const char *const elsewhere[] = {
      NULL,
      STATE,
      LEVEL,
      SESP_TOPIC_ROOT "/devices/" DEVICE "/status",
      SESP_TOPIC_ROOT "/devices/" DEVICE "/replies/short",
      SESP_TOPIC_ROOT "/devices/" DEVICE "/replies/abcdefghijklmnop/",
      SESP_TOPIC_ROOT "/devices/esp-002/replies/abcdefghijklmnop",
      SESP_TOPIC_ROOT "/devices/" DEVICE "x/replies/abcdefghijklmnop",
      SESP_TOPIC_ROOT "/replies/abcdefghijklmnop",
  };
  lamp_on_command = says;
  lamp_online();
  for (size_t at = 0; at < sizeof(elsewhere) / sizeof(elsewhere[0]); at++) {
    const unsigned published = fake_published_count;
    fake_broker_sends(&(fake_message_t){.topic = LEVEL, .payload = "1", .len = 1, .response_topic = elsewhere[at]});
    fake_run(200);
    CHECK(lamp_commands == at + 1u && !lamp_command.wants_reply);
    CHECK(fake_published_count == published);
  }
}

static void what_is_not_for_the_application_never_reaches_it(void) {
  static const char *const topics[] = {
      SESP_TOPIC_ROOT "/devices/esp-002/app/level",
      SESP_TOPIC_ROOT "/devices/" DEVICE "x/app/level",
      SESP_TOPIC_ROOT "/app/level", /* of one device only */
      STATE,
      ALARM,
      LEVEL "/",
      LEVEL "x",
      "/esp",
      "/home/devices/" DEVICE "/app/level",
      SESP_TOPIC_ROOT "/devices/" DEVICE "/update/interval",
      SESP_TOPIC_ROOT "/update/run",
      SESP_TOPIC_ROOT "/devices/" DEVICE "/status",
  };
  lamp_online();
  for (size_t at = 0; at < sizeof(topics) / sizeof(topics[0]); at++) {
    fake_broker_sends(&(fake_message_t){.topic = topics[at], .payload = "7200", .len = 4});
    fake_run(200);
  }
  CHECK(lamp_commands == 0u);
  CHECK(strstr(device_last("settings"), "7200") != NULL);
}

static void retained_commands_are_refused(void) {
  lamp_online();
  fake_broker_sends(&(fake_message_t){.topic = LEVEL,
                                      .payload = "50",
                                      .len = 2,
                                      .retained = true,
                                      .response_topic = REPLIES,
                                      .correlation = "correlation-0001"});
  fake_run(200);
  CHECK(lamp_commands == 0u);
  CHECK(strstr(lamp_reply(), "{\"ok\":false,\"code\":\"retained\"") != NULL);
  CHECK(memcmp(fake_last_on(REPLIES)->correlation, "correlation-0001", 16) == 0);
  CHECK(strstr(device_last("log"), "[ERROR] app/level: a retained message is not obeyed (" DEVICE ")") != NULL);
  /* It was not remembered: the sender may send it again, not retained. */
  lamp_send(LEVEL, "50", "correlation-0001");
  CHECK(lamp_commands == 1u);
}

static void correlation_data_has_a_longest(void) {
  lamp_online();
  lamp_send(LEVEL, "50", "1234567890123456789012345678901234567890");
  CHECK(lamp_commands == 1u);
  lamp_send(LEVEL, "50", "12345678901234567890123456789012345678901");
  CHECK(lamp_commands == 1u);
  CHECK(strstr(lamp_reply(), "too_long") != NULL);
}

static void the_last_eight_commands_are_not_obeyed_again(void) {
  char correlation[] = "correlation-000a";
  lamp_online();
  for (unsigned at = 0; at < 8u; at++) {
    correlation[15] = (char)('a' + at);
    lamp_send(LEVEL, "50", correlation);
  }
  CHECK(lamp_commands == 8u);
  for (unsigned at = 0; at < 8u; at++) {
    correlation[15] = (char)('a' + at);
    lamp_send(SCENE, "50", correlation);
  }
  CHECK(lamp_commands == 8u);
  CHECK(strstr(lamp_reply(), "\"code\":\"duplicate\"") != NULL);
  fake_broker_drops();
  fake_run(5000);
  CHECK(secure_esp_is_online());
  lamp_send(LEVEL, "50", "correlation-000a");
  CHECK(lamp_commands == 8u);
  lamp_send(LEVEL, "50", "correlation-0009");
  lamp_send(LEVEL, "50", "correlation-000a");
  CHECK(lamp_commands == 10u);
  /* Without correlation data nothing is known of a repeat. */
  lamp_send(LEVEL, "50", NULL);
  lamp_send(LEVEL, "50", NULL);
  CHECK(lamp_commands == 12u);
}

static esp_err_t s_results[5];
static secure_esp_command_t s_copy;
static const secure_esp_command_t *s_command;

static void replies_often(const secure_esp_command_t *command) {
  static char payload[LAMP_PAYLOAD_MAX_BYTES + 1u];
  s_command = command;
  s_copy = *command;
  CHECK(secure_esp_reply(NULL, "{}", 2) == ESP_ERR_INVALID_ARG);
  CHECK(secure_esp_reply(command, NULL, 2) == ESP_ERR_INVALID_ARG);
  CHECK(secure_esp_reply(command, "", 0) == ESP_ERR_INVALID_ARG);
  CHECK(secure_esp_reply(&s_copy, "{}", 2) == ESP_ERR_INVALID_STATE);
  CHECK(secure_esp_reply(command, payload, LAMP_PAYLOAD_MAX_BYTES + 1u) == ESP_ERR_INVALID_SIZE);
  fake_fail("esp_mqtt_client_enqueue", 1, -1);
  CHECK(secure_esp_reply(command, "{\"n\":1}", 7) == ESP_FAIL);
  CHECK(secure_esp_reply(command, "{\"n\":2}", 7) == ESP_OK);
  CHECK(secure_esp_reply(command, "{\"n\":3}", 7) == ESP_ERR_INVALID_STATE);
}

static void a_command_is_answered_once(void) {
  lamp_on_command = replies_often;
  lamp_online();
  lamp_send(LEVEL, "50", "correlation-0001");
  CHECK(lamp_commands == 1u);
  CHECK_TEXT(lamp_reply(), "{\"n\":2}");
  const unsigned published = fake_published_count;
  CHECK(secure_esp_reply(s_command, "{}", 2) == ESP_ERR_INVALID_STATE);
  CHECK(fake_published_count == published);
}

static void replies_late(void) { s_results[1] = s_command == NULL ? ESP_OK : secure_esp_reply(s_command, "{}", 2); }

/* On the component's task, but outside of the callback. */
static void a_command_is_not_answered_later(void) {
  lamp_on_command = replies_often;
  lamp_on_online = replies_late;
  lamp_online();
  lamp_send(LEVEL, "50", "correlation-0001");
  fake_broker_drops();
  fake_run(5000);
  CHECK(lamp_onlines == 2u && s_results[1] == ESP_ERR_INVALID_STATE);
}

static void other_task(void *arg) {
  (void)arg;
  s_results[0] = secure_esp_reply(s_command, "{}", 2);
  vTaskDelete(NULL);
}

static void waits(const secure_esp_command_t *command) {
  s_command = command;
  CHECK(xTaskCreate(other_task, "other", 4096, NULL, 10, NULL) == pdPASS);
  vTaskDelay(10);
  says(command);
}

static void another_task_cannot_answer(void) {
  lamp_on_command = waits;
  lamp_online();
  lamp_send(LEVEL, "50", "correlation-0001");
  CHECK(s_results[0] == ESP_ERR_INVALID_STATE);
  CHECK_TEXT(lamp_reply(), "{\"ok\":true}");
}

static void loses_the_link(const secure_esp_command_t *command) {
  fake_broker_drops();
  vTaskDelay(10);
  s_results[0] = secure_esp_reply(command, "{}", 2);
}

static void a_reply_without_a_connection_is_not_sent(void) {
  lamp_on_command = loses_the_link;
  lamp_online();
  lamp_send(LEVEL, "50", "correlation-0001");
  CHECK(s_results[0] == ESP_FAIL);
  CHECK_TEXT(lamp_reply(), "");
}

static void hangs(const secure_esp_command_t *command) {
  (void)command;
  for (;;) {
    vTaskDelay(100);
  }
}

static void with_a_callback_that_hangs(void) {
  lamp_on_command = hangs;
  lamp_online();
  lamp_send(LEVEL, "50", "correlation-0001");
  fake_run((CONFIG_SECURE_ESP_WATCHDOG_S + 10) * 1000);
  CHECK(false);
}

void application_command_suite(void) {
  BOOT_TEST(a_command_arrives_and_is_answered);
  BOOT_TEST(the_longest_payload_is_joined);
  BOOT_TEST(a_longer_payload_is_refused_unseen);
  BOOT_TEST(a_command_to_all_has_no_reply);
  BOOT_TEST(replies_go_below_the_own_topic_for_replies_only);
  BOOT_TEST(what_is_not_for_the_application_never_reaches_it);
  BOOT_TEST(retained_commands_are_refused);
  BOOT_TEST(correlation_data_has_a_longest);
  BOOT_TEST(the_last_eight_commands_are_not_obeyed_again);
  BOOT_TEST(a_command_is_answered_once);
  BOOT_TEST(a_command_is_not_answered_later);
  BOOT_TEST(another_task_cannot_answer);
  BOOT_TEST(a_reply_without_a_connection_is_not_sent);
  check_state.test = "a_callback_that_hangs_ends_in_a_panic";
  check_state.tests++;
  fake_new_chip();
  CHECK(fake_boot(with_a_callback_that_hangs) == FAKE_BOOT_RESTARTED);
  CHECK(fake_chip->reset_reason == ESP_RST_PANIC);
}
