/* SPDX-License-Identifier: MIT */
/* Servers and downloads that do what they should not. */
#include "manifest.h"
#include "sesp_internal.h"
#include "suites.h"
#include "world.h"

static world_t world;
static uint8_t jws[3000];

static bool failed_with(const char *reason) {
  char part[64];
  (void)snprintf(part, sizeof(part), "\"reason\":\"%s\"", reason);
  return world_says(&world, "update/state", "\"state\":\"failed\"") && world_says(&world, "update/state", part);
}

static void ask(const char *content_type) {
  static uint8_t mark = 0;
  mark++;
  world_command(&world, "update/run", "", mark);
  world_respond(&world, 200, content_type, -1, "\"tag\"");
}

/** Puts one character into a part of a good manifest: 0 the header, 1 the payload, 2 the signature. */
static void offer_spoiled(unsigned part, char with) {
  const manifest_t manifest = manifest_good();
  const size_t len = manifest_jws(&manifest, jws, sizeof(jws));
  size_t at = 0;
  ask("application/jose");
  for (unsigned dots = 0; dots < part; at++) {
    dots += jws[at] == '.' ? 1u : 0u;
  }
  jws[at] = (uint8_t)with;
  sesp_on_manifest(&world.core, jws, len);
}

static void refuses_parts_that_are_not_base64url(void) {
  world_ready(&world);
  offer_spoiled(0, '!');
  CHECK(failed_with("bad_signature"));
  offer_spoiled(1, '!');
  CHECK(failed_with("not_an_image"));
  offer_spoiled(2, '!');
  CHECK(failed_with("bad_signature"));
}

static void knows_a_manifest_by_the_whole_of_its_type(void) {
  static const char *const types[] = {"application/jose", "application/jose ; a=b", "application/jose;a=b"};
  for (size_t at = 0; at < sizeof(types) / sizeof(types[0]); at++) {
    world_ready(&world);
    ask(types[at]);
    CHECK(world.core.phase == SESP_PHASE_MANIFEST);
  }
  world_ready(&world);
  ask("application/jose+json");
  CHECK(world.core.phase == SESP_PHASE_HEADER);
}

static void keeps_no_tag_that_a_header_may_not_hold(void) {
  static const char *const tags[] = {"\"a\x7f\"", "\"a b\""};
  for (size_t at = 0; at < sizeof(tags) / sizeof(tags[0]); at++) {
    world_ready(&world);
    world_command(&world, "update/run", "", 1);
    world_respond(&world, 200, "application/octet-stream", 4096, tags[at]);
    CHECK_TEXT(world.core.offer.etag, "");
  }
}

static void resumes_only_by_strong_tags(void) {
  static const char *const tags[] = {"W/\"abc\"", "\"abc", "abc\"", "\"\"", "", "\"a\"b\"", "\"a b\"", "\"a\x7f\""};
  for (size_t at = 0; at < sizeof(tags) / sizeof(tags[0]); at++) {
    world_ready(&world);
    memset(&world.core.offer, 0, sizeof(world.core.offer));
    (void)snprintf(world.core.offer.etag, sizeof(world.core.offer.etag), "%s", tags[at]);
    world.core.report.total = 1048576;
    world.core.report.bytes = 524288;
    sesp_resume_keep(&world.core, 4096);
    CHECK(world_entry(&world, "resume") == NULL);
  }
}

static void ignores_progress_that_goes_back(void) {
  world_ready(&world);
  world.core.phase = SESP_PHASE_DOWNLOADING;
  world.core.report.bytes = 100;
  sesp_on_download_progress(&world.core, 100);
  CHECK(world.core.report.bytes == 100 && world.message_count == 0);
}

static void ignores_transfers_that_it_did_not_ask_for_while_pending(void) {
  world_ready(&world);
  world.core.phase = SESP_PHASE_PENDING_CONFIRM;
  world_respond(&world, 200, "text/plain", 10, "");
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_STALLED);
  CHECK(world.core.phase == SESP_PHASE_PENDING_CONFIRM && world.aborts == 0);
}

static void fails_where_a_transfer_ends_too_soon(void) {
  world_ready(&world);
  ask("application/jose");
  sesp_on_download_complete(&world.core, 10);
  CHECK(failed_with("not_an_image"));
  ask("application/jose");
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_TOO_LARGE);
  CHECK(failed_with("too_large"));
  ask("application/octet-stream");
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_TOO_LARGE);
  CHECK(failed_with("too_large"));
}

