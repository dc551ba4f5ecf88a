/* SPDX-License-Identifier: MIT */
/* A download that loses its connection goes on, in the same run and after a reboot, and never mixes two files. */
#include "manifest.h"
#include "server.h"
#include "suites.h"

#define STEP (65536u)
#define RECORD_TOTAL (8u) /* from the end of the record */
#define RECORD_OFFSET (4u)

static world_t world;
static uint8_t jws[3000];
static const server_file_t file = {"\"a\"", "1.1.0", 300000u, 2, false};
static const server_file_t other_file = {"\"b\"", "1.2.0", 280000u, 3, false};

/** Asks for a run; with a manifest, the server announces `size` bytes and the core asks for them. */
static void ask(uint8_t mark, bool with_manifest, uint32_t size) {
  world_command(&world, "update/run", "", mark);
  if (with_manifest && world.downloading) {
    manifest_t manifest = manifest_good();
    manifest.size = size;
    world_respond(&world, 200, "application/jose", -1, NULL);
    world.downloading = false;
    sesp_on_manifest(&world.core, jws, manifest_jws(&manifest, jws, sizeof(jws)));
  }
}

static void ready(uint8_t retries) {
  world_reset(&world);
  world.config.download_retries = retries;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_ack(&world);
  world_forget(&world);
}

/** A run that lost its connection after so many bytes. */
static void interrupted(const server_file_t *of, uint32_t bytes) {
  ready(5);
  ask(1, false, 0);
  CHECK(server_answer(&world, of));
  server_send(&world, of, bytes);
  server_lose(&world, SESP_UPDATE_STATE_REASON_STALLED);
}

/** Its power, too. */
static void reboot(void) {
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_forget(&world);
  world_connect(&world);
  world_ack(&world);
}

static uint32_t record_field(uint32_t from_end) {
  const world_entry_t *record = world_entry(&world, "resume");
  if (record == NULL || record->len < from_end) {
    return 0;
  }
  const uint8_t *at = record->value + record->len - from_end;
  return (uint32_t)at[0] + (uint32_t)at[1] * 256u + (uint32_t)at[2] * 65536u + (uint32_t)at[3] * 16777216u;
}

static void set_record_field(uint32_t from_end, uint32_t value) {
  for (size_t at = 0; at < WORLD_KEYS; at++) {
    if (world.entries[at].used && strcmp(world.entries[at].key, "resume") == 0) {
      uint8_t *out = world.entries[at].value + world.entries[at].len - from_end;
      for (size_t byte = 0; byte < 4u; byte++) {
        out[byte] = (uint8_t)(value >> (8u * byte));
      }
    }
  }
}

static bool asks_for(uint32_t offset, const char *tag) {
  return world.downloading && world.resume_from == offset && strcmp(world.if_range, tag) == 0;
}

static void check_updates(const server_file_t *to) {
  server_finish(&world, to);
  CHECK(world_says(&world, "update/state", "\"state\":\"rebooting\""));
  CHECK(world_says(&world, "update/state", to->version));
  CHECK(world.next == 1 && world.slots[1].identity[0] == to->mark);
  CHECK(world_entry(&world, "resume") == NULL && world.violations == 0);
}

static void goes_on_where_the_connection_was_lost(void) {
  interrupted(&file, 100000);
  CHECK(world_says(&world, "update/state", "{\"run\":1,\"state\":\"downloading\",\"from\":\"1.0.0\",\"to\":\"1.1.0\","
                                           "\"bytes\":100000,\"total\":300000,\"reason\":null}"));
  CHECK(world_logged(&world, "[WARNING] OTA-Update interrupted: stalled. Next attempt in 2 s (esp-001)"));
  CHECK(record_field(RECORD_OFFSET) == 98304 && record_field(RECORD_TOTAL) == 300000);
  CHECK(sesp_next_tick_ms(&world.core) == world.now_ms + 2000u);
  world_run(&world, 1999);
  CHECK(world.starts == 1);
  world_run(&world, 1);
  CHECK(world.starts == 2 && asks_for(98304, "\"a\"") && world.accept_manifest);
  CHECK_TEXT(world.url, BUILTIN_URL);
  world_forget(&world);
  CHECK(server_answer(&world, &file) && world.partial);
  CHECK(world_says(&world, "update/state", "\"state\":\"downloading\",\"from\":\"1.0.0\",\"to\":\"1.1.0\","
                                           "\"bytes\":98304,\"total\":300000"));
  check_updates(&file);
}

