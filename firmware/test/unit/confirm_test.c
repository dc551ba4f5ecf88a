/* SPDX-License-Identifier: MIT */
#include "suites.h"
#include "world.h"

#define MINUTE ((uint64_t)60000u)
#define HOUR (60u * MINUTE)

static world_t world;

/** An update is installed and the new image has just booted, offline. */
static void boot_new_image(void) {
  world_ready(&world);
  world_command(&world, "update/run", "", 1);
  world_serve_image(&world, "1.1.0", 2);
  world_verified(&world, 2);
  world_ack(&world);
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world_forget(&world);
  world.starts = 0;
  world.aborts = 0;
}

static bool rolled_back(void) {
  return world.next == 0 && world.slots[1].state == SLOT_INVALID;
}

static bool pending(void) {
  return world.next == 1 && world.slots[1].state == SLOT_PENDING && !world.restarted;
}

static void waits_for_the_health_check(void) {
  boot_new_image();
  world.health = SESP_HEALTH_WAIT;
  world_connect(&world);
  world_ack(&world);
  CHECK(pending());
  world_run(&world, MINUTE);
  CHECK(pending());
  world.health = SESP_HEALTH_GOOD;
  world_run(&world, 1000);
  CHECK(world.slots[1].state == SLOT_VALID && world_says(&world, "update/state", "\"state\":\"confirmed\""));
}

static void waits_for_the_acknowledgement(void) {
  boot_new_image();
  world_connect(&world);
  world_run(&world, MINUTE);
  CHECK(pending());
  world_ack(&world);
  CHECK(world.slots[1].state == SLOT_VALID);
}

static void lets_a_bad_health_recover_until_the_deadline(void) {
  boot_new_image();
  world.health = SESP_HEALTH_BAD;
  world_connect(&world);
  world_ack(&world);
  world_run(&world, 14u * MINUTE);
  CHECK(pending());
  world.health = SESP_HEALTH_GOOD;
  world_run(&world, 2000);
  CHECK(world.slots[1].state == SLOT_VALID);
}

static void rolls_back_an_unhealthy_image_at_the_deadline(void) {
  static const sesp_health_t opinions[] = {SESP_HEALTH_BAD, SESP_HEALTH_WAIT};
  for (size_t at = 0; at < 2u; at++) {
    boot_new_image();
    world.health = opinions[at];
    world_connect(&world);
    world_ack(&world);
    world_run(&world, 15u * MINUTE - 1000u);
    CHECK(pending());
    world_run(&world, 2000);
    CHECK(rolled_back() && !world.restarted);
    CHECK(world_logged(&world, "[ERROR] OTA-Update not confirmed: the health check failed. Rolling back"));
    world_ack(&world);
    CHECK(world.restarted);
    world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
    world_forget(&world);
    world_connect(&world);
    CHECK(world_says(&world, "update/state", "\"state\":\"rolled_back\",\"from\":\"1.0.0\",\"to\":\"1.1.0\""));
    CHECK(world_entry(&world, "blocked") != NULL);
  }
}

static void does_not_excuse_a_failed_image_by_a_power_loss(void) {
  boot_new_image();
  world.health = SESP_HEALTH_BAD;
  world_run(&world, 15u * MINUTE);
  CHECK(rolled_back() && !world.restarted);
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  CHECK(world_entry(&world, "blocked") != NULL && world_entry(&world, "attempts") == NULL);
}

static void rolls_back_at_the_deadline_when_the_broker_refuses(void) {
  static const sesp_connect_failure_t failures[] = {SESP_CONNECT_TLS, SESP_CONNECT_AUTH};
  for (size_t at = 0; at < 2u; at++) {
    boot_new_image();
    sesp_on_connect_failed(&world.core, failures[at]);
    world_run(&world, 14u * MINUTE);
    CHECK(pending());
    world_run(&world, 2u * MINUTE);
    CHECK(rolled_back() && world.restarted);
  }
}

static void rolls_back_when_a_connected_broker_never_acknowledges(void) {
  boot_new_image();
  world_connect(&world);
  world_run(&world, 16u * MINUTE);
  CHECK(rolled_back());
}

