/* SPDX-License-Identifier: MIT */
/* The contract of an application: what is accepted at the start, what is listened to, and when. */
#include "lamp_device.h"

#include <string.h>

#include "sdkconfig.h"

#define CORE_SUBSCRIPTIONS (10u)

static bool listens(const char *filter, unsigned *at) {
  for (*at = 0; *at < fake_subscribed_count; (*at)++) {
    if (strcmp(fake_subscribed[*at].filter, filter) == 0) {
      return true;
    }
  }
  return false;
}

static void commands_are_listened_to_before_status_says_online(void) {
  static const char *const filters[] = {LEVEL, SCENE, SCENE_ALL};
  unsigned at = 0;
  lamp_online();
  CHECK(fake_subscribed_count == CORE_SUBSCRIPTIONS + 3u);
  for (size_t wanted = 0; wanted < 3u; wanted++) {
    CHECK(listens(filters[wanted], &at));
    CHECK(fake_subscribed[at].published == 0u && fake_subscribed[at].qos == 1);
    CHECK(fake_subscribed[at].properties.retain_handle == 2u);
  }
  CHECK(strstr(device_last("status"), "\"online\":true") != NULL);
}

static void without_a_hook_for_commands_none_are_listened_to(void) {
  device_config = lamp_config();
  device_config.on_command = NULL;
  device_provision();
  device_online();
  CHECK(fake_subscribed_count == CORE_SUBSCRIPTIONS);
  lamp_send(LEVEL, "50", "correlation-0001");
  CHECK(lamp_commands == 0u);
  CHECK_TEXT(lamp_reply(), "");
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "on", 2, 1, true) == ESP_OK);
  fake_run(200);
  CHECK_TEXT(device_last("app/state"), "on");
}

/* No subscription, no message and no queue more than before. */
static void without_an_application_nothing_is_different(void) {
  device_provision();
  device_online();
  CHECK(fake_subscribed_count == CORE_SUBSCRIPTIONS);
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "on", 2, 1, true) == ESP_ERR_INVALID_STATE);
  lamp_send(LEVEL, "50", "correlation-0001");
  CHECK_TEXT(lamp_reply(), "");
  CHECK(lamp_onlines == 0u);
  const unsigned connects = fake_connects;
  fake_broker_drops();
  fake_run(5000);
  CHECK(secure_esp_is_online() && fake_connects == connects + 1u && fake_subscribed_count == CORE_SUBSCRIPTIONS);
  CHECK(fake_calls("xQueueCreate") == 2u);
}

static unsigned s_status_at_online;

static void look_at_online(void) {
  s_status_at_online = strstr(device_last("status"), "\"online\":true") != NULL ? fake_subscribed_count : 0u;
  CHECK(secure_esp_publish(LAMP_TOPIC_STATE, "on", 2, 1, true) == ESP_OK);
}

static void every_connection_is_told_to_the_application(void) {
  lamp_on_online = look_at_online;
  lamp_online();
  CHECK(lamp_onlines == 1u);
  CHECK(s_status_at_online == CORE_SUBSCRIPTIONS + 3u);
  CHECK_TEXT(device_last("app/state"), "on");
  const unsigned published = fake_published_count;
  fake_broker_drops();
  fake_run(5000);
  CHECK(lamp_onlines == 2u);
  CHECK(fake_last_on(STATE) >= &fake_published[published]);
  unsigned at = 0;
  CHECK(listens(LEVEL, &at) && fake_subscribed[at].published >= published);
}

static void the_hook_needs_no_contract(void) {
  device_config = lamp_config();
  device_config.contract = NULL;
  device_config.on_command = NULL;
  device_provision();
  device_online();
  CHECK(lamp_onlines == 1u);
}

/* The second of three subscriptions fails, and at the next connection the first one. */
static void a_device_that_cannot_listen_connects_again_and_does_not_say_online(void) {
  device_config = lamp_config();
  device_provision();
  fake_fail("esp_mqtt_client_subscribe_single", 2, -1);
  CHECK(secure_esp_start(&device_config) == ESP_OK);
  fake_net_up();
  CHECK(fake_run_until(fake_mqtt_connected, NULL, 60000));
  fake_run(100);
  CHECK(!secure_esp_is_online());
  CHECK(fake_published_count == 0u);
  CHECK(lamp_onlines == 0u);
  CHECK(fake_log_contains("cannot be listened to"));
  fake_fail("esp_mqtt_client_subscribe_single", 1, -1);
  fake_run(20000);
  CHECK(secure_esp_is_online());
  CHECK(fake_connects == 3u);
  CHECK(lamp_onlines == 1u);
  CHECK(fake_subscribed_count == CORE_SUBSCRIPTIONS + 3u);
  CHECK(strstr(device_last("status"), "\"online\":true") != NULL);
}

/* As long as it cannot, the pauses between its attempts grow. */
static void a_device_that_can_never_listen_does_not_hammer_the_broker(void) {
  device_config = lamp_config();
  device_provision();
  fake_fail("esp_mqtt_client_subscribe_single", 0, -1);
  CHECK(secure_esp_start(&device_config) == ESP_OK);
  fake_net_up();
  fake_run(3600u * 1000u);
  CHECK(fake_connects > 30u && fake_connects < 150u);
  CHECK(fake_last_on(STATE) == NULL && fake_published_count == 0u);
  fake_fail_never("esp_mqtt_client_subscribe_single");
  fake_run(120000);
  CHECK(secure_esp_is_online() && lamp_onlines == 1u);
}

