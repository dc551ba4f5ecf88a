/* SPDX-License-Identifier: MIT */
#include "suites.h"
#include "world.h"

static world_t world;

static void start(void) {
  world_ready(&world);
  world_command(&world, "update/run", "", 1);
}

static void check_failed(const char *reason) {
  char part[64];
  (void)snprintf(part, sizeof(part), "\"state\":\"failed\"");
  check_report(world_says(&world, "update/state", part), reason, __FILE__, __LINE__);
  (void)snprintf(part, sizeof(part), "\"reason\":\"%s\"", reason);
  check_report(world_says(&world, "update/state", part), reason, __FILE__, __LINE__);
  CHECK(world.next == 0 && world.slots[0].state == SLOT_VALID && !world.restarted);
  world_command(&world, "update/run", "", 99);
  CHECK(world_replied(&world, "{\"ok\":true,\"run\":2}"));
}

static void asks_for_news_with_what_it_runs(void) {
  start();
  CHECK(world_replied(&world, "{\"ok\":true,\"run\":1}"));
  CHECK(world_logged(&world, "secure_esp: [SUCCESS] OTA-Update started (esp-001)"));
  CHECK(world_says(&world, "update/state", "{\"run\":1,\"state\":\"checking\",\"from\":\"1.0.0\",\"to\":null"));
  CHECK(world.starts == 1 && world.accept_manifest && world.max_bytes == 1024u * 1024u);
  CHECK_TEXT(world.url, BUILTIN_URL);
  CHECK_TEXT(world.if_none_match, "");
  CHECK_TEXT(world.request_version, "1.0.0");
  CHECK(strncmp(world.request_image, "01010101", 8) == 0 && strlen(world.request_image) == 64);
}

static void reports_that_nothing_is_newer(void) {
  static const uint32_t statuses[] = {204, 304};
  for (size_t at = 0; at < 2u; at++) {
    start();
    world_respond(&world, statuses[at], NULL, -1, NULL);
    CHECK(world_says(&world, "update/state", "\"state\":\"idle\",\"from\":\"1.0.0\",\"to\":null"));
    CHECK(world_says(&world, "update/state", "\"reason\":\"none_newer\""));
    CHECK(world.aborts == 1 && !world.downloading);
  }
}

static void refuses_a_second_run_meanwhile(void) {
  start();
  world_command(&world, "update/run", "", 2);
  CHECK(world_replied(&world, "\"code\":\"busy\""));
  CHECK(world_logged(&world, "[ERROR] update/run: Update Process is running"));
  world_broadcast(&world, "update/run", "", 3);
  CHECK(world.starts == 1 && world.core.run_counter == 1);
}

static void updates_from_command_to_confirmation(void) {
  start();
  world_serve_image(&world, "1.1.0", 2);
  CHECK(world_says(&world, "update/state", "{\"run\":1,\"state\":\"verifying\",\"from\":\"1.0.0\",\"to\":\"1.1.0\","
                                           "\"bytes\":4096,\"total\":4096,\"reason\":null}"));
  CHECK(world.verifying && !world.has_file_sha256 && world.continues == 2);
  world_verified(&world, 2);
  CHECK(world_says(&world, "update/state", "\"state\":\"rebooting\""));
  CHECK(world.next == 1 && !world.restarted);
  world_ack(&world);
  CHECK(world.restarted);

  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world_forget(&world);
  world_connect(&world);
  CHECK(world_says(&world, "update/state", "{\"run\":1,\"state\":\"pending_confirm\",\"from\":\"1.0.0\","
                                           "\"to\":\"1.1.0\""));
  CHECK(world.slots[1].state == SLOT_PENDING);
  world_ack(&world);
  CHECK(world.slots[1].state == SLOT_VALID);
  CHECK(world_says(&world, "update/state", "{\"run\":1,\"state\":\"confirmed\",\"from\":\"1.0.0\",\"to\":\"1.1.0\","
                                           "\"bytes\":0,\"total\":0,\"reason\":null}"));
  CHECK(world_logged(&world, "[SUCCESS] OTA-Update confirmed"));
  CHECK(world_entry(&world, "pending") == NULL);

  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_forget(&world);
  world_connect(&world);
  CHECK(world_says(&world, "update/state", "{\"run\":1,\"state\":\"confirmed\",\"from\":\"1.0.0\",\"to\":\"1.1.0\""));
  world_command(&world, "update/run", "", 2);
  CHECK_TEXT(world.if_none_match, "\"tag\"");
  CHECK(world_replied(&world, "{\"ok\":true,\"run\":2}"));
}

