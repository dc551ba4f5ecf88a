/* SPDX-License-Identifier: MIT */
/* What hosts and brokers should not do, and values that cannot be encoded. */
#include "sesp_internal.h"
#include "suites.h"
#include "world.h"

static world_t world;

static void ignores_everything_after_the_restart(void) {
  world_ready(&world);
  sesp_restart_now(&world.core);
  world_forget(&world);
  sesp_on_connected(&world.core);
  sesp_on_published(&world.core, 1);
  CHECK(world.message_count == 0 && world.restarts == 1);
}

static void ignores_acknowledgements_that_nobody_waits_for(void) {
  world_ready(&world);
  sesp_on_published(&world.core, 0);
  world.core.restart_token = 77;
  sesp_on_published(&world.core, 77);
  CHECK(!world.restarted);
}

static void ignores_a_failed_attempt_while_connected(void) {
  world_ready(&world);
  sesp_on_connect_failed(&world.core, SESP_CONNECT_AUTH);
  CHECK(world.core.confirm.failure == SESP_CONNECT_UNREACHABLE);
}

static void drops_events_that_cannot_be_encoded(void) {
  world_ready(&world);
  world.core.report.state = (sesp_update_state_state_t)SESP_UPDATE_STATE_STATE_COUNT;
  world.core.settings.use_url = 2;
  world.core.config.reset_reason = (sesp_status_reset_reason_t)SESP_STATUS_RESET_REASON_COUNT;
  sesp_events_mark(&world.core, SESP_DIRTY_STATE);
  sesp_events_mark(&world.core, SESP_DIRTY_SETTINGS);
  sesp_events_mark(&world.core, SESP_DIRTY_STATUS);
  sesp_events_flush(&world.core);
  CHECK(world.message_count == 0 && world.core.dirty == 0);
  CHECK_TEXT(world.last_line, "secure_esp: [ERROR] an event could not be encoded");
  sesp_events_flush(&world.core);
  CHECK(world.message_count == 0);
}

static void publishes_nothing_under_a_name_that_is_none(void) {
  sesp_publish_t message;
  sesp_result_t result = SESP_ERR_PORT;
  world_ready(&world);
  memset(&message, 0, sizeof(message));
  CHECK(sesp_send(&world.core, SESP_TOPIC_STATUS, SESP_SCOPE_ALL, NULL, &message) == SESP_ERR_ARGUMENT);
  world.core.config.device_id = "";
  world.core.subscribed = 0;
  CHECK(sesp_subscribe_next(&world.core, &result) && result == SESP_OK && world.core.subscribed == 1);
  CHECK(world.message_count == 0);
}

static void logs_an_unknown_level_as_an_error(void) {
  world_ready(&world);
  (void)sesp_log_line(&world.core, (sesp_log_level_t)9, "text");
  CHECK_TEXT(world.last_line, "secure_esp: [ERROR] text (" DEVICE_ID ")");
}

static void sends_no_reply_that_the_contract_does_not_know(void) {
  sesp_inbound_t in;
  sesp_command_t command;
  world_ready(&world);
  memset(&in, 0, sizeof(in));
  memset(&command, 0, sizeof(command));
  command.in = &in;
  command.topic = SESP_TOPIC_STATUS;
  (void)memcpy(command.client, CLIENT_ID, sizeof(CLIENT_ID));
  sesp_refuse(&world.core, &command, (sesp_replies_code_t)SESP_REPLIES_CODE_COUNT, "no");
  CHECK(world_last(&world, REPLY_TOPIC) == NULL && world_logged(&world, "command: no"));
}

static void forgets_correlation_data_that_is_too_long(void) {
  sesp_correlation_t ring;
  uint8_t data[SESP_CORRELATION_MAX_BYTES + 1u];
  memset(&ring, 0, sizeof(ring));
  memset(data, 1, sizeof(data));
  sesp_correlation_remember(&ring, data, sizeof(data));
  CHECK(ring.next == 0 && !sesp_correlation_seen(&ring, data, sizeof(data)));
}

static void refuses_missing_pointers(void) {
  char topic[SESP_TOPIC_MAX_BYTES + 1u];
  char payload[SESP_STATUS_MAX_BYTES + 1u];
  size_t a = 0;
  size_t b = 0;
  sesp_core_t core;
  world_ready(&world);
  CHECK(sesp_will(&world.core, NULL, sizeof(topic), &a, payload, sizeof(payload), &b) == SESP_ERR_ARGUMENT);
  CHECK(sesp_will(&world.core, topic, sizeof(topic), NULL, payload, sizeof(payload), &b) == SESP_ERR_ARGUMENT);
  CHECK(sesp_will(&world.core, topic, sizeof(topic), &a, NULL, sizeof(payload), &b) == SESP_ERR_ARGUMENT);
  CHECK(sesp_will(&world.core, topic, sizeof(topic), &a, payload, sizeof(payload), NULL) == SESP_ERR_ARGUMENT);
  for (int missing = 0; missing < 4; missing++) {
    sesp_config_t config = world.config;
    if (missing == 0) {
      config.device_id = NULL;
    } else if (missing == 1) {
      config.builtin_url = NULL;
    } else if (missing == 2) {
      config.project = NULL;
    } else {
      config.version = NULL;
    }
    CHECK(sesp_init(&core, &config, &world.port) == SESP_ERR_ARGUMENT);
  }
}

void session_edges_suite(void) {
  TEST(ignores_everything_after_the_restart);
  TEST(ignores_acknowledgements_that_nobody_waits_for);
  TEST(ignores_a_failed_attempt_while_connected);
  TEST(drops_events_that_cannot_be_encoded);
  TEST(publishes_nothing_under_a_name_that_is_none);
  TEST(logs_an_unknown_level_as_an_error);
  TEST(sends_no_reply_that_the_contract_does_not_know);
  TEST(forgets_correlation_data_that_is_too_long);
  TEST(refuses_missing_pointers);
}
