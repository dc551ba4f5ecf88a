/* SPDX-License-Identifier: MIT */
#include "suites.h"
#include "world.h"

static world_t world;

static void stores_a_url_and_warns_while_it_is_not_in_force(void) {
  world_ready(&world);
  world_command(&world, "update/url", "https://other.example/fw.bin", 1);
  CHECK(world_replied(&world, "{\"ok\":true}"));
  CHECK(world_logged(&world, "secure_esp: [SUCCESS] Custom URL is written to storage (esp-001)"));
  CHECK(world_logged(&world, "secure_esp: [WARNING] Custom url is not activated, because use_url is set to 0"));
  CHECK(world_says(&world, "settings", "{\"url\":\"https://other.example/fw.bin\",\"useUrl\":0,\"interval\":3600}"));
  world_command(&world, "update/use_url", "1", 2);
  CHECK(world_replied(&world, "{\"ok\":true}"));
  CHECK(world_says(&world, "settings", "\"useUrl\":1"));
  world_forget(&world);
  world_command(&world, "update/url", "https://third.example/", 3);
  CHECK(!world_logged(&world, "[WARNING]"));
  world_command(&world, "update/run", "", 4);
  CHECK_TEXT(world.url, "https://third.example/");
}

static void keeps_settings_over_a_restart(void) {
  world_ready(&world);
  world_command(&world, "update/url", "https://other.example/fw.bin", 1);
  world_command(&world, "update/use_url", "1", 2);
  world_command(&world, "update/interval", "9999999", 3);
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world_connect(&world);
  CHECK(world_says(&world, "settings",
                   "{\"url\":\"https://other.example/fw.bin\",\"useUrl\":1,\"interval\":9999999}"));
}

static void uses_the_built_in_url_when_the_store_is_damaged(void) {
  world_ready(&world);
  world_command(&world, "update/url", "https://other.example/fw.bin", 1);
  world_command(&world, "update/use_url", "1", 2);
  world_entry_t *entry = (world_entry_t *)world_entry(&world, "url");
  entry->value[0] = 'f';
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world_connect(&world);
  CHECK(world_says(&world, "settings", "{\"url\":null,\"useUrl\":0,\"interval\":3600}"));
}

static void refuses_use_url_without_a_url(void) {
  world_ready(&world);
  world_command(&world, "update/use_url", "1", 1);
  CHECK(world_replied(&world, "\"code\":\"no_url\""));
  CHECK(world_logged(&world, "[ERROR] update/use_url: no custom URL is stored, use_url stays 0"));
  CHECK(world_entry(&world, "use_url") == NULL);
  world_command(&world, "update/use_url", "0", 2);
  CHECK(world_replied(&world, "{\"ok\":true}"));
}

static void refuses_bad_payloads_and_changes_nothing(void) {
  static const struct {
    const char *leaf;
    const char *payload;
    const char *code;
  } cases[] = {
      {"update/url", "", "bad_payload"},
      {"update/url", "http://a.example/", "bad_payload"},
      {"update/url", "https://user@a.example/", "bad_payload"},
      {"update/url", "https://a.example/#f", "bad_payload"},
      {"update/url", "https://a.example/\xff", "bad_payload"},
      {"update/use_url", "", "bad_payload"},
      {"update/use_url", "true", "bad_payload"},
      {"update/use_url", "2", "out_of_range"},
      {"update/interval", "", "bad_payload"},
      {"update/interval", "299", "out_of_range"},
      {"update/interval", "10000000", "out_of_range"},
      {"update/interval", "0600", "bad_payload"},
      {"update/interval", "600 ", "bad_payload"},
      {"update/interval", "-600", "out_of_range"},
      {"update/interval", "00000000000000600", "too_long"},
      {"update/run", " ", "bad_payload"},
      {"restart", "now", "bad_payload"},
  };
  for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
    world_ready(&world);
    world_command(&world, cases[at].leaf, cases[at].payload, 1);
    check_report(world_replied(&world, cases[at].code), cases[at].payload, cases[at].leaf, __LINE__);
    CHECK(world_logged(&world, "secure_esp: [ERROR] "));
    CHECK(world_last(&world, DEVICE_TOPIC "settings") == NULL);
    CHECK(world.starts == 0 && sesp_next_tick_ms(&world.core) == SESP_NEVER_MS);
    for (size_t key = 0; key < WORLD_KEYS; key++) {
      CHECK(!world.entries[key].used);
    }
  }
}

static void refuses_a_url_of_256_bytes(void) {
  char url[300];
  memset(url, 'a', sizeof(url));
  memcpy(url, "https://a.example/", 18);
  url[255] = '\0';
  world_ready(&world);
  world_command(&world, "update/url", url, 1);
  CHECK(world_replied(&world, "{\"ok\":true}"));
  url[255] = 'a';
  url[256] = '\0';
  world_command(&world, "update/url", url, 2);
  CHECK(world_replied(&world, "\"code\":\"too_long\""));
  sesp_inbound_t in;
  memset(&in, 0, sizeof(in));
  in.topic = DEVICE_TOPIC "update/url";
  in.topic_len = strlen(in.topic);
  in.payload_len = 100000; /* the port did not keep the bytes */
  sesp_on_message(&world.core, &in);
  CHECK(world_logged(&world, "[ERROR] update/url"));
}

static void refuses_what_it_cannot_store(void) {
  world_ready(&world);
  world.fail_op[OP_KV_SET] = 1;
  world_command(&world, "update/interval", "600", 1);
  CHECK(world_replied(&world, "\"code\":\"unsupported\""));
  CHECK(world_last(&world, DEVICE_TOPIC "settings") == NULL && world.core.settings.interval_s == 3600);
}

