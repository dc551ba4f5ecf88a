/* SPDX-License-Identifier: MIT */
#include "suites.h"
#include "world.h"

static world_t world;

static void boot(void) {
  world_reset(&world);
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
}

static void announces_its_last_will(void) {
  char topic[SESP_TOPIC_MAX_BYTES + 1u];
  char payload[SESP_STATUS_MAX_BYTES + 1u];
  size_t topic_len = 0;
  size_t payload_len = 0;
  boot();
  CHECK(sesp_will(&world.core, topic, sizeof(topic), &topic_len, payload, sizeof(payload), &payload_len) == SESP_OK);
  CHECK_TEXT(topic, DEVICE_TOPIC "status");
  CHECK_TEXT(payload, "{\"online\":false}");
  CHECK(topic_len == strlen(topic) && payload_len == strlen(payload));
  CHECK(sesp_will(&world.core, topic, 4, &topic_len, payload, sizeof(payload), &payload_len) == SESP_ERR_NO_SPACE);
  CHECK(sesp_will(&world.core, topic, sizeof(topic), &topic_len, payload, 4, &payload_len) == SESP_ERR_NO_SPACE);
  CHECK(sesp_will(NULL, topic, sizeof(topic), &topic_len, payload, 4, &payload_len) == SESP_ERR_ARGUMENT);
}

static void subscribes_to_every_command_in_both_scopes(void) {
  static const char *const leaves[] = {"update/url", "update/use_url", "update/interval", "update/run", "restart"};
  boot();
  world_connect(&world);
  CHECK(world.filter_count == 10);
  for (size_t at = 0; at < 5u; at++) {
    char device[160];
    char all[160];
    size_t found = 0;
    (void)snprintf(device, sizeof(device), "%s%s", DEVICE_TOPIC, leaves[at]);
    (void)snprintf(all, sizeof(all), "/esp/%s", leaves[at]);
    for (size_t filter = 0; filter < world.filter_count; filter++) {
      found += strcmp(world.filters[filter], device) == 0 || strcmp(world.filters[filter], all) == 0 ? 1u : 0u;
    }
    CHECK(found == 2);
  }
}

static void publishes_its_state_retained(void) {
  boot();
  world_connect(&world);
  const world_message_t *status = world_last(&world, DEVICE_TOPIC "status");
  const world_message_t *settings = world_last(&world, DEVICE_TOPIC "settings");
  const world_message_t *state = world_last(&world, DEVICE_TOPIC "update/state");
  CHECK(status != NULL && status->retain && status->qos == 1);
  CHECK(settings != NULL && settings->retain && settings->qos == 1);
  CHECK(state != NULL && state->retain && state->qos == 1);
  CHECK(world_says(&world, "status", "\"online\":true,\"project\":\"secure_esp\",\"version\":\"1.0.0\","
                                     "\"chip\":\"esp32c3\""));
  CHECK(world_says(&world, "status", "\"resetReason\":\"power_on\",\"protocol\":1"));
  CHECK(world_says(&world, "status", SESP_CONTRACT_HASH));
  CHECK(settings != NULL && strcmp(settings->payload, "{\"url\":null,\"useUrl\":0,\"interval\":3600}") == 0);
  CHECK(state != NULL && strcmp(state->payload, "{\"run\":0,\"state\":\"idle\",\"from\":\"1.0.0\",\"to\":null,"
                                                "\"bytes\":0,\"total\":0,\"reason\":null}") == 0);
}

static void greets_once_per_boot(void) {
  boot();
  world_connect(&world);
  CHECK(world_logged(&world, "secure_esp: [SUCCESS] ESP32 successfully booted and connected. Running firmware "
                             "version: 1.0.0 (esp-001)"));
  sesp_on_disconnected(&world.core);
  world_forget(&world);
  world_connect(&world);
  CHECK(world_count(&world, DEVICE_TOPIC "log") == 0);
  CHECK(world_count(&world, DEVICE_TOPIC "status") == 1);
  CHECK(world.filter_count == 10);
}

static void offers_again_what_the_port_did_not_take(void) {
  boot();
  world.fail_op[OP_SUBSCRIBE] = 1;
  world_connect(&world);
  CHECK(world.filter_count == 0 && world_last(&world, DEVICE_TOPIC "status") == NULL);
  world.fail_op[OP_PUBLISH] = 2;
  CHECK(sesp_next_tick_ms(&world.core) == world.now_ms + 1000u);
  world_run(&world, 1000);
  CHECK(world.filter_count == 10 && world_last(&world, DEVICE_TOPIC "status") == NULL);
  world_run(&world, 1000);
  CHECK(world_last(&world, DEVICE_TOPIC "status") == NULL);
  world_run(&world, 1000);
  CHECK(world.filter_count == 10);
  CHECK(world_last(&world, DEVICE_TOPIC "status") != NULL && world_last(&world, DEVICE_TOPIC "settings") != NULL);
  CHECK(world_last(&world, DEVICE_TOPIC "update/state") != NULL);
  CHECK(sesp_next_tick_ms(&world.core) == SESP_NEVER_MS);
}

static void publishes_nothing_while_disconnected(void) {
  boot();
  world_run(&world, 10000);
  CHECK(world.message_count == 0);
  world_connect(&world);
  sesp_on_disconnected(&world.core);
  world_forget(&world);
  world_command(&world, "update/interval", "600", 1);
  CHECK(world.message_count == 0);
  CHECK(strstr(world.last_line, "Update Interval set: 600") != NULL && world.last_level == SESP_LOG_SUCCESS);
}

static void makes_an_unprintable_descriptor_fit_for_json(void) {
  world_reset(&world);
  (void)snprintf(world.slots[0].version, sizeof(world.slots[0].version), "1.0\"\x02\xff");
  (void)snprintf(world.slots[0].project, sizeof(world.slots[0].project), "caf\xc3\xa9");
  world_boot(&world, SESP_STATUS_RESET_REASON_PANIC);
  world_connect(&world);
  CHECK(world_says(&world, "status", "\"project\":\"caf??\",\"version\":\"1.0\\\"??\""));
  CHECK(world_says(&world, "status", "\"resetReason\":\"panic\""));
}

void session_suite(void) {
  TEST(announces_its_last_will);
  TEST(subscribes_to_every_command_in_both_scopes);
  TEST(publishes_its_state_retained);
  TEST(greets_once_per_boot);
  TEST(offers_again_what_the_port_did_not_take);
  TEST(publishes_nothing_while_disconnected);
  TEST(makes_an_unprintable_descriptor_fit_for_json);
}
