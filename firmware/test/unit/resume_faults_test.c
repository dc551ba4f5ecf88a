/* SPDX-License-Identifier: MIT */
/*
 * An update in three pieces: a connection is lost, then power, then it goes on. Every port call of it fails once, power is
 * lost before and after every one of them. The store never says more about the slot than is true, no mixed image is ever
 * made bootable, and the device can be updated afterwards.
 */
#include "manifest.h"
#include "server.h"
#include "suites.h"

static world_t world;
static uint8_t jws[3000];
static uint8_t mark;
static const server_file_t old_file = {"\"a\"", "1.1.0", 300000u, 2, false};
static const server_file_t new_file = {"\"b\"", "1.1.0", 290000u, 4, false};

/** What the server has, and whether a manifest announces it. */
typedef struct {
  const server_file_t *first; /* until the power is lost */
  const server_file_t *then;
  bool with_manifest;
} plan_t;

static const plan_t PLANS[] = {{&old_file, &old_file, false}, {&old_file, &old_file, true},
                               {&old_file, &new_file, false}, {&old_file, &new_file, true}};
#define PLAN_COUNT (sizeof(PLANS) / sizeof(PLANS[0]))

static void ask(const plan_t *plan, const server_file_t *file) {
  mark = (uint8_t)(mark == 255u ? 20u : mark + 1u);
  world_command(&world, "update/run", "", mark);
  if (plan->with_manifest && world.downloading) {
    manifest_t manifest = manifest_good();
    manifest.size = file->size;
    manifest.image = file->mark;
    world_respond(&world, 200, "application/jose", -1, NULL);
    world.downloading = false;
    sesp_on_manifest(&world.core, jws, manifest_jws(&manifest, jws, sizeof(jws)));
  }
}

/** Serves up to a byte of the file, then the connection is lost; 0: all of it. Goes on as often as the core asks. */
static void serve(const server_file_t *file, uint32_t upto) {
  for (unsigned attempt = 0; attempt < 10u && world.downloading; attempt++) {
    if (!server_answer(&world, file)) {
      continue;
    }
    if (upto > 0u) {
      server_send(&world, file, upto);
      server_lose(&world, SESP_UPDATE_STATE_REASON_STALLED);
      world_run(&world, 3000);
      upto = 0;
    } else {
      server_finish(&world, file);
    }
  }
}

static void settle(void) {
  world_ack(&world);
  world_run(&world, 3000);
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
  world_reset(&world);
  world.config.download_retries = 2;
  mark = 20;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_ack(&world);
  world_forget(&world);
  world.ops = 0;
}

/** The first piece: a retry within the run, then the plug is pulled in the middle of the rest. */
static void first_half(const plan_t *plan) {
  ask(plan, plan->first);
  if (world.downloading && server_answer(&world, plan->first)) {
    server_send(&world, plan->first, 100000);
    server_lose(&world, SESP_UPDATE_STATE_REASON_TLS);
    world_run(&world, 3000);
  }
  if (world.downloading && server_answer(&world, plan->first)) {
    server_send(&world, plan->first, 200000);
  }
}

static void second_half(const plan_t *plan) {
  ask(plan, plan->then);
  serve(plan->then, 250000);
  settle();
}

static void update(const plan_t *plan) {
  first_half(plan);
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_ack(&world);
  second_half(plan);
}

static void check_invariants(void) {
  CHECK(world.violations == 0);
  CHECK(world.slots[world.running].state == SLOT_VALID || world.slots[world.running].state == SLOT_PENDING);
}

static bool is_updated(const plan_t *plan) {
  return world.running == 1u && world.slots[1].state == SLOT_VALID && world.slots[1].identity[0] == plan->then->mark;
}

/** Without faults the device reaches the new image, by commands at most. */
static void check_recovers(const plan_t *plan) {
  world.fail_at = 0;
  world.cut_before = 0;
  world.cut_after = 0;
  for (unsigned attempt = 0; attempt < 3u && !is_updated(plan); attempt++) {
    world_forget(&world);
    world_connect(&world);
    world_run(&world, 3000);
    world_ack(&world);
    if (world.core.phase == SESP_PHASE_RETRYING || world.downloading) {
      world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
      world_connect(&world);
      world_ack(&world);
    }
    ask(plan, plan->then);
    serve(plan->then, 0);
    settle();
  }
  CHECK(is_updated(plan));
  CHECK(world_entry(&world, "resume") == NULL);
  check_invariants();
}

static unsigned count_calls(const plan_t *plan) {
  prepare();
  update(plan);
  CHECK(is_updated(plan));
  check_invariants();
  return world.ops;
}

static void survives_the_failure_of_every_call(void) {
  for (size_t at = 0; at < PLAN_COUNT; at++) {
    const unsigned calls = count_calls(&PLANS[at]);
    CHECK(calls > 100u);
    for (unsigned call = 1; call <= calls; call++) {
      prepare();
      world.fail_at = call;
      update(&PLANS[at]);
      check_invariants();
      check_recovers(&PLANS[at]);
    }
  }
}

static void lose_power(const plan_t *plan, unsigned before, unsigned after) {
  prepare();
  world.cut_before = before;
  world.cut_after = after;
  if (setjmp(world.power) == 0) {
    update(plan);
  } else {
    world.cut_before = 0;
    world.cut_after = 0;
    world_boot(&world, SESP_STATUS_RESET_REASON_BROWNOUT);
  }
  check_invariants();
}

static void survives_power_loss_at_every_call(void) {
  for (size_t at = 0; at < PLAN_COUNT; at++) {
    const unsigned calls = count_calls(&PLANS[at]);
    for (unsigned call = 1; call <= calls; call++) {
      lose_power(&PLANS[at], call, 0);
      check_recovers(&PLANS[at]);
      lose_power(&PLANS[at], 0, call);
      check_recovers(&PLANS[at]);
    }
  }
}

static void survives_a_call_that_fails_and_a_power_loss_later(void) {
  const plan_t *plan = &PLANS[3];
  const unsigned calls = count_calls(plan);
  for (unsigned failing = 1; failing <= calls; failing += 2u) {
    for (unsigned cut = failing + 1u; cut <= failing + 40u; cut += 3u) {
      prepare();
      world.fail_at = failing;
      world.cut_after = cut;
      if (setjmp(world.power) == 0) {
        update(plan);
      } else {
        world.cut_after = 0;
        world.fail_at = 0;
        world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
      }
      check_invariants();
      check_recovers(plan);
    }
  }
}

void resume_faults_suite(void) {
  TEST(survives_the_failure_of_every_call);
  TEST(survives_power_loss_at_every_call);
  TEST(survives_a_call_that_fails_and_a_power_loss_later);
}