static void goes_on_with_the_file_of_a_manifest(void) {
  ready(5);
  ask(1, true, file.size);
  CHECK(asks_for(0, "") && server_answer(&world, &file));
  server_send(&world, &file, 200000);
  server_lose(&world, SESP_UPDATE_STATE_REASON_TRUNCATED);
  world_run(&world, 2000);
  CHECK(asks_for(196608, "\"a\"") && !world.accept_manifest && world.max_bytes == file.size);
  CHECK_TEXT(world.url, MANIFEST_URL);
  CHECK_TEXT(world.if_none_match, "");
  CHECK(server_answer(&world, &file) && world.partial);
  check_updates(&file);
}

static void goes_on_after_a_reboot(void) {
  for (unsigned kind = 0; kind < 2u; kind++) {
    ready(5);
    ask(1, kind == 1u, file.size);
    CHECK(server_answer(&world, &file));
    server_send(&world, &file, STEP - 1u);
    CHECK(world_entry(&world, "resume") == NULL);
    server_send(&world, &file, 2u * STEP + 40000u);
    CHECK(record_field(RECORD_OFFSET) == 2u * STEP);
    reboot();
    CHECK(world_says(&world, "update/state", "\"state\":\"failed\""));
    CHECK(world_says(&world, "update/state", "\"reason\":\"truncated\""));
    ask(2, kind == 1u, file.size);
    CHECK(asks_for(2u * STEP, "\"a\"") && server_answer(&world, &file) && world.partial);
    check_updates(&file);
  }
}

static void never_asks_for_nothing(void) {
  const server_file_t whole = {"\"a\"", "1.1.0", 2u * STEP, 2, false};
  interrupted(&whole, 2u * STEP);
  CHECK(record_field(RECORD_OFFSET) == 2u * STEP - 4096u);
  world_run(&world, 2000);
  CHECK(asks_for(2u * STEP - 4096u, "\"a\"") && server_answer(&world, &whole) && world.partial);
  check_updates(&whole);
}

static void starts_over_when_the_file_was_replaced(void) {
  for (unsigned rebooted = 0; rebooted < 2u; rebooted++) {
    interrupted(&file, 200000);
    if (rebooted == 1u) {
      reboot();
      ask(2, false, 0);
    } else {
      world_run(&world, 2000);
    }
    CHECK(asks_for(196608, "\"a\""));
    CHECK(server_answer(&world, &other_file) && !world.partial);
    CHECK(world_entry(&world, "resume") == NULL);
    CHECK(world_says(&world, "update/state", "\"to\":\"1.2.0\",\"bytes\":0,\"total\":280000"));
    check_updates(&other_file);
  }
}

static void starts_over_for_another_manifest(void) {
  const server_file_t shorter = {"\"a\"", "1.1.0", 280000u, 2, false};
  for (unsigned kind = 0; kind < 3u; kind++) {
    ready(0);
    ask(1, kind > 0u, file.size);
    CHECK(server_answer(&world, &file));
    server_send(&world, &file, 200000);
    server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
    CHECK(world_says(&world, "update/state", "\"reason\":\"unreachable\""));
    if (kind == 1u) {
      world_entry_t *record = &world.entries[0];
      while (strcmp(record->key, "resume") != 0) {
        record++;
      }
      record->value[record->len - RECORD_TOTAL - 1u] ^= 1u; /* last byte of the hash */
    }
    /* A file without a manifest, another hash, another size. */
    ask(2, true, kind == 2u ? shorter.size : file.size);
    CHECK(asks_for(0, ""));
    CHECK(server_answer(&world, kind == 2u ? &shorter : &file) && !world.partial);
    check_updates(kind == 2u ? &shorter : &file);
  }
}

