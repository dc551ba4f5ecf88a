/* SPDX-License-Identifier: MIT */
/*
 * Every port call of a whole update fails once, and power is lost before and after every one of them. Whatever happens,
 * no unverified image is made bootable, the settings stay, run numbers do not repeat, and the device can be updated
 * afterwards.
 */
#include "manifest.h"
#include "suites.h"
#include "world.h"

static world_t world;
static uint8_t jws[3000];
static uint8_t mark;
static uint32_t run_before; /* highest run of the messages that were forgotten */

static uint8_t next_mark(void) {
  mark = (uint8_t)(mark == 255u ? 20u : mark + 1u);
  return mark;
}

static void ask(bool with_manifest) {
  world_command(&world, "update/run", "", next_mark());
  if (with_manifest && world.downloading) {
    const manifest_t manifest = manifest_good();
    world_respond(&world, 200, "application/jose", -1, NULL);
    world.downloading = false;
    sesp_on_manifest(&world.core, jws, manifest_jws(&manifest, jws, sizeof(jws)));
  }
  if (world.downloading) {
    world_serve_image(&world, "1.1.0", 2);
  }
  world_verified(&world, 2);
  world_ack(&world);
  world_run(&world, 3000);
}

/** From the command to the confirmed new image, or wherever a fault leads. */
static void update(bool with_manifest) {
  world_connect(&world);
  world_run(&world, 3000);
  world_ack(&world);
  if (world.slots[1].state == SLOT_VALID) {
    return;
  }
  ask(with_manifest);
  if (world.restarted) {
    world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
    world_connect(&world);
    world_run(&world, 3000);
    world_ack(&world);
    world_run(&world, 3000);
    world_ack(&world);
  }
}

static void prepare(void) {
  world_ready(&world);
  mark = 20;
  run_before = 0;
  world_command(&world, "update/url", "https://other.example/fw.bin", 1);
  world_command(&world, "update/interval", "700", 2);
  world_ack(&world);
  world_forget(&world);
  world.ops = 0;
}

/** No state event names a lower run than one before it. Returns the highest. */
static uint32_t check_runs(void) {
  uint32_t highest = run_before;
  for (size_t at = 0; at < world.message_count; at++) {
    sesp_update_state_t state;
    const world_message_t *message = &world.messages[at];
    if (strcmp(message->topic, DEVICE_TOPIC "update/state") == 0) {
      CHECK(sesp_update_state_decode((const uint8_t *)message->payload, strlen(message->payload), &state) ==
            SESP_CODEC_OK);
      CHECK(state.run >= highest);
      highest = state.run;
    }
  }
  return highest;
}

static void check_invariants(void) {
  const world_entry_t *url = world_entry(&world, "url");
  const world_entry_t *interval = world_entry(&world, "interval");
  CHECK(world.violations == 0);
  CHECK(url != NULL && url->len == 28 && memcmp(url->value, "https://other.example/fw.bin", 28) == 0);
  CHECK(interval != NULL && interval->len == 3 && memcmp(interval->value, "700", 3) == 0);
  CHECK(world.slots[world.running].state == SLOT_VALID || world.slots[world.running].state == SLOT_PENDING);
  (void)check_runs();
}

/** Power loss takes no knowledge away: the record of the update is written before the slots are switched. */
static void check_knows_its_past(void) {
  CHECK_TEXT(world.core.report.from, "1.0.0");
  CHECK_TEXT(world.core.report.to, "1.1.0");
  CHECK(world.core.report.run > 0u && world_entry(&world, "pending") == NULL);
}

/** Without faults the device reaches the new image, by commands at most. */
static void check_recovers(bool with_manifest) {
  world.fail_at = 0;
  world.cut_before = 0;
  world.cut_after = 0;
  memset(world.fail_op, 0, sizeof(world.fail_op));
  for (unsigned attempt = 0;
       attempt < 3u && (world.slots[1].state != SLOT_VALID || world.core.phase == SESP_PHASE_PENDING_CONFIRM); attempt++) {
    run_before = check_runs();
    world_forget(&world);
    update(with_manifest);
  }
  CHECK(world.running == 1 && world.slots[1].state == SLOT_VALID);
  CHECK(world.core.report.state == SESP_UPDATE_STATE_STATE_CONFIRMED);
  check_invariants();
}

static unsigned count_calls(bool with_manifest) {
  prepare();
  update(with_manifest);
  CHECK(world.running == 1 && world.slots[1].state == SLOT_VALID);
  check_invariants();
  return world.ops;
}

static void survives_the_failure_of_every_call(void) {
  for (unsigned kind = 0; kind < 2u; kind++) {
    const unsigned calls = count_calls(kind == 1u);
    CHECK(calls > 60u);
    for (unsigned call = 1; call <= calls; call++) {
      prepare();
      world.fail_at = call;
      update(kind == 1u);
      check_invariants();
      if (world.core.phase == SESP_PHASE_PENDING_CONFIRM) {
        world_run(&world, 3000);
        world_ack(&world);
      }
      check_recovers(kind == 1u);
    }
  }
}

static void survives_the_failure_of_every_call_from_one_on(void) {
  const unsigned calls = count_calls(true);
  for (unsigned call = 1; call <= calls; call += 3u) {
    prepare();
    for (size_t op = 0; op < OP_COUNT; op++) {
      world.fail_op[op] = 0;
    }
    world.fail_at = call;
    update(true);
    world.fail_op[OP_KV_SET] = 3;
    world.fail_op[OP_PUBLISH] = 5;
    world.fail_op[OP_KV_GET] = 2;
    update(true);
    check_invariants();
    check_recovers(true);
  }
}

/** Runs an update that loses power at one call, then boots again. */
static void lose_power(unsigned before, unsigned after, bool with_manifest, sesp_status_reset_reason_t reason) {
  prepare();
  world.cut_before = before;
  world.cut_after = after;
  if (setjmp(world.power) == 0) {
    update(with_manifest);
  } else {
    world.cut_before = 0;
    world.cut_after = 0;
    world_boot(&world, reason);
  }
  check_invariants();
}

static void survives_power_loss_at_every_call(void) {
  for (unsigned kind = 0; kind < 2u; kind++) {
    const unsigned calls = count_calls(kind == 1u);
    for (unsigned call = 1; call <= calls; call++) {
      lose_power(call, 0, kind == 1u, SESP_STATUS_RESET_REASON_POWER_ON);
      check_recovers(kind == 1u);
      check_knows_its_past();
      lose_power(0, call, kind == 1u, SESP_STATUS_RESET_REASON_BROWNOUT);
      check_recovers(kind == 1u);
      check_knows_its_past();
    }
  }
}

static void survives_a_second_power_loss_while_it_recovers(void) {
  const unsigned calls = count_calls(true);
  for (unsigned call = 1; call <= calls; call++) {
    for (unsigned second = 1; second <= 24u; second++) {
      lose_power(call, 0, true, SESP_STATUS_RESET_REASON_POWER_ON);
      world.ops = 0;
      world.cut_after = second;
      if (setjmp(world.power) == 0) {
        world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
      } else {
        world.cut_after = 0;
        world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
      }
      check_recovers(true);
      check_knows_its_past();
    }
  }
}

void faults_suite(void) {
  TEST(survives_the_failure_of_every_call);
  TEST(survives_the_failure_of_every_call_from_one_on);
  TEST(survives_power_loss_at_every_call);
  TEST(survives_a_second_power_loss_while_it_recovers);
}
