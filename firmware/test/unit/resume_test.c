/* SPDX-License-Identifier: MIT */
/* A download that lost its connection goes on where it was, also after a reboot, and never mixes two files. */
#include "downloads.h"
#include "manifest.h"
#include "suites.h"

#define STEP (65536u)
#define RECORD_TOTAL (8u) /* from the end of the record */
#define RECORD_OFFSET (4u)

static world_t world;
static uint8_t jws[3000];
static const server_file_t file = {"\"a\"", "1.1.0", 300000u, 2, false};
static const server_file_t other_file = {"\"b\"", "1.2.0", 280000u, 3, false};

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

static void goes_on_where_the_connection_was_lost(void) {
  download_interrupted(&world, &file, 100000);
  CHECK(world_says(&world, "update/state", "{\"run\":1,\"state\":\"downloading\",\"from\":\"1.0.0\",\"to\":\"1.1.0\","
                                           "\"bytes\":100000,\"total\":300000,\"reason\":null}"));
  CHECK(world_logged(&world, "[WARNING] OTA-Update interrupted: stalled. Next attempt in 2 s (esp-001)"));
  CHECK(download_record_field(&world, RECORD_OFFSET) == 98304 && download_record_field(&world, RECORD_TOTAL) == 300000);
  CHECK(sesp_next_tick_ms(&world.core) == world.now_ms + 2000u);
  world_run(&world, 1999);
  CHECK(world.starts == 1);
  world_run(&world, 1);
  CHECK(world.starts == 2 && download_asks_for(&world, 98304, "\"a\"") && world.accept_manifest);
  CHECK_TEXT(world.url, BUILTIN_URL);
  world_forget(&world);
  CHECK(server_answer(&world, &file) && world.partial);
  CHECK(world_says(&world, "update/state", "\"state\":\"downloading\",\"from\":\"1.0.0\",\"to\":\"1.1.0\","
                                           "\"bytes\":98304,\"total\":300000"));
  download_check_updates(&world, &file);
}

static void goes_on_with_the_file_of_a_manifest(void) {
  download_ready(&world, 5);
  download_ask(&world, 1, true, file.size);
  CHECK(download_asks_for(&world, 0, "") && server_answer(&world, &file));
  server_send(&world, &file, 200000);
  server_lose(&world, SESP_UPDATE_STATE_REASON_TRUNCATED);
  world_run(&world, 2000);
  CHECK(download_asks_for(&world, 196608, "\"a\"") && !world.accept_manifest && world.max_bytes == file.size);
  CHECK_TEXT(world.url, MANIFEST_URL);
  CHECK_TEXT(world.if_none_match, "");
  CHECK(server_answer(&world, &file) && world.partial);
  download_check_updates(&world, &file);
}

static void goes_on_after_a_reboot(void) {
  for (unsigned kind = 0; kind < 2u; kind++) {
    download_ready(&world, 5);
    download_ask(&world, 1, kind == 1u, file.size);
    CHECK(server_answer(&world, &file));
    server_send(&world, &file, STEP - 1u);
    CHECK(world_entry(&world, "resume") == NULL);
    server_send(&world, &file, 2u * STEP + 40000u);
    CHECK(download_record_field(&world, RECORD_OFFSET) == 2u * STEP);
    download_reboot(&world);
    CHECK(world_says(&world, "update/state", "\"state\":\"failed\""));
    CHECK(world_says(&world, "update/state", "\"reason\":\"truncated\""));
    download_ask(&world, 2, kind == 1u, file.size);
    CHECK(download_asks_for(&world, 2u * STEP, "\"a\"") && server_answer(&world, &file) && world.partial);
    download_check_updates(&world, &file);
  }
}

static void never_asks_for_nothing(void) {
  const server_file_t whole = {"\"a\"", "1.1.0", 2u * STEP, 2, false};
  download_interrupted(&world, &whole, 2u * STEP);
  CHECK(download_record_field(&world, RECORD_OFFSET) == 2u * STEP - 4096u);
  world_run(&world, 2000);
  CHECK(download_asks_for(&world, 2u * STEP - 4096u, "\"a\"") && server_answer(&world, &whole) && world.partial);
  download_check_updates(&world, &whole);
}

