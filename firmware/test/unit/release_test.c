/* SPDX-License-Identifier: MIT */
#include "manifest.h"
#include "suites.h"
#include "world.h"

static world_t world;
static uint8_t jws[3000];

static void ask(void) {
  static uint8_t mark = 0;
  mark++;
  world_command(&world, "update/run", "", mark);
  world_respond(&world, 200, "Application/JOSE; charset=x", -1, "\"manifest-tag\"");
}

static void offer(const manifest_t *manifest) {
  ask();
  sesp_on_manifest(&world.core, jws, manifest_jws(manifest, jws, sizeof(jws)));
}

static bool failed_with(const char *reason) {
  char part[64];
  (void)snprintf(part, sizeof(part), "\"reason\":\"%s\"", reason);
  return world_says(&world, "update/state", "\"state\":\"failed\"") && world_says(&world, "update/state", part);
}

static void follows_a_manifest_to_its_image(void) {
  const manifest_t manifest = manifest_good();
  world_ready(&world);
  offer(&manifest);
  CHECK(world.starts == 2 && !world.accept_manifest && world.max_bytes == 4096);
  CHECK_TEXT(world.url, MANIFEST_URL);
  CHECK_TEXT(world.if_none_match, "");
  CHECK_TEXT(world.kid, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
  world_serve_image(&world, "useless", 2); /* the stated version counts */
  CHECK(world.verifying && world.has_file_sha256 && world.file_sha256[0] == 0x01 && world.file_sha256[7] == 0xef);
  CHECK(world_says(&world, "update/state", "\"to\":\"1.1.0\",\"bytes\":4096,\"total\":4096"));
  world_verified(&world, 2);
  world_ack(&world);
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world_connect(&world);
  CHECK(world_says(&world, "status", "\"version\":\"1.1.0\""));
  world_ack(&world);
  CHECK(world_says(&world, "update/state", "\"state\":\"confirmed\",\"from\":\"1.0.0\",\"to\":\"1.1.0\""));
  CHECK_TEXT(sesp_running_version(&world.core), "1.1.0");
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  CHECK_TEXT(sesp_running_version(&world.core), "1.1.0");
  world_connect(&world);
  ask();
  CHECK_TEXT(world.request_version, "1.1.0");
  CHECK_TEXT(world.if_none_match, "\"tag\"");
}

static void checks_every_rule_of_a_manifest(void) {
  static const struct {
    const char *reason;
    manifest_t change; /* members that differ from a good one */
  } cases[] = {
      {"manifest_expired", {7, 1000, "secure_esp", "esp32c3", "1.1.0", 3, 4096, 2, NULL}},
      {"wrong_project", {7, 2000, "other", "esp32c3", "1.1.0", 3, 4096, 2, NULL}},
      {"wrong_chip", {7, 2000, "secure_esp", "esp32", "1.1.0", 3, 4096, 2, NULL}},
      {"same_version", {7, 2000, "secure_esp", "esp32c3", "1.0", 3, 4096, 2, NULL}},
      {"same_version", {7, 2000, "secure_esp", "esp32c3", "1.1", 3, 4096, 1, NULL}},
      {"lower_version", {7, 2000, "secure_esp", "esp32c3", "0.9", 3, 4096, 2, NULL}},
      {"version_unparsable", {7, 2000, "secure_esp", "esp32c3", "new", 3, 4096, 2, NULL}},
      {"secure_version", {7, 2000, "secure_esp", "esp32c3", "1.1.0", 2, 4096, 2, NULL}},
      {"too_large", {7, 2000, "secure_esp", "esp32c3", "1.1.0", 3, 1024 * 1024 + 1, 2, NULL}},
  };
  for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
    world_reset(&world);
    world.unix_time_s = 1000;
    world.config.secure_version = 3;
    world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
    world_connect(&world);
    offer(&cases[at].change);
    check_report(failed_with(cases[at].reason), cases[at].reason, __FILE__, __LINE__);
    CHECK(world.starts == 1);
  }
}