static void reboots_after_two_seconds_without_a_broker(void) {
  start();
  sesp_on_disconnected(&world.core);
  world_serve_image(&world, "1.1.0", 2);
  world_verified(&world, 2);
  world_run(&world, 1999);
  CHECK(!world.restarted);
  world_run(&world, 1);
  CHECK(world.restarted && world.next == 1);
}

static void refuses_images_that_are_not_for_it(void) {
  static const struct {
    size_t offset;
    uint8_t value;
    const char *version;
    const char *project;
    const char *reason;
  } cases[] = {
      {0, 0, "1.1.0", "secure_esp", "not_an_image"},       {12, 9, "1.1.0", "secure_esp", "wrong_chip"},
      {3, 0, "1.1.0", "other", "wrong_project"},           {3, 0, "1.1.0", "secure_espx", "wrong_project"},
      {3, 0, "1.0.0", "secure_esp", "same_version"},       {3, 0, "v1", "secure_esp", "same_version"},
      {3, 0, "1.0.0-rc.1", "secure_esp", "lower_version"}, {3, 0, "0.9", "secure_esp", "lower_version"},
      {3, 0, "next", "secure_esp", "version_unparsable"},  {3, 0, "", "secure_esp", "version_unparsable"},
  };
  for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
    uint8_t header[288];
    start();
    world_respond(&world, 200, "text/plain", -1, "");
    world_image_header(header, cases[at].project, cases[at].version);
    header[cases[at].offset] = cases[at].value;
    sesp_on_image_header(&world.core, header, sizeof(header));
    CHECK(world.aborts == 1 && world.continues == 1);
    check_failed(cases[at].reason);
  }
}

static void refuses_a_lower_security_version(void) {
  uint8_t header[288];
  world_reset(&world);
  world.config.secure_version = 3;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_command(&world, "update/run", "", 1);
  world_respond(&world, 200, "application/octet-stream", -1, NULL);
  world_image_header(header, "secure_esp", "1.1.0");
  header[36] = 2;
  sesp_on_image_header(&world.core, header, sizeof(header));
  check_failed("secure_version");
}

static void refuses_responses_that_cannot_be_an_image(void) {
  start();
  world_respond(&world, 403, "text/plain", 3, NULL);
  CHECK(world_logged(&world, "[ERROR] OTA-Update failed: http_status, 403 (esp-001)"));
  check_failed("http_status");
  start();
  world_respond(&world, 200, "application/octet-stream", 1024 * 1024 + 1, NULL);
  check_failed("too_large");
  start();
  world_respond(&world, 200, NULL, 10, NULL);
  sesp_on_download_complete(&world.core, 10);
  check_failed("not_an_image");
}

static void requires_a_manifest_when_told_so(void) {
  world_reset(&world);
  world.config.require_manifest = true;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_command(&world, "update/run", "", 1);
  world_respond(&world, 200, "application/octet-stream", 4096, NULL);
  CHECK(world_logged(&world, "OTA-Update failed: unsigned, a release manifest is required"));
  check_failed("unsigned");
}

static void reports_what_the_transfer_reports(void) {
  static const sesp_update_state_reason_t reasons[] = {
      SESP_UPDATE_STATE_REASON_UNREACHABLE, SESP_UPDATE_STATE_REASON_TLS,       SESP_UPDATE_STATE_REASON_STALLED,
      SESP_UPDATE_STATE_REASON_TRUNCATED,   SESP_UPDATE_STATE_REASON_TOO_LARGE, SESP_UPDATE_STATE_REASON_FLASH};
  for (size_t at = 0; at < sizeof(reasons) / sizeof(reasons[0]); at++) {
    start();
    sesp_on_download_failed(&world.core, reasons[at]);
    check_failed(sesp_update_state_reason_to_string(reasons[at]));
  }
}