static void starts_over_when_the_file_was_replaced(void) {
  for (unsigned rebooted = 0; rebooted < 2u; rebooted++) {
    download_interrupted(&world, &file, 200000);
    if (rebooted == 1u) {
      download_reboot(&world);
      download_ask(&world, 2, false, 0);
    } else {
      world_run(&world, 2000);
    }
    CHECK(download_asks_for(&world, 196608, "\"a\""));
    CHECK(server_answer(&world, &other_file) && !world.partial);
    CHECK(world_entry(&world, "resume") == NULL);
    CHECK(world_says(&world, "update/state", "\"to\":\"1.2.0\",\"bytes\":0,\"total\":280000"));
    download_check_updates(&world, &other_file);
  }
}

static void starts_over_for_another_manifest(void) {
  const server_file_t shorter = {"\"a\"", "1.1.0", 280000u, 2, false};
  for (unsigned kind = 0; kind < 3u; kind++) {
    download_ready(&world, 0);
    download_ask(&world, 1, kind > 0u, file.size);
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
    download_ask(&world, 2, true, kind == 2u ? shorter.size : file.size);
    CHECK(download_asks_for(&world, 0, ""));
    CHECK(server_answer(&world, kind == 2u ? &shorter : &file) && !world.partial);
    download_check_updates(&world, kind == 2u ? &shorter : &file);
  }
}

static void does_not_mix_a_file_with_a_manifest_and_one_without(void) {
  download_ready(&world, 0);
  download_ask(&world, 1, true, file.size);
  CHECK(server_answer(&world, &file));
  server_send(&world, &file, 200000);
  server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
  download_ask(&world, 2, false, 0);
  CHECK(download_asks_for(&world, 0, "") && server_answer(&world, &file));
  download_check_updates(&world, &file);
}

static void belongs_to_the_image_that_runs(void) {
  download_interrupted(&world, &file, 200000);
  world_identity(world.slots[0].identity, 9);
  download_reboot(&world);
  download_ask(&world, 2, false, 0);
  CHECK(download_asks_for(&world, 0, ""));
}

static void asks_for_no_rest_where_a_manifest_is_required(void) {
  download_interrupted(&world, &file, 200000);
  world.config.require_manifest = true;
  download_reboot(&world);
  download_ask(&world, 2, false, 0);
  CHECK(download_asks_for(&world, 0, ""));
}

static void never_resumes_without_a_strong_tag(void) {
  static const char *const tags[] = {NULL, "", "W/\"a\"", "\"\"", "a", "\"a", "a\"", "\"a\"b\"", "\"a b\"",
                                     "\"12345678901234567890123456789012345678901234567890123456789012345678901\""};
  for (size_t at = 0; at < sizeof(tags) / sizeof(tags[0]); at++) {
    const server_file_t untagged = {tags[at], "1.1.0", 300000u, 2, true};
    download_interrupted(&world, &untagged, 200000);
    CHECK(world_entry(&world, "resume") == NULL);
    world_run(&world, 2000);
    CHECK(world.starts == 2 && download_asks_for(&world, 0, ""));
    CHECK(server_answer(&world, &untagged));
    download_check_updates(&world, &untagged);
  }
}

