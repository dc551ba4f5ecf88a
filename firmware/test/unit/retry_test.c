/* SPDX-License-Identifier: MIT */
/* A run asks again after a lost connection, as long as there is progress; and a run that failed is repeated. */
#include "downloads.h"
#include "suites.h"

#define STEP (65536u)
#define RECORD_OFFSET (4u)

static world_t world;
static const server_file_t file = {"\"a\"", "1.1.0", 300000u, 2, false};
static const server_file_t other_file = {"\"b\"", "1.2.0", 280000u, 3, false};

static void gives_up_without_progress(void) {
  for (uint8_t retries = 0; retries <= 20u; retries = (uint8_t)(retries + 4u)) {
    download_ready(&world, retries);
    download_ask(&world, 1, false, 0);
    CHECK(server_answer(&world, &file));
    server_send(&world, &file, 50000);
    for (unsigned attempt = 0; attempt < retries; attempt++) {
      server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
      CHECK(world.core.phase == SESP_PHASE_RETRYING && !world.downloading);
      world_run(&world, 60000);
      CHECK(world.downloading);
    }
    server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
    CHECK(world.core.phase == SESP_PHASE_IDLE && world.starts == retries + 1u);
    CHECK(world_says(&world, "update/state", "\"state\":\"failed\""));
    CHECK(world_says(&world, "update/state", "\"reason\":\"unreachable\""));
    CHECK(download_record_field(&world, RECORD_OFFSET) == 49152u);
    /* The next run knows. */
    download_ask(&world, 2, false, 0);
    CHECK(download_asks_for(&world, 49152, "\"a\"") && server_answer(&world, &file));
    download_check_updates(&world, &file);
  }
}

static void counts_from_the_start_again_after_progress(void) {
  const server_file_t large = {"\"a\"", "1.1.0", 1000000u, 2, false};
  download_ready(&world, 1);
  download_ask(&world, 1, false, 0);
  for (uint32_t bytes = STEP; bytes < large.size; bytes += STEP) {
    CHECK(server_answer(&world, &large));
    server_send(&world, &large, bytes);
    server_lose(&world, SESP_UPDATE_STATE_REASON_STALLED);
    CHECK(sesp_next_tick_ms(&world.core) == world.now_ms + 2000u);
    world_run(&world, 2000);
    CHECK(download_asks_for(&world, bytes, "\"a\""));
  }
  CHECK(server_answer(&world, &large));
  download_check_updates(&world, &large);
}

/** What starts from its beginning makes progress only beyond what it had before. */
static void gives_up_a_file_that_never_gets_further(void) {
  const server_file_t untagged = {"", "1.1.0", 300000u, 2, true};
  unsigned attempts = 0;
  download_ready(&world, 3);
  download_ask(&world, 1, false, 0);
  while (world.downloading && attempts < 100u) {
    attempts++;
    CHECK(server_answer(&world, &untagged));
    server_send(&world, &untagged, 100000);
    server_lose(&world, SESP_UPDATE_STATE_REASON_TRUNCATED);
    world_run(&world, 90000);
  }
  CHECK(attempts == 4u && world_says(&world, "update/state", "\"reason\":\"truncated\""));
}

static void waits_longer_each_time(void) {
  static const uint64_t pauses[] = {2000, 4000, 8000, 16000, 32000, 60000, 60000};
  for (unsigned jitter = 0; jitter < 2u; jitter++) {
    download_ready(&world, 20);
    download_ask(&world, 1, false, 0);
    CHECK(server_answer(&world, &file));
    world.random = jitter == 1u ? UINT32_MAX : 0u;
    for (size_t at = 0; at < sizeof(pauses) / sizeof(pauses[0]); at++) {
      server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
      const uint64_t pause = sesp_next_tick_ms(&world.core) - world.now_ms;
      CHECK(pause == pauses[at] + (jitter == 1u ? pauses[at] / 2u : 0u));
      world_run(&world, pause - 1u);
      CHECK(!world.downloading);
      world_run(&world, 1);
      CHECK(world.downloading);
    }
  }
}

static void does_not_wait_for_what_no_retry_heals(void) {
  static const sesp_update_state_reason_t reasons[] = {
      SESP_UPDATE_STATE_REASON_HTTP_STATUS, SESP_UPDATE_STATE_REASON_TOO_LARGE, SESP_UPDATE_STATE_REASON_FLASH};
  for (size_t at = 0; at < sizeof(reasons) / sizeof(reasons[0]); at++) {
    download_ready(&world, 5);
    download_ask(&world, 1, false, 0);
    CHECK(server_answer(&world, &file));
    server_send(&world, &file, 200000);
    server_lose(&world, reasons[at]);
    CHECK(world_says(&world, "update/state", sesp_update_state_reason_to_string(reasons[at])));
    CHECK(world.core.phase == SESP_PHASE_IDLE && world_entry(&world, "resume") == NULL);
  }
  /* Nothing was received yet that would be worth it. */
  download_ready(&world, 5);
  download_ask(&world, 1, false, 0);
  server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
  CHECK(world_says(&world, "update/state", "\"reason\":\"unreachable\"") && world.core.phase == SESP_PHASE_IDLE);
}

static void is_busy_while_it_waits(void) {
  download_interrupted(&world, &file, 200000);
  world_command(&world, "update/run", "", 2);
  CHECK(world_replied(&world, "\"code\":\"busy\"") && world_logged(&world, "Update Process is running"));
  world_broadcast(&world, "update/run", "", 3);
  world_command(&world, "update/interval", "700", 4);
  CHECK(world_replied(&world, "{\"ok\":true}") && world.core.phase == SESP_PHASE_RETRYING);
  CHECK(world.starts == 1 && world.core.run_counter == 1);
  sesp_on_disconnected(&world.core);
  world_run(&world, 2000);
  CHECK(download_asks_for(&world, 196608, "\"a\"") && server_answer(&world, &file));
  server_finish(&world, &file);
  CHECK(world.next == 1);
}