static void takes_numbers_that_are_no_reason_for_the_likeliest(void) {
  uint8_t header[288];
  for (unsigned at = 0; at < 2u; at++) {
    const sesp_update_state_reason_t strange =
        (sesp_update_state_reason_t)(at == 0u ? SESP_UPDATE_STATE_REASON_COUNT : UINT32_MAX);
    world_ready(&world);
    ask("application/octet-stream");
    sesp_on_download_failed(&world.core, strange);
    CHECK(failed_with("unreachable"));
    ask("application/octet-stream");
    world_image_header(header, "secure_esp", "1.1.0");
    sesp_on_image_header(&world.core, header, sizeof(header));
    sesp_on_download_complete(&world.core, 4096);
    CHECK(world.core.phase == SESP_PHASE_VERIFYING);
    sesp_on_image_verified(&world.core, false, strange, NULL);
    CHECK(failed_with("bad_signature"));
  }
}

static void refuses_an_image_whose_first_segment_fits_no_slot(void) {
  uint8_t header[288];
  world_ready(&world);
  ask("application/octet-stream");
  world_image_header(header, "secure_esp", "1.1.0");
  header[31] = 0x7F;
  sesp_on_image_header(&world.core, header, sizeof(header));
  CHECK(failed_with("too_large"));
}

static void fails_when_the_newest_sequence_number_cannot_be_stored(void) {
  const manifest_t manifest = manifest_good();
  world_ready(&world);
  ask("application/jose");
  world.fail_op[OP_KV_SET] = 1;
  sesp_on_manifest(&world.core, jws, manifest_jws(&manifest, jws, sizeof(jws)));
  CHECK(failed_with("flash"));
}

static void raises_the_newest_sequence_number(void) {
  manifest_t manifest = manifest_good();
  uint32_t newest = 0;
  world_ready(&world);
  for (manifest.seq = 7; manifest.seq < 9; manifest.seq++) {
    ask("application/jose");
    sesp_on_manifest(&world.core, jws, manifest_jws(&manifest, jws, sizeof(jws)));
    sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_TOO_LARGE);
  }
  CHECK(sesp_load_highest_seq(&world.core, &newest) == SESP_KV_OK && newest == 8);
  manifest.seq = 9;
  ask("application/jose");
  world.fail_op[OP_KV_SET] = 1;
  sesp_on_manifest(&world.core, jws, manifest_jws(&manifest, jws, sizeof(jws)));
  CHECK(failed_with("flash"));
}

static void compares_listed_versions_by_text_where_they_have_no_order(void) {
  sesp_manifest_t manifest;
  world_ready(&world);
  memset(&manifest, 0, sizeof(manifest));
  manifest.has_from = true;
  manifest.from_count = 1;
  (void)snprintf(manifest.from[0], sizeof(manifest.from[0]), "new");
  CHECK(!sesp_release_from(&world.core, &manifest));
  (void)snprintf(world.core.version, sizeof(world.core.version), "newer");
  (void)snprintf(manifest.from[0], sizeof(manifest.from[0]), "1.0");
  CHECK(!sesp_release_from(&world.core, &manifest));
  (void)snprintf(manifest.from[0], sizeof(manifest.from[0]), "newer");
  CHECK(sesp_release_from(&world.core, &manifest));
}

static void probes_only_where_there_is_a_server_and_no_broker(void) {
  world_ready(&world);
  world.core.config.builtin_url = "";
  sesp_probe_start(&world.core, 0);
  CHECK(!world.core.confirm.probing);
  world.core.config.builtin_url = BUILTIN_URL;
  world.fail_op[OP_DOWNLOAD_START] = 1;
  sesp_probe_start(&world.core, 0);
  CHECK(!world.core.confirm.probing);
  sesp_probe_result(&world.core, SESP_CONNECT_UNREACHABLE);
  CHECK(world.core.phase == SESP_PHASE_IDLE);
}

void update_edges_suite(void) {
  TEST(refuses_parts_that_are_not_base64url);
  TEST(knows_a_manifest_by_the_whole_of_its_type);
  TEST(keeps_no_tag_that_a_header_may_not_hold);
  TEST(resumes_only_by_strong_tags);
  TEST(ignores_progress_that_goes_back);
  TEST(ignores_transfers_that_it_did_not_ask_for_while_pending);
  TEST(fails_where_a_transfer_ends_too_soon);
  TEST(takes_numbers_that_are_no_reason_for_the_likeliest);
  TEST(refuses_an_image_whose_first_segment_fits_no_slot);
  TEST(fails_when_the_newest_sequence_number_cannot_be_stored);
  TEST(raises_the_newest_sequence_number);
  TEST(compares_listed_versions_by_text_where_they_have_no_order);
  TEST(probes_only_where_there_is_a_server_and_no_broker);
}