static void never_resumes_a_file_of_unknown_length(void) {
  uint8_t header[288];
  download_ready(&world, 5);
  download_ask(&world, 1, false, 0);
  world_respond(&world, 200, "", -1, "\"a\"");
  world_image_header(header, "secure_esp", "1.1.0");
  sesp_on_image_header(&world.core, header, sizeof(header));
  world.durable = 200000;
  sesp_on_download_progress(&world.core, 200000);
  server_lose(&world, SESP_UPDATE_STATE_REASON_STALLED);
  world_run(&world, 2000);
  CHECK(world.starts == 2 && download_asks_for(&world, 0, "") && world_entry(&world, "resume") == NULL);
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
    download_interrupted(&world, &file, 200000);
    world_run(&world, 2000);
    sesp_on_download_response(&world.core, &wrong[at]);
    CHECK(world.starts == 3 && world.aborts == 1 && download_asks_for(&world, 0, "") && world_entry(&world, "resume") == NULL);
    /* A server that does it again has had its chance. */
    sesp_on_download_response(&world.core, &wrong[at]);
    CHECK(world_says(&world, "update/state", "\"reason\":\"http_status\"") && !world.downloading);
    download_ask(&world, 2, false, 0);
    CHECK(download_asks_for(&world, 0, "") && server_answer(&world, &file));
    download_check_updates(&world, &file);
  }
  download_interrupted(&world, &file, 200000);
  world_run(&world, 2000);
  const sesp_download_response_t unsized = {206, "text/plain", -1, "\"a\"", 196608, 300000};
  sesp_on_download_response(&world.core, &unsized);
  CHECK(world.core.phase == SESP_PHASE_HEADER && world.aborts == 0);
}

static void refuses_a_part_that_it_did_not_ask_for(void) {
  const sesp_download_response_t part = {206, "", 300000, "\"a\"", 0, 300000};
  download_ready(&world, 5);
  download_ask(&world, 1, false, 0);
  sesp_on_download_response(&world.core, &part);
  CHECK(world_logged(&world, "OTA-Update failed: http_status, 206"));
}

static void looks_at_the_header_in_flash_again(void) {
  uint8_t header[288];
  download_interrupted(&world, &file, 200000);
  world_run(&world, 2000);
  CHECK(server_head(&world, &file) && world.partial);
  memset(header, 0xFF, sizeof(header));
  sesp_on_image_header(&world.core, header, sizeof(header));
  CHECK(world.starts == 3 && download_asks_for(&world, 0, "") && world_entry(&world, "resume") == NULL);
  CHECK(server_answer(&world, &file));
  download_check_updates(&world, &file);
}