static void refuses_retained_commands(void) {
  sesp_inbound_t in;
  memset(&in, 0, sizeof(in));
  in.retained = true;
  in.response_topic = REPLY_TOPIC;
  in.response_topic_len = strlen(REPLY_TOPIC);
  world_ready(&world);
  world_send(&world, &in, DEVICE_TOPIC "restart", "");
  CHECK(world_replied(&world, "\"code\":\"retained\""));
  world_send(&world, &in, "/esp/restart", "");
  world_run(&world, 10000);
  CHECK(!world.restarted);
}

static void recognises_the_last_eight_commands(void) {
  world_ready(&world);
  for (uint8_t mark = 1; mark <= 8; mark++) {
    world_command(&world, "update/interval", "600", mark);
    CHECK(world_replied(&world, "{\"ok\":true}"));
  }
  for (uint8_t mark = 1; mark <= 8; mark++) {
    world_command(&world, "update/interval", "700", mark);
    CHECK(world_replied(&world, "\"code\":\"duplicate\""));
  }
  CHECK(world.core.settings.interval_s == 600);
  world_command(&world, "update/interval", "700", 9);
  world_command(&world, "update/interval", "800", 1);
  CHECK(world.core.settings.interval_s == 800);
}

static void recognises_a_repeat_after_the_restart_it_caused(void) {
  world_ready(&world);
  world_command(&world, "restart", "", 5);
  CHECK(world_replied(&world, "{\"ok\":true}") && !world.restarted);
  world_ack(&world);
  CHECK(world.restarted);
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world_connect(&world);
  world_command(&world, "restart", "", 5);
  CHECK(world_replied(&world, "\"code\":\"duplicate\""));
  world_run(&world, 10000);
  CHECK(!world.restarted);
}

static void restarts_after_two_seconds_without_acknowledgement(void) {
  world_ready(&world);
  world_command(&world, "restart", "", 1);
  world_run(&world, 1999);
  CHECK(!world.restarted);
  world_run(&world, 1);
  CHECK(world.restarted && sesp_next_tick_ms(&world.core) == SESP_NEVER_MS);
  world_forget(&world);
  world_command(&world, "update/interval", "600", 2); /* nothing happens after the restart call */
  CHECK(world.message_count == 0 && world.restarts == 1);
}

static void does_not_put_a_restart_off(void) {
  world_ready(&world);
  world_command(&world, "restart", "", 1);
  world_run(&world, 1500);
  world_command(&world, "restart", "", 2);
  world_run(&world, 500);
  CHECK(world.restarted);
}

static void does_not_run_what_it_cannot_count(void) {
  sesp_inbound_t in;
  memset(&in, 0, sizeof(in));
  in.response_topic = REPLY_TOPIC;
  in.response_topic_len = strlen(REPLY_TOPIC);
  world_ready(&world);
  world.fail_op[OP_KV_SET] = 1;
  world_send(&world, &in, DEVICE_TOPIC "update/run", "");
  CHECK(world_replied(&world, "\"code\":\"unsupported\"") && world.starts == 0);
}

static void restarts_a_broadcast_once_its_log_line_is_out(void) {
  world_ready(&world);
  world_broadcast(&world, "restart", "", 1);
  CHECK(world_count(&world, REPLY_TOPIC) == 0 && world_logged(&world, "[SUCCESS] Restart ESP32... (esp-001)"));
  CHECK(!world.restarted);
  world_ack(&world);
  CHECK(world.restarted);
}

static void starts_no_run_while_a_restart_waits(void) {
  world_ready(&world);
  world_command(&world, "restart", "", 1);
  world_command(&world, "update/run", "", 2);
  CHECK(world_replied(&world, "\"code\":\"busy\"") && world_replied(&world, "about to restart"));
  CHECK(world.starts == 0 && world.core.run_counter == 0);
}

static void does_not_restart_when_it_could_not_remember(void) {
  world_ready(&world);
  world.fail_op[OP_KV_SET] = 1;
  world_command(&world, "restart", "", 1);
  world_run(&world, 10000);
  CHECK(!world.restarted && world_replied(&world, "\"code\":\"unsupported\""));
}

static void obeys_broadcasts_without_reply(void) {
  world_ready(&world);
  world_broadcast(&world, "update/interval", "600", 1);
  CHECK(world_count(&world, REPLY_TOPIC) == 0);
  CHECK(world.core.settings.interval_s == 600);
  world_broadcast(&world, "update/interval", "1", 2);
  CHECK(world_count(&world, REPLY_TOPIC) == 0 && world_logged(&world, "[ERROR] update/interval"));
}

void commands_suite(void) {
  TEST(stores_a_url_and_warns_while_it_is_not_in_force);
  TEST(keeps_settings_over_a_restart);
  TEST(uses_the_built_in_url_when_the_store_is_damaged);
  TEST(refuses_use_url_without_a_url);
  TEST(refuses_bad_payloads_and_changes_nothing);
  TEST(refuses_a_url_of_256_bytes);
  TEST(refuses_what_it_cannot_store);
  TEST(refuses_retained_commands);
  TEST(recognises_the_last_eight_commands);
  TEST(recognises_a_repeat_after_the_restart_it_caused);
  TEST(restarts_after_two_seconds_without_acknowledgement);
  TEST(does_not_put_a_restart_off);
  TEST(does_not_run_what_it_cannot_count);
  TEST(restarts_a_broadcast_once_its_log_line_is_out);
  TEST(starts_no_run_while_a_restart_waits);
  TEST(does_not_restart_when_it_could_not_remember);
  TEST(obeys_broadcasts_without_reply);
}
