/* SPDX-License-Identifier: MIT */
#include "suites.h"
#include "world.h"

static world_t world;

/** When the first check comes after boot, milliseconds. */
static uint64_t first_check(uint32_t random, uint32_t interval_s) {
  world_reset(&world);
  world.config.automatic_checks = true;
  world.config.default_interval_s = interval_s;
  world.random = random;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  return sesp_next_tick_ms(&world.core) - world.now_ms;
}

static void spreads_the_first_check_over_five_minutes(void) {
  CHECK(first_check(0, 3600) == 0);
  CHECK(first_check(UINT32_MAX, 3600) == 300000);
  CHECK(first_check(2147483648u, 3600) == 150000);
  CHECK(first_check(UINT32_MAX, 300) == 300000);
}

static void checks_at_the_interval(void) {
  (void)first_check(0, 3600);
  world_run(&world, 0);
  CHECK(world.starts == 1);
  world_respond(&world, 204, NULL, 0, NULL);
  CHECK(sesp_next_tick_ms(&world.core) == world.now_ms + 3600000u);
  world_run(&world, 3599999);
  CHECK(world.starts == 1);
  world_run(&world, 1);
  CHECK(world.starts == 2);
}

static void a_new_interval_restarts_the_timer(void) {
  (void)first_check(UINT32_MAX, 3600);
  world_connect(&world);
  world_run(&world, 1000);
  world_command(&world, "update/interval", "600", 1);
  CHECK(sesp_next_tick_ms(&world.core) == world.now_ms + 600000u);
  world_run(&world, 600000);
  CHECK(world.starts == 1);
}

static void does_not_check_by_itself_when_told_so(void) {
  world_ready(&world);
  world_command(&world, "update/interval", "600", 1);
  world_run(&world, 10000000);
  CHECK(world.starts == 0 && sesp_next_tick_ms(&world.core) == SESP_NEVER_MS);
}

static void skips_a_check_while_a_run_is_under_way(void) {
  (void)first_check(0, 3600);
  world_run(&world, 0);
  world_run(&world, 3600000);
  CHECK(world.starts == 1 && world.core.run_counter == 1);
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_STALLED);
  world_run(&world, 3600000);
  CHECK(world.starts == 2 && world.core.run_counter == 2);
}

static void does_not_check_without_a_url(void) {
  world_reset(&world);
  world.config.automatic_checks = true;
  world.config.builtin_url = "";
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_run(&world, 10000000);
  CHECK(world.starts == 0 && world.core.run_counter == 0);
  world_command(&world, "update/run", "", 1);
  CHECK(world_replied(&world, "\"code\":\"no_url\""));
}

static void spreads_a_broadcast_run(void) {
  world_reset(&world);
  world.config.broadcast_run_spread_s = 60;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world.random = 2147483648u;
  world_broadcast(&world, "update/run", "", 1);
  CHECK(world.starts == 0);
  world.random = 0;
  world_broadcast(&world, "update/run", "", 2); /* does not move the moment */
  world_run(&world, 29999);
  CHECK(world.starts == 0);
  world_run(&world, 2);
  CHECK(world.starts == 1);
  world_respond(&world, 204, NULL, 0, NULL);
  world_run(&world, 1000000);
  CHECK(world.starts == 1);
}

static void a_direct_run_replaces_a_delayed_one(void) {
  world_reset(&world);
  world.config.broadcast_run_spread_s = 60;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world.random = UINT32_MAX;
  world_broadcast(&world, "update/run", "", 1);
  world_command(&world, "update/run", "", 2);
  CHECK(world.starts == 1 && world_replied(&world, "{\"ok\":true,\"run\":1}"));
  world_respond(&world, 204, NULL, 0, NULL);
  world_run(&world, 100000);
  CHECK(world.starts == 1);
}

void schedule_suite(void) {
  TEST(spreads_the_first_check_over_five_minutes);
  TEST(checks_at_the_interval);
  TEST(a_new_interval_restarts_the_timer);
  TEST(does_not_check_by_itself_when_told_so);
  TEST(skips_a_check_while_a_run_is_under_way);
  TEST(does_not_check_without_a_url);
  TEST(spreads_a_broadcast_run);
  TEST(a_direct_run_replaces_a_delayed_one);
}