static void does_not_mix_a_file_with_a_manifest_and_one_without(void) {
  ready(0);
  ask(1, true, file.size);
  CHECK(server_answer(&world, &file));
  server_send(&world, &file, 200000);
  server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
  ask(2, false, 0);
  CHECK(asks_for(0, "") && server_answer(&world, &file));
  check_updates(&file);
}

static void belongs_to_the_image_that_runs(void) {
  interrupted(&file, 200000);
  world_identity(world.slots[0].identity, 9);
  reboot();
  ask(2, false, 0);
  CHECK(asks_for(0, ""));
}

static void asks_for_no_rest_where_a_manifest_is_required(void) {
  interrupted(&file, 200000);
  world.config.require_manifest = true;
  reboot();
  ask(2, false, 0);
  CHECK(asks_for(0, ""));
}

static void never_resumes_without_a_strong_tag(void) {
  static const char *const tags[] = {NULL, "", "W/\"a\"", "\"\"", "a", "\"a", "a\"", "\"a\"b\"", "\"a b\"",
                                     "\"12345678901234567890123456789012345678901234567890123456789012345678901\""};
  for (size_t at = 0; at < sizeof(tags) / sizeof(tags[0]); at++) {
    const server_file_t untagged = {tags[at], "1.1.0", 300000u, 2, true};
    interrupted(&untagged, 200000);
    CHECK(world_entry(&world, "resume") == NULL);
    world_run(&world, 2000);
    CHECK(world.starts == 2 && asks_for(0, ""));
    CHECK(server_answer(&world, &untagged));
    check_updates(&untagged);
  }
}

static void never_resumes_a_file_of_unknown_length(void) {
  uint8_t header[288];
  ready(5);
  ask(1, false, 0);
  world_respond(&world, 200, "", -1, "\"a\"");
  world_image_header(header, "secure_esp", "1.1.0");
  sesp_on_image_header(&world.core, header, sizeof(header));
  world.durable = 200000;
  sesp_on_download_progress(&world.core, 200000);
  server_lose(&world, SESP_UPDATE_STATE_REASON_STALLED);
  world_run(&world, 2000);
  CHECK(world.starts == 2 && asks_for(0, "") && world_entry(&world, "resume") == NULL);
}

static void accepts_only_the_rest_that_it_asked_for(void) {
  static const sesp_download_response_t wrong[] = {
      {206, "", 103392, "\"a\"", 196607, 300000}, {206, "", 103392, "\"a\"", 196608, 300001},
      {206, "", 103392, "\"a\"", -1, -1},         {206, "", 103392, "\"a\"", 0, 300000},
      {206, "", 103391, "\"a\"", 196608, 300000}, {206, "", 103392, "\"b\"", 196608, 300000},
      {206, "", 103392, NULL, 196608, 300000},    {206, "", 103392, "", 196608, 300000},
      {206, "application/jose", 103392, "\"a\"", 196608, 300000},
      {416, "", 0, "\"a\"", -1, 300000},
  };
  for (size_t at = 0; at < sizeof(wrong) / sizeof(wrong[0]); at++) {
    interrupted(&file, 200000);
    world_run(&world, 2000);
    sesp_on_download_response(&world.core, &wrong[at]);
    CHECK(world.starts == 3 && world.aborts == 1 && asks_for(0, "") && world_entry(&world, "resume") == NULL);
    /* A server that does it again has had its chance. */
    sesp_on_download_response(&world.core, &wrong[at]);
    CHECK(world_says(&world, "update/state", "\"reason\":\"http_status\"") && !world.downloading);
    ask(2, false, 0);
    CHECK(asks_for(0, "") && server_answer(&world, &file));
    check_updates(&file);
  }
  interrupted(&file, 200000);
  world_run(&world, 2000);
  const sesp_download_response_t unsized = {206, "text/plain", -1, "\"a\"", 196608, 300000};
  sesp_on_download_response(&world.core, &unsized);
  CHECK(world.core.phase == SESP_PHASE_HEADER && world.aborts == 0);
}

