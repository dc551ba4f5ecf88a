/* SPDX-License-Identifier: MIT */
#include "suites.h"
#include "world.h"

static world_t world;

/** Sends a harmless command with this response topic; true if anything was published on a reply topic. */
static bool replies_to(const char *response_topic) {
  sesp_inbound_t in;
  memset(&in, 0, sizeof(in));
  world_ready(&world);
  in.response_topic = response_topic;
  in.response_topic_len = response_topic == NULL ? 0u : strlen(response_topic);
  world_send(&world, &in, DEVICE_TOPIC "update/interval", "600");
  for (size_t at = 0; at < world.message_count; at++) {
    const char *topic = world.messages[at].topic;
    if (strcmp(topic, DEVICE_TOPIC "settings") != 0 && strcmp(topic, DEVICE_TOPIC "log") != 0 &&
        strcmp(topic, "/esp/log") != 0) {
      return true;
    }
  }
  return false;
}

static void replies_only_below_its_own_reply_topic(void) {
  CHECK(replies_to(REPLY_TOPIC));
  CHECK(!replies_to(NULL));
  CHECK(!replies_to(""));
  CHECK(!replies_to("/esp/devices/esp-002/replies/" CLIENT_ID));
  CHECK(!replies_to("/esp/devices/esp-00/replies/" CLIENT_ID));
  CHECK(!replies_to("/esp/devices/esp-0011/replies/" CLIENT_ID));
  CHECK(!replies_to("/esp/devices/esp-001/replies/short"));
  CHECK(!replies_to("/esp/devices/esp-001/replies/" CLIENT_ID "/more"));
  CHECK(!replies_to("/esp/devices/esp-001/replies/client_012345678+"));
  CHECK(!replies_to("/esp/devices/esp-002/restart"));
  CHECK(!replies_to("/esp/devices/esp-001/restart"));
  CHECK(!replies_to("/esp/update/run"));
  CHECK(!replies_to("anything"));
}

static void echoes_the_correlation_data(void) {
  world_ready(&world);
  world_command(&world, "update/interval", "600", 0xAB);
  const world_message_t *reply = world_last(&world, REPLY_TOPIC);
  CHECK(reply != NULL && reply->correlation_len == 16 && reply->correlation[15] == 0xAB);
  CHECK(reply != NULL && reply->qos == 1 && !reply->retain);
  CHECK(replies_to(REPLY_TOPIC));
  reply = world_last(&world, REPLY_TOPIC);
  CHECK(reply != NULL && reply->correlation_len == 0);
}

static void refuses_correlation_data_that_it_cannot_remember(void) {
  uint8_t correlation[41];
  sesp_inbound_t in;
  memset(&in, 0, sizeof(in));
  memset(correlation, 1, sizeof(correlation));
  in.response_topic = REPLY_TOPIC;
  in.response_topic_len = strlen(REPLY_TOPIC);
  in.correlation = correlation;
  in.correlation_len = 41;
  world_ready(&world);
  world_send(&world, &in, DEVICE_TOPIC "update/interval", "600");
  CHECK(world_replied(&world, "\"code\":\"too_long\"") && world.core.settings.interval_s == 3600);
  in.correlation_len = 40;
  world_send(&world, &in, DEVICE_TOPIC "update/interval", "600");
  CHECK(world_replied(&world, "{\"ok\":true}"));
  world_send(&world, &in, DEVICE_TOPIC "update/interval", "600");
  CHECK(world_replied(&world, "\"code\":\"duplicate\""));
}

static void ignores_topics_that_are_not_its_commands(void) {
  static const char *const topics[] = {"/esp/devices/esp-002/restart", "/esp/devices/esp-00/restart", "/esp/restar",
                                       "/esp/restart/", "/esp/restartx", "esp/restart", "/esp", "", "/esp/log",
                                       DEVICE_TOPIC "status", DEVICE_TOPIC "settings", REPLY_TOPIC, "/esp/update",
                                       "/esp/devices//restart", "/ESP/restart"};
  sesp_inbound_t in;
  memset(&in, 0, sizeof(in));
  in.response_topic = REPLY_TOPIC;
  in.response_topic_len = strlen(REPLY_TOPIC);
  world_ready(&world);
  for (size_t at = 0; at < sizeof(topics) / sizeof(topics[0]); at++) {
    world_send(&world, &in, topics[at], "");
  }
  in.topic = NULL;
  sesp_on_message(&world.core, &in);
  world_run(&world, 10000);
  CHECK(world.message_count == 0 && !world.restarted);
}

static void keeps_log_lines_off_the_broadcast_topic_when_told_so(void) {
  world_ready(&world);
  world_command(&world, "update/interval", "600", 1);
  CHECK(world_count(&world, "/esp/log") == 1 && world_count(&world, DEVICE_TOPIC "log") == 1);
  world_reset(&world);
  world.config.broadcast_log = false;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_command(&world, "update/interval", "600", 1);
  CHECK(world_count(&world, "/esp/log") == 0 && world_count(&world, DEVICE_TOPIC "log") == 2);
}

static void gives_each_message_its_own_token(void) {
  world_ready(&world);
  world.core.next_token = UINT32_MAX - 1u;
  world_command(&world, "update/interval", "600", 1);
  for (size_t a = 0; a < world.message_count; a++) {
    CHECK(world.messages[a].token != 0);
    for (size_t b = 0; b < a; b++) {
      CHECK(world.messages[a].token != world.messages[b].token);
    }
  }
}

void replies_suite(void) {
  TEST(replies_only_below_its_own_reply_topic);
  TEST(echoes_the_correlation_data);
  TEST(refuses_correlation_data_that_it_cannot_remember);
  TEST(ignores_topics_that_are_not_its_commands);
  TEST(keeps_log_lines_off_the_broadcast_topic_when_told_so);
  TEST(gives_each_message_its_own_token);
}