static void stays_pending_while_nothing_is_reachable(void) {
  boot_new_image();
  sesp_on_connect_failed(&world.core, SESP_CONNECT_UNREACHABLE);
  world_run(&world, 16u * MINUTE);
  CHECK(pending() && world.starts == 1);
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_UNREACHABLE);
  world_run(&world, 3u * MINUTE);
  CHECK(world.starts == 1);
  world_run(&world, 2u * MINUTE);
  CHECK(world.starts == 2 && pending()); /* probes every five minutes */
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_STALLED);
  world_connect(&world);
  world_ack(&world);
  CHECK(world.slots[1].state == SLOT_VALID);
}

static void confirms_a_broker_that_comes_back_late(void) {
  boot_new_image();
  world_run(&world, 2u * HOUR);
  CHECK(pending());
  world_connect(&world);
  CHECK(world.aborts == 1); /* the probe */
  world_run(&world, MINUTE - 2000u);
  CHECK(pending());
  world_ack(&world);
  CHECK(world.slots[1].state == SLOT_VALID);
}

static void gives_up_after_a_day_offline(void) {
  boot_new_image();
  world_run(&world, 24u * HOUR - 1000u);
  CHECK(pending());
  world_run(&world, 2000);
  CHECK(rolled_back());
}

static void stays_pending_while_only_the_broker_is_unreachable(void) {
  boot_new_image();
  world_run(&world, 16u * MINUTE);
  CHECK(world.starts == 1);
  world_respond(&world, 304, NULL, -1, NULL);
  CHECK(pending() && world.aborts == 1);
  world_run(&world, 5u * MINUTE);
  CHECK(world.starts == 2);
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_HTTP_STATUS);
  CHECK(pending());
  world_run(&world, 20u * HOUR);
  CHECK(pending());
  world_connect(&world);
  world_ack(&world);
  CHECK(world.slots[1].state == SLOT_VALID);
}

static void rolls_back_when_the_update_server_is_not_trusted(void) {
  boot_new_image();
  world_run(&world, 16u * MINUTE);
  sesp_on_download_failed(&world.core, SESP_UPDATE_STATE_REASON_TLS);
  CHECK(rolled_back());
}

static void stays_when_there_is_nothing_to_roll_back_to(void) {
  boot_new_image();
  world.slots[0].state = SLOT_INVALID;
  world.health = SESP_HEALTH_BAD;
  world_run(&world, 16u * MINUTE);
  CHECK(pending());
  const unsigned calls = world.ops;
  world_run(&world, 5u * MINUTE); /* tries once a minute, writes nothing more */
  CHECK(pending() && world.ops - calls == 2u * 5u);
  world.health = SESP_HEALTH_GOOD;
  world_connect(&world);
  world_ack(&world);
  CHECK(world.slots[1].state == SLOT_VALID);
}

static void tries_again_when_the_confirmation_cannot_be_written(void) {
  boot_new_image();
  world.fail_op[OP_BOOT_CONFIRM] = 2;
  world_connect(&world);
  world_ack(&world);
  CHECK(pending());
  world_run(&world, 2000);
  CHECK(world.slots[1].state == SLOT_VALID && world_says(&world, "update/state", "\"state\":\"confirmed\""));
}

static void checks_nothing_while_pending(void) {
  boot_new_image();
  world.config.automatic_checks = true;
  world.slots[1].state = SLOT_NEW;
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world.health = SESP_HEALTH_WAIT;
  world_connect(&world);
  world_ack(&world);
  world_run(&world, 14u * MINUTE);
  CHECK(world.starts == 0 && pending());
}

void confirm_suite(void) {
  TEST(waits_for_the_health_check);
  TEST(waits_for_the_acknowledgement);
  TEST(lets_a_bad_health_recover_until_the_deadline);
  TEST(rolls_back_an_unhealthy_image_at_the_deadline);
  TEST(does_not_excuse_a_failed_image_by_a_power_loss);
  TEST(rolls_back_at_the_deadline_when_the_broker_refuses);
  TEST(rolls_back_when_a_connected_broker_never_acknowledges);
  TEST(stays_pending_while_nothing_is_reachable);
  TEST(confirms_a_broker_that_comes_back_late);
  TEST(gives_up_after_a_day_offline);
  TEST(stays_pending_while_only_the_broker_is_unreachable);
  TEST(rolls_back_when_the_update_server_is_not_trusted);
  TEST(stays_when_there_is_nothing_to_roll_back_to);
  TEST(tries_again_when_the_confirmation_cannot_be_written);
  TEST(checks_nothing_while_pending);
}
