/* SPDX-License-Identifier: MIT */
/* A store that fails, that holds what was not written so, or that belongs to another image. */
#include "sesp_internal.h"
#include "suites.h"
#include "world.h"

static world_t world;

static world_entry_t *entry(const char *key) {
  return (world_entry_t *)world_entry(&world, key);
}

static void refuses_settings_that_cannot_be_stored(void) {
  world_ready(&world);
  world.fail_op[OP_KV_SET] = 1;
  world_command(&world, "update/url", "https://a.example/x", 1);
  CHECK(world_replied(&world, "unsupported") && world.core.settings.url[0] == '\0');
  world_command(&world, "update/url", "https://a.example/x", 2);
  CHECK(world_replied(&world, "\"ok\":true"));
  world.fail_op[OP_KV_SET] = 1;
  world_command(&world, "update/use_url", "1", 3);
  CHECK(world_replied(&world, "unsupported") && world.core.settings.use_url == 0);
}

static void uses_defaults_for_settings_that_are_damaged(void) {
  world_ready(&world);
  world_command(&world, "update/url", "https://a.example/x", 1);
  world_command(&world, "update/use_url", "1", 2);
  world_command(&world, "update/interval", "400", 3);
  entry("use_url")->value[0] = 'x';
  entry("interval")->value[0] = 'x';
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  CHECK(world.core.settings.use_url == 0 && world.core.settings.interval_s == world.config.default_interval_s);
  CHECK_TEXT(world.core.settings.url, "https://a.example/x");
}

static void ignores_what_is_known_of_another_installed_image(void) {
  sesp_installed_t installed;
  world_ready(&world);
  memset(&installed, 0, sizeof(installed));
  world_identity(installed.identity, 99);
  installed.version[0] = '9';
  installed.etag[0] = 'x';
  CHECK(sesp_store_installed(&world.core, &installed) == SESP_OK);
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  CHECK_TEXT(world.core.version, "1.0.0");
  CHECK_TEXT(world.core.installed_etag, "");
}

static void counts_power_losses_no_further_than_they_can_be_stored(void) {
  sesp_attempts_t attempts;
  sesp_pending_t pending;
  sesp_blocked_t blocked;
  world_ready(&world);
  memset(&attempts, 0, sizeof(attempts));
  memset(&pending, 0, sizeof(pending));
  world_identity(attempts.identity, 9);
  world_identity(pending.identity, 9);
  attempts.run = 1;
  attempts.count = 255;
  pending.run = 2;
  CHECK(sesp_store_attempts(&world.core, &attempts) == SESP_OK);
  CHECK(sesp_store_pending(&world.core, &pending) == SESP_OK);
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  CHECK(sesp_load_attempts(&world.core, &attempts) == SESP_KV_OK && attempts.count == 255 && attempts.run == 2);
  CHECK(sesp_load_blocked(&world.core, &blocked) == SESP_KV_OK);
}

static void confirms_although_the_record_is_about_another_image(void) {
  sesp_pending_t pending;
  world_ready(&world);
  memset(&pending, 0, sizeof(pending));
  world_identity(pending.identity, 9);
  CHECK(sesp_store_pending(&world.core, &pending) == SESP_OK);
  world.slots[0].state = SLOT_NEW;
  world.fail_op[OP_KV_ERASE] = 1;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_ack(&world);
  CHECK(world.slots[0].state == SLOT_VALID && world_entry(&world, "pending") == NULL);
  CHECK(world_says(&world, "update/state", "\"state\":\"confirmed\""));
}

static void stores_no_record_that_is_too_long(void) {
  sesp_correlation_t ring;
  world_ready(&world);
  memset(&ring, 0, sizeof(ring));
  memset(ring.len, 100, sizeof(ring.len));
  ring.len[5] = 0;
  ring.len[6] = 0;
  ring.len[7] = 0;
  CHECK(sesp_store_correlation(&world.core, &ring) == SESP_ERR_NO_SPACE);
}

static void takes_impossible_correlation_records_for_none(void) {
  sesp_correlation_t ring;
  const uint8_t data[2] = {1, 2};
  world_ready(&world);
  memset(&ring, 0, sizeof(ring));
  sesp_correlation_remember(&ring, data, sizeof(data));
  CHECK(sesp_store_correlation(&world.core, &ring) == SESP_OK);
  CHECK(sesp_load_correlation(&world.core, &ring) == SESP_KV_OK && ring.next == 1);
  entry("correlation")->value[1] = SESP_CORRELATION_SLOTS;
  CHECK(sesp_load_correlation(&world.core, &ring) == SESP_KV_NOT_FOUND);
  entry("correlation")->value[1] = 1;
  entry("correlation")->value[2] = SESP_CORRELATION_MAX_BYTES + 1u;
  CHECK(sesp_load_correlation(&world.core, &ring) == SESP_KV_NOT_FOUND);
}

static void takes_an_outcome_with_an_unknown_reason_for_none(void) {
  sesp_update_state_t outcome;
  world_ready(&world);
  memset(&outcome, 0, sizeof(outcome));
  outcome.state = SESP_UPDATE_STATE_STATE_FAILED;
  CHECK(sesp_store_outcome(&world.core, &outcome) == SESP_OK);
  CHECK(sesp_load_outcome(&world.core, &outcome) == SESP_KV_OK);
  entry("outcome")->value[6] = (uint8_t)SESP_UPDATE_STATE_REASON_COUNT;
  CHECK(sesp_load_outcome(&world.core, &outcome) == SESP_KV_NOT_FOUND);
}

static void starts_no_run_that_cannot_be_counted(void) {
  world_reset(&world);
  world.config.automatic_checks = true;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world.fail_op[OP_KV_SET] = 1;
  world_run(&world, (uint64_t)world.config.default_interval_s * 1000u);
  CHECK(world.starts == 1 && world.core.run_counter == 1);
}

static void counts_runs_from_one_again_after_the_last_number(void) {
  world_ready(&world);
  world.core.run_counter = UINT32_MAX - 1u;
  CHECK(sesp_run_number(&world.core) == SESP_OK && world.core.run_counter == UINT32_MAX);
  CHECK(sesp_run_number(&world.core) == SESP_OK && world.core.run_counter == 1);
}

static void checks_first_within_an_interval_that_is_short(void) {
  world_ready(&world);
  world.core.config.automatic_checks = true;
  world.core.settings.interval_s = 10;
  world.random = UINT32_MAX;
  sesp_schedule_first_check(&world.core);
  CHECK(world.core.check_ms == world.core.boot_ms + 10000u);
}

void store_edges_suite(void) {
  TEST(refuses_settings_that_cannot_be_stored);
  TEST(uses_defaults_for_settings_that_are_damaged);
  TEST(ignores_what_is_known_of_another_installed_image);
  TEST(counts_power_losses_no_further_than_they_can_be_stored);
  TEST(confirms_although_the_record_is_about_another_image);
  TEST(stores_no_record_that_is_too_long);
  TEST(takes_impossible_correlation_records_for_none);
  TEST(takes_an_outcome_with_an_unknown_reason_for_none);
  TEST(starts_no_run_that_cannot_be_counted);
  TEST(counts_runs_from_one_again_after_the_last_number);
  TEST(checks_first_within_an_interval_that_is_short);
}