static void asks_where_the_settings_say(void) {
  download_interrupted(&world, &file, 200000);
  world_command(&world, "update/url", "https://other.example/fw.bin", 2);
  world_command(&world, "update/use_url", "1", 3);
  world_run(&world, 2000);
  CHECK_TEXT(world.url, "https://other.example/fw.bin");
  CHECK(server_answer(&world, &other_file) && !world.partial);
  download_check_updates(&world, &other_file);

  world_reset(&world);
  world.config.builtin_url = "";
  world.config.download_retries = 5;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_command(&world, "update/url", "https://other.example/fw.bin", 2);
  world_command(&world, "update/use_url", "1", 3);
  download_ask(&world, 4, false, 0);
  CHECK(server_answer(&world, &file));
  server_lose(&world, SESP_UPDATE_STATE_REASON_STALLED);
  world_command(&world, "update/use_url", "0", 5);
  world_run(&world, 2000);
  CHECK(world_logged(&world, "OTA-Update failed: unreachable, there is no URL to update from"));
  CHECK(world.core.phase == SESP_PHASE_IDLE && world.starts == 1);
}

static void restarts_while_it_waits(void) {
  download_interrupted(&world, &file, 200000);
  world_command(&world, "restart", "", 2);
  CHECK(world_replied(&world, "{\"ok\":true}"));
  world_ack(&world);
  CHECK(world.restarted && sesp_next_tick_ms(&world.core) == SESP_NEVER_MS);
  sesp_on_tick(&world.core);
  CHECK(world.starts == 1);
  download_reboot(&world);
  download_ask(&world, 3, false, 0);
  CHECK(download_asks_for(&world, 196608, "\"a\""));
}

static void counts_requests_that_cannot_be_started(void) {
  download_interrupted(&world, &file, 200000);
  world.fail_op[OP_DOWNLOAD_START] = 2;
  world_run(&world, 2000);
  CHECK(world.core.phase == SESP_PHASE_RETRYING && !world.downloading);
  world_run(&world, 4000);
  CHECK(!world.downloading);
  world_run(&world, 8000);
  CHECK(download_asks_for(&world, 196608, "\"a\"") && server_answer(&world, &file));
  download_check_updates(&world, &file);
}

static void repeats_a_run_that_the_network_ended(void) {
  static const uint64_t pauses_s[] = {60, 120, 240, 480, 960, 1920, 3600, 3600};
  world_reset(&world);
  world.config.automatic_checks = true;
  world.config.default_interval_s = 86400;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_run(&world, 0);
  CHECK(world.downloading);
  for (size_t at = 0; at < sizeof(pauses_s) / sizeof(pauses_s[0]); at++) {
    server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
    CHECK(sesp_next_tick_ms(&world.core) - world.now_ms == pauses_s[at] * 1000u);
    world_run(&world, pauses_s[at] * 1000u);
    CHECK(world.downloading);
  }
  /* The server answers: the next failure begins to count anew. */
  world_respond(&world, 204, NULL, -1, NULL);
  world_command(&world, "update/run", "", 1);
  world.random = UINT32_MAX;
  world_respond(&world, 503, NULL, -1, NULL);
  CHECK(sesp_next_tick_ms(&world.core) - world.now_ms == 90000u);
  world_run(&world, 90000);
  world_respond(&world, 503, NULL, -1, NULL);
  CHECK(sesp_next_tick_ms(&world.core) - world.now_ms == 180000u);
  world_run(&world, 180000);
  world_respond(&world, 200, "", 1024 * 1024 + 1, NULL);
  CHECK(world_says(&world, "update/state", "\"reason\":\"too_large\""));
  CHECK(sesp_next_tick_ms(&world.core) - world.now_ms == 86400000u);
}

static void repeats_no_later_than_the_interval(void) {
  world_reset(&world);
  world.config.automatic_checks = true;
  world.config.default_interval_s = 300;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_run(&world, 0);
  for (unsigned at = 0; at < 300u; at++) {
    CHECK(world.downloading);
    server_lose(&world, SESP_UPDATE_STATE_REASON_TLS);
    const uint64_t pause = sesp_next_tick_ms(&world.core) - world.now_ms;
    CHECK(pause <= 300000u);
    world_run(&world, pause);
  }
  /* Without automatic checks nobody asks again. */
  world_ready(&world);
  download_ask(&world, 1, false, 0);
  server_lose(&world, SESP_UPDATE_STATE_REASON_TLS);
  CHECK(sesp_next_tick_ms(&world.core) == SESP_NEVER_MS);
}

static void takes_up_to_twenty_retries(void) {
  download_ready(&world, 20);
  CHECK(sesp_init(&world.core, &world.config, &world.port) == SESP_OK);
  world.config.download_retries = 21;
  CHECK(sesp_init(&world.core, &world.config, &world.port) == SESP_ERR_CONFIG);
}

void retry_suite(void) {
  TEST(gives_up_without_progress);
  TEST(counts_from_the_start_again_after_progress);
  TEST(gives_up_a_file_that_never_gets_further);
  TEST(waits_longer_each_time);
  TEST(does_not_wait_for_what_no_retry_heals);
  TEST(is_busy_while_it_waits);
  TEST(asks_where_the_settings_say);
  TEST(restarts_while_it_waits);
  TEST(counts_requests_that_cannot_be_started);
  TEST(repeats_a_run_that_the_network_ended);
  TEST(repeats_no_later_than_the_interval);
  TEST(takes_up_to_twenty_retries);
}