static void starts_over_when_the_resumed_file_is_not_good(void) {
  const server_file_t twin = {"\"a\"", "1.1.0", 300000u, 3, false};
  download_interrupted(&world, &file, 200000);
  world_run(&world, 2000);
  CHECK(server_answer(&world, &twin) && world.partial);
  server_finish(&world, &twin);
  CHECK(world_logged(&world, "[WARNING] OTA-Update: the resumed file is not good. Starting over"));
  CHECK(world.starts == 3 && download_asks_for(&world, 0, "") && world_entry(&world, "resume") == NULL && world.next == 0);
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

static void keeps_what_it_has_while_the_server_is_ill(void) {
  download_interrupted(&world, &file, 200000);
  world_run(&world, 2000);
  world_respond(&world, 503, "text/plain", 4, NULL);
  CHECK(world_says(&world, "update/state", "\"reason\":\"http_status\"") && world.core.phase == SESP_PHASE_IDLE);
  download_ask(&world, 2, false, 0);
  CHECK(download_asks_for(&world, 196608, "\"a\""));
  world_respond(&world, 304, NULL, -1, NULL);
  CHECK(world_says(&world, "update/state", "\"reason\":\"none_newer\""));
}

static void follows_a_server_that_changes_its_mind(void) {
  /* Nothing newer any more. */
  download_interrupted(&world, &file, 200000);
  world_run(&world, 2000);
  world_respond(&world, 204, NULL, -1, NULL);
  CHECK(world_says(&world, "update/state", "\"reason\":\"none_newer\"") && !world.downloading);
  /* A manifest now: its file is another one as far as the device knows. */
  download_interrupted(&world, &file, 200000);
  world_run(&world, 2000);
  CHECK(download_asks_for(&world, 196608, "\"a\""));
  manifest_t manifest = manifest_good();
  manifest.size = file.size;
  world_respond(&world, 200, "application/jose", -1, NULL);
  world.downloading = false;
  sesp_on_manifest(&world.core, jws, manifest_jws(&manifest, jws, sizeof(jws)));
  CHECK(download_asks_for(&world, 0, ""));
  CHECK_TEXT(world.url, MANIFEST_URL);
  server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
  CHECK(world.core.phase == SESP_PHASE_RETRYING);
  world_run(&world, 4000);
  CHECK_TEXT(world.url, MANIFEST_URL);
  CHECK(server_answer(&world, &file));
  download_check_updates(&world, &file);
}

static void survives_a_store_that_fails(void) {
  download_ready(&world, 5);
  download_ask(&world, 1, false, 0);
  CHECK(server_answer(&world, &file));
  world.fail_op[OP_KV_SET] = 100;
  server_send(&world, &file, 200000);
  server_lose(&world, SESP_UPDATE_STATE_REASON_STALLED);
  world_run(&world, 2000);
  CHECK(download_asks_for(&world, 0, ""));
  world.fail_op[OP_KV_SET] = 0;
  CHECK(server_answer(&world, &file));
  download_check_updates(&world, &file);

  download_interrupted(&world, &file, 200000);
  world.fail_op[OP_KV_GET] = 1;
  world_run(&world, 2000);
  CHECK(download_asks_for(&world, 0, "") && download_record_field(&world, RECORD_OFFSET) == 196608u);
  world.fail_op[OP_KV_ERASE] = 1;
  CHECK(!server_answer(&world, &file) && world.durable == 200000u);
  CHECK(world_logged(&world, "OTA-Update failed: flash, the last download could not be forgotten"));
  download_ask(&world, 2, false, 0);
  CHECK(download_asks_for(&world, 196608, "\"a\"") && server_answer(&world, &file));
  download_check_updates(&world, &file);

  /* An image whose record cannot be erased is not made bootable. */
  download_interrupted(&world, &file, 200000);
  world_run(&world, 2000);
  CHECK(server_answer(&world, &file));
  world.fail_op[OP_KV_ERASE] = 1;
  server_finish(&world, &file);
  CHECK(world.next == 0 && world_says(&world, "update/state", "\"reason\":\"flash\""));
  CHECK(world_entry(&world, "resume") == NULL && world_entry(&world, "pending") == NULL && world.violations == 0);
}

static void asks_for_the_whole_file_when_the_record_stays(void) {
  download_interrupted(&world, &file, 200000);
  world_run(&world, 2000);
  world.fail_op[OP_KV_ERASE] = 1;
  world_respond(&world, 416, "", 0, NULL);
  CHECK(download_asks_for(&world, 0, "") && download_record_field(&world, RECORD_OFFSET) == 196608u);
  server_lose(&world, SESP_UPDATE_STATE_REASON_UNREACHABLE);
  world_run(&world, 4000);
  CHECK(download_asks_for(&world, 0, "") && server_answer(&world, &file));
  download_check_updates(&world, &file);
}

static void goes_on_behind_a_body_that_was_too_short(void) {
  download_ready(&world, 5);
  download_ask(&world, 1, true, file.size);
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
  CHECK(download_asks_for(&world, 196608, "\"a\"") && server_answer(&world, &file) && world.partial);
  download_check_updates(&world, &file);
}

static void refuses_more_than_the_whole(void) {
  download_interrupted(&world, &file, 200000);
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
    download_interrupted(&world, &file, 200000);
    set_record_field(cases[at].field, cases[at].value);
    world_run(&world, 2000);
    CHECK(download_asks_for(&world, 0, "") && server_answer(&world, &file));
    download_check_updates(&world, &file);
  }
  download_interrupted(&world, &file, 200000);
  for (size_t at = 0; at < WORLD_KEYS; at++) {
    if (world.entries[at].used && strcmp(world.entries[at].key, "resume") == 0) {
      world.entries[at].value[34] = 'a'; /* its tag, no longer a quoted one */
    }
  }
  world_run(&world, 2000);
  CHECK(download_asks_for(&world, 0, ""));
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
  TEST(keeps_what_it_has_while_the_server_is_ill);
  TEST(follows_a_server_that_changes_its_mind);
  TEST(survives_a_store_that_fails);
  TEST(asks_for_the_whole_file_when_the_record_stays);
  TEST(goes_on_behind_a_body_that_was_too_short);
  TEST(refuses_more_than_the_whole);
  TEST(ignores_records_that_are_not_sound);
}