static void refuses_a_part_that_it_did_not_ask_for(void) {
  const sesp_download_response_t part = {206, "", 300000, "\"a\"", 0, 300000};
  ready(5);
  ask(1, false, 0);
  sesp_on_download_response(&world.core, &part);
  CHECK(world_logged(&world, "OTA-Update failed: http_status, 206"));
}

static void looks_at_the_header_in_flash_again(void) {
  uint8_t header[288];
  interrupted(&file, 200000);
  world_run(&world, 2000);
  CHECK(server_head(&world, &file) && world.partial);
  memset(header, 0xFF, sizeof(header));
  sesp_on_image_header(&world.core, header, sizeof(header));
  CHECK(world.starts == 3 && asks_for(0, "") && world_entry(&world, "resume") == NULL);
  CHECK(server_answer(&world, &file));
  check_updates(&file);
}

static void starts_over_when_the_resumed_file_is_not_good(void) {
  const server_file_t twin = {"\"a\"", "1.1.0", 300000u, 3, false};
  interrupted(&file, 200000);
  world_run(&world, 2000);
  CHECK(server_answer(&world, &twin) && world.partial);
  server_finish(&world, &twin);
  CHECK(world_logged(&world, "[WARNING] OTA-Update: the resumed file is not good. Starting over"));
  CHECK(world.starts == 3 && asks_for(0, "") && world_entry(&world, "resume") == NULL && world.next == 0);
  CHECK(server_answer(&world, &twin));
  server_send(&world, &twin, 250000);
  server_lose(&world, SESP_UPDATE_STATE_REASON_TLS);
  world_run(&world, 4000);
  /* Once per run: a server that goes on like this is refused. */
  CHECK(server_answer(&world, &file) && world.partial);
  server_finish(&world, &file);
  CHECK(world_says(&world, "update/state", "\"reason\":\"bad_hash\"") && !world.downloading);
  CHECK(world_entry(&world, "resume") == NULL && world.violations == 0);
}

static void gives_up_without_progress(void) {
  for (uint8_t retries = 0; retries <= 20u; retries = (uint8_t)(retries + 4u)) {
    ready(retries);
    ask(1, false, 0);
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
    CHECK(record_field(RECORD_OFFSET) == 49152u);
    /* The next run knows. */
    ask(2, false, 0);
    CHECK(asks_for(49152, "\"a\"") && server_answer(&world, &file));
    check_updates(&file);
  }
}

static void counts_from_the_start_again_after_progress(void) {
  const server_file_t large = {"\"a\"", "1.1.0", 1000000u, 2, false};
  ready(1);
  ask(1, false, 0);
  for (uint32_t bytes = STEP; bytes < large.size; bytes += STEP) {
    CHECK(server_answer(&world, &large));
    server_send(&world, &large, bytes);
    server_lose(&world, SESP_UPDATE_STATE_REASON_STALLED);
    CHECK(sesp_next_tick_ms(&world.core) == world.now_ms + 2000u);
    world_run(&world, 2000);
    CHECK(asks_for(bytes, "\"a\""));
  }
  CHECK(server_answer(&world, &large));
  check_updates(&large);
}

/** What starts from its beginning makes progress only beyond what it had before. */
static void gives_up_a_file_that_never_gets_further(void) {
  const server_file_t untagged = {"", "1.1.0", 300000u, 2, true};
  unsigned attempts = 0;
  ready(3);
  ask(1, false, 0);
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
    ready(20);
    ask(1, false, 0);
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
    ready(5);
    ask(1, false, 0);
    CHECK(server_answer(&world, &file));
    server_send(&world, &file, 200000);
    server_lose(&world, reasons[at]);
    CHECK(world_says(&world, "update/state", sesp_update_state_reason_to_string(reasons[at])));
    CHECK(world.core.phase == SESP_PHASE_IDLE && world_entry(&world, "resume") == NULL);
  }
  /* Nothing was received yet that would be worth it. */
  ready(5);
  ask(1, false, 0);
  server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
  CHECK(world_says(&world, "update/state", "\"reason\":\"unreachable\"") && world.core.phase == SESP_PHASE_IDLE);
}