static void ignores_the_expiry_while_time_is_unknown(void) {
  manifest_t manifest = manifest_good();
  manifest.exp = 1;
  world_ready(&world);
  offer(&manifest);
  CHECK(world.starts == 2);
}

static void refuses_an_older_manifest_than_the_newest_seen(void) {
  manifest_t manifest = manifest_good();
  world_ready(&world);
  offer(&manifest);
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_STALLED);
  manifest.seq = 6;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  offer(&manifest);
  CHECK(failed_with("manifest_replayed"));
  manifest.seq = 7; /* the same one again */
  offer(&manifest);
  CHECK(world_says(&world, "update/state", "\"state\":\"checking\""));
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_STALLED);
  manifest.seq = 8;
  manifest.project = "other"; /* not for us: its number does not count */
  offer(&manifest);
  CHECK(failed_with("wrong_project"));
  manifest.seq = 7;
  manifest.project = "secure_esp";
  offer(&manifest);
  CHECK(world_says(&world, "update/state", "\"state\":\"checking\""));
}

static void refuses_what_no_release_key_signed(void) {
  const manifest_t manifest = manifest_good();
  world_ready(&world);
  world.es256 = SESP_ES256_BAD;
  offer(&manifest);
  CHECK(failed_with("bad_signature"));
  world.es256 = SESP_ES256_UNKNOWN_KEY;
  offer(&manifest);
  CHECK(failed_with("untrusted_key"));
  world.es256 = (sesp_es256_t)(SESP_ES256_OK - 1);
  offer(&manifest);
  CHECK(failed_with("bad_signature"));
  CHECK(world_entry(&world, "seq") == NULL && world.starts == 3);
}

static void refuses_malformed_manifests(void) {
  static const char header[] = "{\"alg\":\"ES256\",\"kid\":\"0123456789abcdef0123456789abcdef0123456789abcdef"
                               "0123456789abcdef\"}";
  static const struct {
    const char *header;
    const char *payload;
    const char *reason;
  } cases[] = {
      {"{\"alg\":\"none\"}", "{}", "bad_signature"},
      {"{\"alg\":\"HS256\",\"kid\":\"00\"}", "{}", "bad_signature"},
      {header, "{}", "not_an_image"},
      {header, "[]", "not_an_image"},
      {header, "{\"seq\":1", "not_an_image"},
  };
  for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
    world_ready(&world);
    ask();
    sesp_on_manifest(&world.core, jws, jws_of(cases[at].header, cases[at].payload, jws, sizeof(jws)));
    check_report(failed_with(cases[at].reason), cases[at].payload, __FILE__, __LINE__);
  }
  const manifest_t manifest = manifest_good();
  const size_t whole = manifest_jws(&manifest, jws, sizeof(jws));
  for (size_t len = 0; len < whole; len++) {
    (void)manifest_jws(&manifest, jws, sizeof(jws));
    world_ready(&world);
    ask();
    sesp_on_manifest(&world.core, jws, len);
    CHECK(world.starts == 1 && world_says(&world, "update/state", "\"state\":\"failed\""));
  }
}

static void refuses_manifests_that_are_too_long(void) {
  world_ready(&world);
  world_command(&world, "update/run", "", 1);
  world_respond(&world, 200, "application/jose", 2049, NULL);
  CHECK(failed_with("too_large") && world.aborts == 1);
  ask();
  memset(jws, 'a', sizeof(jws));
  sesp_on_manifest(&world.core, jws, 2049);
  CHECK(failed_with("too_large"));
  ask();
  sesp_on_manifest(&world.core, NULL, 0);
  CHECK(failed_with("bad_signature"));
}

static void takes_a_release_only_from_the_versions_it_lists(void) {
  manifest_t manifest = manifest_good();
  world_ready(&world);
  manifest.from = "[\"0.9\",\"0.8\"]";
  offer(&manifest);
  CHECK(world_says(&world, "update/state", "\"state\":\"idle\"") &&
        world_says(&world, "update/state", "\"reason\":\"none_newer\""));
  manifest.from = "[]";
  offer(&manifest);
  CHECK(world_says(&world, "update/state", "\"reason\":\"none_newer\"") && world.starts == 2);
  manifest.from = "[\"0.9\",\"v1.0\"]";
  offer(&manifest);
  CHECK(world_says(&world, "update/state", "\"state\":\"checking\"") && world.starts == 4);
}