static void refuses_a_body_of_another_length(void) {
  uint8_t header[288];
  world_image_header(header, "secure_esp", "1.1.0");
  for (uint32_t length = 4095; length <= 4097; length += 2) {
    start();
    world_respond(&world, 200, "", 4096, NULL);
    sesp_on_image_header(&world.core, header, sizeof(header));
    sesp_on_download_complete(&world.core, length);
    check_failed(length == 4095 ? "truncated" : "too_large");
  }
}

static void refuses_what_verification_refuses(void) {
  start();
  world_serve_image(&world, "1.1.0", 2);
  sesp_on_image_verified(&world.core, false, SESP_UPDATE_STATE_REASON_BAD_SIGNATURE, NULL);
  check_failed("bad_signature");
  start();
  world_serve_image(&world, "1.1.0", 2);
  sesp_on_image_verified(&world.core, true, SESP_UPDATE_STATE_REASON_NONE_NEWER, NULL);
  check_failed("bad_hash");
  start();
  world_serve_image(&world, "1.1.0", 2);
  sesp_on_image_verified(&world.core, true, SESP_UPDATE_STATE_REASON_NONE_NEWER, world.config.identity);
  check_failed("same_version");
}

static void shows_progress_not_too_often(void) {
  uint8_t header[288];
  start();
  world_respond(&world, 200, "", 100000, NULL);
  world_image_header(header, "secure_esp", "1.1.0");
  sesp_on_image_header(&world.core, header, sizeof(header));
  world_forget(&world);
  for (uint32_t bytes = 100; bytes <= 100000; bytes += 100) {
    sesp_on_download_progress(&world.core, bytes);
  }
  CHECK(world_count(&world, DEVICE_TOPIC "update/state") == 20);
  CHECK(world_says(&world, "update/state", "\"bytes\":100000,\"total\":100000"));
  start();
  world_respond(&world, 200, "", -1, NULL);
  sesp_on_image_header(&world.core, header, sizeof(header));
  world_forget(&world);
  for (uint32_t bytes = 1; bytes <= 100; bytes++) {
    sesp_on_download_progress(&world.core, bytes);
    world_run(&world, 100);
  }
  CHECK(world_count(&world, DEVICE_TOPIC "update/state") == 9);
  sesp_on_download_progress(&world.core, 1024u * 1024u + 1u);
  check_failed("too_large");
}

static void ignores_events_that_it_does_not_wait_for(void) {
  uint8_t header[288];
  uint8_t bytes[8] = {0};
  world_ready(&world);
  world_respond(&world, 200, NULL, 0, NULL);
  world_image_header(header, "secure_esp", "1.1.0");
  sesp_on_image_header(&world.core, header, sizeof(header));
  sesp_on_manifest(&world.core, bytes, sizeof(bytes));
  sesp_on_download_progress(&world.core, 1);
  sesp_on_download_complete(&world.core, 1);
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_TLS);
  sesp_on_image_verified(&world.core, true, SESP_UPDATE_STATE_REASON_NONE_NEWER, header);
  CHECK(world.message_count == 0 && world.continues == 0 && world.next == 0 && !world.restarted);
}

void direct_update_suite(void) {
  TEST(asks_for_news_with_what_it_runs);
  TEST(reports_that_nothing_is_newer);
  TEST(refuses_a_second_run_meanwhile);
  TEST(updates_from_command_to_confirmation);
  TEST(reboots_after_two_seconds_without_a_broker);
  TEST(refuses_images_that_are_not_for_it);
  TEST(refuses_a_lower_security_version);
  TEST(refuses_responses_that_cannot_be_an_image);
  TEST(requires_a_manifest_when_told_so);
  TEST(reports_what_the_transfer_reports);
  TEST(refuses_a_body_of_another_length);
  TEST(refuses_what_verification_refuses);
  TEST(shows_progress_not_too_often);
  TEST(ignores_events_that_it_does_not_wait_for);
}