static void keeps_what_it_has_while_the_server_is_ill(void) {
  interrupted(&file, 200000);
  world_run(&world, 2000);
  world_respond(&world, 503, "text/plain", 4, NULL);
  CHECK(world_says(&world, "update/state", "\"reason\":\"http_status\"") && world.core.phase == SESP_PHASE_IDLE);
  ask(2, false, 0);
  CHECK(asks_for(196608, "\"a\""));
  world_respond(&world, 304, NULL, -1, NULL);
  CHECK(world_says(&world, "update/state", "\"reason\":\"none_newer\""));
}

static void follows_a_server_that_changes_its_mind(void) {
  /* Nothing newer any more. */
  interrupted(&file, 200000);
  world_run(&world, 2000);
  world_respond(&world, 204, NULL, -1, NULL);
  CHECK(world_says(&world, "update/state", "\"reason\":\"none_newer\"") && !world.downloading);
  /* A manifest now: its file is another one as far as the device knows. */
  interrupted(&file, 200000);
  world_run(&world, 2000);
  CHECK(asks_for(196608, "\"a\""));
  manifest_t manifest = manifest_good();
  manifest.size = file.size;
  world_respond(&world, 200, "application/jose", -1, NULL);
  world.downloading = false;
  sesp_on_manifest(&world.core, jws, manifest_jws(&manifest, jws, sizeof(jws)));
  CHECK(asks_for(0, ""));
  CHECK_TEXT(world.url, MANIFEST_URL);
  server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
  CHECK(world.core.phase == SESP_PHASE_RETRYING);
  world_run(&world, 4000);
  CHECK_TEXT(world.url, MANIFEST_URL);
  CHECK(server_answer(&world, &file));
  check_updates(&file);
}

static void is_busy_while_it_waits(void) {
  interrupted(&file, 200000);
  world_command(&world, "update/run", "", 2);
  CHECK(world_replied(&world, "\"code\":\"busy\"") && world_logged(&world, "Update Process is running"));
  world_broadcast(&world, "update/run", "", 3);
  world_command(&world, "update/interval", "700", 4);
  CHECK(world_replied(&world, "{\"ok\":true}") && world.core.phase == SESP_PHASE_RETRYING);
  CHECK(world.starts == 1 && world.core.run_counter == 1);
  sesp_on_disconnected(&world.core);
  world_run(&world, 2000);
  CHECK(asks_for(196608, "\"a\"") && server_answer(&world, &file));
  server_finish(&world, &file);
  CHECK(world.next == 1);
}

static void asks_where_the_settings_say(void) {
  interrupted(&file, 200000);
  world_command(&world, "update/url", "https://other.example/fw.bin", 2);
  world_command(&world, "update/use_url", "1", 3);
  world_run(&world, 2000);
  CHECK_TEXT(world.url, "https://other.example/fw.bin");
  CHECK(server_answer(&world, &other_file) && !world.partial);
  check_updates(&other_file);

  world_reset(&world);
  world.config.builtin_url = "";
  world.config.download_retries = 5;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_command(&world, "update/url", "https://other.example/fw.bin", 2);
  world_command(&world, "update/use_url", "1", 3);
  ask(4, false, 0);
  CHECK(server_answer(&world, &file));
  server_lose(&world, SESP_UPDATE_STATE_REASON_STALLED);
  world_command(&world, "update/use_url", "0", 5);
  world_run(&world, 2000);
  CHECK(world_logged(&world, "OTA-Update failed: unreachable, there is no URL to update from"));
  CHECK(world.core.phase == SESP_PHASE_IDLE && world.starts == 1);
}