static void refuses_an_image_that_is_not_the_announced_one(void) {
  const manifest_t manifest = manifest_good();
  world_ready(&world);
  offer(&manifest);
  world_serve_image(&world, "1.1.0", 3);
  world_verified(&world, 3);
  CHECK(failed_with("bad_hash") && world.next == 0 && world.aborts == 1);
  offer(&manifest);
  world_respond(&world, 200, "", 4095, NULL);
  CHECK(failed_with("bad_hash"));
  offer(&manifest);
  world_respond(&world, 200, "application/jose", -1, NULL);
  CHECK(failed_with("not_an_image"));
  offer(&manifest);
  world_respond(&world, 304, "", -1, NULL);
  CHECK(failed_with("http_status"));
}

static void lets_a_manifest_order_what_has_no_version(void) {
  const manifest_t manifest = manifest_good();
  world_reset(&world);
  (void)snprintf(world.slots[0].version, sizeof(world.slots[0].version), "arduino");
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  offer(&manifest);
  CHECK(world.starts == 2);
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_STALLED);
  world_command(&world, "update/run", "", 200);
  world_serve_image(&world, "1.1.0", 2);
  CHECK(failed_with("version_unparsable"));
}

static void counts_on_whichever_server_it_is_told_to_ask(void) {
  manifest_t manifest = manifest_good();
  world_reset(&world);
  world.config.require_manifest = true;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  offer(&manifest);
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_STALLED);
  world_command(&world, "update/url", "https://other.example/fw.bin", 100);
  world_command(&world, "update/use_url", "1", 101);
  manifest.seq = 6;
  offer(&manifest);
  CHECK_TEXT(world.url, "https://other.example/fw.bin");
  CHECK(failed_with("manifest_replayed"));
  world_command(&world, "update/run", "", 102);
  world_respond(&world, 200, "application/octet-stream", 4096, NULL);
  CHECK(failed_with("unsigned"));
}

static void goes_on_with_the_greatest_number_there_is(void) {
  manifest_t manifest = manifest_good();
  world_ready(&world);
  manifest.seq = UINT32_MAX;
  offer(&manifest);
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_STALLED);
  manifest.seq = UINT32_MAX - 1u;
  offer(&manifest);
  CHECK(failed_with("manifest_replayed"));
  manifest.seq = UINT32_MAX;
  offer(&manifest);
  CHECK(world_says(&world, "update/state", "\"state\":\"checking\""));
}

static void does_not_excuse_a_bad_signature_of_the_image(void) {
  const manifest_t manifest = manifest_good();
  world_ready(&world);
  offer(&manifest);
  world_serve_image(&world, "1.1.0", 2);
  sesp_on_image_verified(&world.core, false, SESP_UPDATE_STATE_REASON_UNTRUSTED_KEY, NULL);
  CHECK(failed_with("untrusted_key") && world.next == 0);
}

void release_suite(void) {
  TEST(follows_a_manifest_to_its_image);
  TEST(checks_every_rule_of_a_manifest);
  TEST(ignores_the_expiry_while_time_is_unknown);
  TEST(refuses_an_older_manifest_than_the_newest_seen);
  TEST(refuses_what_no_release_key_signed);
  TEST(refuses_malformed_manifests);
  TEST(refuses_manifests_that_are_too_long);
  TEST(takes_a_release_only_from_the_versions_it_lists);
  TEST(refuses_an_image_that_is_not_the_announced_one);
  TEST(lets_a_manifest_order_what_has_no_version);
  TEST(counts_on_whichever_server_it_is_told_to_ask);
  TEST(goes_on_with_the_greatest_number_there_is);
  TEST(does_not_excuse_a_bad_signature_of_the_image);
}