static secure_esp_contract_t s_contract;
static bool s_is_command[64];

static void refused(const char *why, const char *file, int line) {
  secure_esp_config_t config = lamp_config();
  config.contract = &s_contract;
  fake_log_clear();
  check_report(secure_esp_start(&config) == ESP_ERR_INVALID_ARG, why, file, line);
  check_report(fake_log_contains(why), why, file, line);
  s_contract = *lamp;
}

#define REFUSED(why) refused(why, __FILE__, __LINE__)

static bool build_nothing(unsigned topic, bool all, const char *device, char *out, size_t out_cap, size_t *out_len) {
  return topic != LAMP_TOPIC_LEVEL && lamp->build(topic, all, device, out, out_cap, out_len);
}

static bool build_many(unsigned topic, bool all, const char *device, char *out, size_t out_cap, size_t *out_len) {
  const int len = snprintf(out, out_cap, SESP_TOPIC_ROOT "/%s%sapp/c%u", all ? "" : "devices/", all ? "" : "x/", topic);
  (void)device;
  *out_len = (size_t)len;
  return true;
}

static void a_contract_that_cannot_be_carried_is_refused(void) {
  device_provision();
  s_contract = *lamp;
  s_contract.root = "/home/climate";
  REFUSED("its root is /home/climate");
  s_contract.topic_max_bytes = SECURE_ESP_TOPIC_MAX_BYTES + 1u;
  REFUSED("more than 256");
  s_contract.payload_max_bytes = CONFIG_SECURE_ESP_APP_PAYLOAD_MAX_BYTES + 1u;
  REFUSED("CONFIG_SECURE_ESP_APP_PAYLOAD_MAX_BYTES");
  s_contract.build = build_nothing;
  REFUSED("topic 4 is a command with a parameter");
  (void)memcpy(s_is_command, lamp->is_command, LAMP_TOPIC_COUNT * sizeof(bool));
  s_is_command[LAMP_TOPIC_STATUS] = true;
  s_contract.is_command = s_is_command;
  REFUSED("topic 3 is the component's own");
  s_is_command[LAMP_TOPIC_STATUS] = false;
  s_is_command[LAMP_TOPIC_UPDATE_RUN] = false;
  s_contract.is_command = s_is_command;
  REFUSED("topic 1 is the component's own");
  for (size_t at = 0; at < 64u; at++) {
    s_is_command[at] = true;
  }
  s_contract.is_command = s_is_command;
  s_contract.build = build_many;
  s_contract.topics = SECURE_ESP_SUBSCRIPTIONS_MAX / 2u + 2u;
  REFUSED("34 topics to listen to, more than 32");
  secure_esp_config_t config = lamp_config();
  config.contract = NULL;
  CHECK(secure_esp_start(&config) == ESP_ERR_INVALID_ARG);
  /* The limits themselves are good, and nothing has been started. */
  s_contract.topic_max_bytes = SECURE_ESP_TOPIC_MAX_BYTES;
  s_contract.payload_max_bytes = CONFIG_SECURE_ESP_APP_PAYLOAD_MAX_BYTES;
  s_contract.is_command = s_is_command;
  s_contract.build = build_many;
  s_contract.topics = SECURE_ESP_SUBSCRIPTIONS_MAX / 2u + 1u;
  config = lamp_config();
  config.contract = &s_contract;
  CHECK_TEXT(secure_esp_device_id(), "");
  CHECK(fake_task_count() == 0u);
  CHECK(secure_esp_start(&config) == ESP_OK);
  CHECK_TEXT(secure_esp_device_id(), DEVICE);
}

SECURE_ESP_CONTRACT(sesp, SESP);

/* The contract that every other one extends adds nothing to itself. */
static void the_components_own_contract_is_carried_by_the_core(void) {
  device_config = lamp_config();
  device_config.contract = &sesp_contract;
  device_provision();
  device_online();
  CHECK(fake_subscribed_count == CORE_SUBSCRIPTIONS);
  lamp_send(SESP_TOPIC_ROOT "/devices/" DEVICE "/update/interval", "7200", "correlation-0001");
  CHECK_TEXT(lamp_reply(), "{\"ok\":true}");
  CHECK(lamp_commands == 0u);
  CHECK(secure_esp_publish(SESP_TOPIC_STATUS, "{}", 2, 1, true) == ESP_ERR_INVALID_ARG);
}

void application_suite(void) {
  BOOT_TEST(commands_are_listened_to_before_status_says_online);
  BOOT_TEST(without_a_hook_for_commands_none_are_listened_to);
  BOOT_TEST(without_an_application_nothing_is_different);
  BOOT_TEST(every_connection_is_told_to_the_application);
  BOOT_TEST(the_hook_needs_no_contract);
  BOOT_TEST(a_device_that_cannot_listen_connects_again_and_does_not_say_online);
  BOOT_TEST(a_device_that_can_never_listen_does_not_hammer_the_broker);
  BOOT_TEST(a_contract_that_cannot_be_carried_is_refused);
  BOOT_TEST(the_components_own_contract_is_carried_by_the_core);
}