static void restarts_while_it_waits(void) {
  interrupted(&file, 200000);
  world_command(&world, "restart", "", 2);
  CHECK(world_replied(&world, "{\"ok\":true}"));
  world_ack(&world);
  CHECK(world.restarted && sesp_next_tick_ms(&world.core) == SESP_NEVER_MS);
  sesp_on_tick(&world.core);
  CHECK(world.starts == 1);
  reboot();
  ask(3, false, 0);
  CHECK(asks_for(196608, "\"a\""));
}

static void survives_a_store_that_fails(void) {
  ready(5);
  ask(1, false, 0);
  CHECK(server_answer(&world, &file));
  world.fail_op[OP_KV_SET] = 100;
  server_send(&world, &file, 200000);
  server_lose(&world, SESP_UPDATE_STATE_REASON_STALLED);
  world_run(&world, 2000);
  CHECK(asks_for(0, ""));
  world.fail_op[OP_KV_SET] = 0;
  CHECK(server_answer(&world, &file));
  check_updates(&file);

  interrupted(&file, 200000);
  world.fail_op[OP_KV_GET] = 1;
  world_run(&world, 2000);
  CHECK(asks_for(0, "") && record_field(RECORD_OFFSET) == 196608u);
  world.fail_op[OP_KV_ERASE] = 1;
  CHECK(!server_answer(&world, &file) && world.durable == 200000u);
  CHECK(world_logged(&world, "OTA-Update failed: flash, the last download could not be forgotten"));
  ask(2, false, 0);
  CHECK(asks_for(196608, "\"a\"") && server_answer(&world, &file));
  check_updates(&file);

  /* An image whose record cannot be erased is not made bootable. */
  interrupted(&file, 200000);
  world_run(&world, 2000);
  CHECK(server_answer(&world, &file));
  world.fail_op[OP_KV_ERASE] = 1;
  server_finish(&world, &file);
  CHECK(world.next == 0 && world_says(&world, "update/state", "\"reason\":\"flash\""));
  CHECK(world_entry(&world, "resume") == NULL && world_entry(&world, "pending") == NULL && world.violations == 0);
}

static void asks_for_the_whole_file_when_the_record_stays(void) {
  interrupted(&file, 200000);
  world_run(&world, 2000);
  world.fail_op[OP_KV_ERASE] = 1;
  world_respond(&world, 416, "", 0, NULL);
  CHECK(asks_for(0, "") && record_field(RECORD_OFFSET) == 196608u);
  server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
  world_run(&world, 4000);
  CHECK(asks_for(0, "") && server_answer(&world, &file));
  check_updates(&file);
}

static void counts_requests_that_cannot_be_started(void) {
  interrupted(&file, 200000);
  world.fail_op[OP_DOWNLOAD_START] = 2;
  world_run(&world, 2000);
  CHECK(world.core.phase == SESP_PHASE_RETRYING && !world.downloading);
  world_run(&world, 4000);
  CHECK(!world.downloading);
  world_run(&world, 8000);
  CHECK(asks_for(196608, "\"a\"") && server_answer(&world, &file));
  check_updates(&file);
}

static void goes_on_behind_a_body_that_was_too_short(void) {
  ready(5);
  ask(1, true, file.size);
  world_respond(&world, 200, "", -1, "\"a\"");
  uint8_t header[288];
  world_image_header(header, "secure_esp", "1.1.0");
  sesp_on_image_header(&world.core, header, sizeof(header));
  world.slots[1].state = SLOT_WRITTEN;
  world_identity(world.slots[1].identity, file.mark);
  (void)snprintf(world.slots[1].version, sizeof(world.slots[1].version), "1.1.0");
  world.durable = 200000;
  world.downloading = false;
  sesp_on_download_complete(&world.core, 200000);
  CHECK(world.core.phase == SESP_PHASE_RETRYING && world.aborts == 0);
  world_run(&world, 2000);
  CHECK(asks_for(196608, "\"a\"") && server_answer(&world, &file) && world.partial);
  check_updates(&file);
}

static void refuses_more_than_the_whole(void) {
  interrupted(&file, 200000);
  world_run(&world, 2000);
  CHECK(server_answer(&world, &file));
  world.durable = 300001;
  sesp_on_download_progress(&world.core, 300001);
  CHECK(world_says(&world, "update/state", "\"reason\":\"too_large\"") && world_entry(&world, "resume") == NULL);
}

static void ignores_records_that_are_not_sound(void) {
  static const struct {
    uint32_t field;
    uint32_t value;
  } cases[] = {{RECORD_OFFSET, 0},      {RECORD_OFFSET, 4095},          {RECORD_OFFSET, 196609},
               {RECORD_OFFSET, 303104}, {RECORD_OFFSET, 0xFFFFF000u},   {RECORD_TOTAL, 196608},
               {RECORD_TOTAL, 0},       {RECORD_TOTAL, 1024u * 1024u + 1u}};
  for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
    interrupted(&file, 200000);
    set_record_field(cases[at].field, cases[at].value);
    world_run(&world, 2000);
    CHECK(asks_for(0, "") && server_answer(&world, &file));
    check_updates(&file);
  }
  interrupted(&file, 200000);
  for (size_t at = 0; at < WORLD_KEYS; at++) {
    if (world.entries[at].used && strcmp(world.entries[at].key, "resume") == 0) {
      world.entries[at].value[34] = 'a'; /* its tag, no longer a quoted one */
    }
  }
  world_run(&world, 2000);
  CHECK(asks_for(0, ""));
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
  ask(1, false, 0);
  server_lose(&world, SESP_UPDATE_STATE_REASON_TLS);
  CHECK(sesp_next_tick_ms(&world.core) == SESP_NEVER_MS);
}

static void takes_up_to_twenty_retries(void) {
  ready(20);
  CHECK(sesp_init(&world.core, &world.config, &world.port) == SESP_OK);
  world.config.download_retries = 21;
  CHECK(sesp_init(&world.core, &world.config, &world.port) == SESP_ERR_CONFIG);
}

void resume_suite(void) {
  TEST(goes_on_where_the_connection_was_lost);
  TEST(goes_on_with_the_file_of_a_manifest);
  TEST(goes_on_after_a_reboot);
  TEST(never_asks_for_nothing);
  TEST(starts_over_when_the_file_was_replaced);
  TEST(starts_over_for_another_manifest);
  TEST(does_not_mix_a_file_with_a_manifest_and_one_without);
  TEST(belongs_to_the_image_that_runs);
  TEST(asks_for_no_rest_where_a_manifest_is_required);
  TEST(never_resumes_without_a_strong_tag);
  TEST(never_resumes_a_file_of_unknown_length);
  TEST(accepts_only_the_rest_that_it_asked_for);
  TEST(refuses_a_part_that_it_did_not_ask_for);
  TEST(looks_at_the_header_in_flash_again);
  TEST(starts_over_when_the_resumed_file_is_not_good);
  TEST(gives_up_without_progress);
  TEST(counts_from_the_start_again_after_progress);
  TEST(gives_up_a_file_that_never_gets_further);
  TEST(waits_longer_each_time);
  TEST(does_not_wait_for_what_no_retry_heals);
  TEST(keeps_what_it_has_while_the_server_is_ill);
  TEST(follows_a_server_that_changes_its_mind);
  TEST(is_busy_while_it_waits);
  TEST(asks_where_the_settings_say);
  TEST(restarts_while_it_waits);
  TEST(survives_a_store_that_fails);
  TEST(asks_for_the_whole_file_when_the_record_stays);
  TEST(counts_requests_that_cannot_be_started);
  TEST(goes_on_behind_a_body_that_was_too_short);
  TEST(refuses_more_than_the_whole);
  TEST(ignores_records_that_are_not_sound);
  TEST(repeats_a_run_that_the_network_ended);
  TEST(repeats_no_later_than_the_interval);
  TEST(takes_up_to_twenty_retries);
}
