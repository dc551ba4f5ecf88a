/* SPDX-License-Identifier: MIT */
#include "suites.h"
#include "world.h"

static world_t world;
static sesp_core_t core;

static sesp_result_t init(void) {
  return sesp_init(&core, &world.config, &world.port);
}

static void prepare(void) {
  world_reset(&world);
  world.config.project = "secure_esp";
  world.config.version = "1.0.0";
}

static void accepts_a_complete_configuration(void) {
  prepare();
  CHECK(init() == SESP_OK);
  CHECK(sesp_init(NULL, &world.config, &world.port) == SESP_ERR_ARGUMENT);
  CHECK(sesp_init(&core, NULL, &world.port) == SESP_ERR_ARGUMENT);
  CHECK(sesp_init(&core, &world.config, NULL) == SESP_ERR_ARGUMENT);
  world.config.chip = NULL;
  CHECK(init() == SESP_ERR_ARGUMENT);
}

#define REFUSES(member, value)        \
  do {                                \
    prepare();                        \
    world.config.member = (value);    \
    CHECK(init() == SESP_ERR_CONFIG); \
  } while (false)

static void refuses_values_out_of_range(void) {
  REFUSES(device_id, "");
  REFUSES(device_id, "a/b");
  REFUSES(device_id, "0123456789012345678901234567890123456789012345678901234567890123x");
  REFUSES(builtin_url, "http://a.example/");
  REFUSES(project, "123456789012345678901234567890123");
  REFUSES(version, "123456789012345678901234567890123");
  REFUSES(chip, "");
  REFUSES(chip, "12345678901234567");
  REFUSES(default_interval_s, 299);
  REFUSES(default_interval_s, 10000000);
  REFUSES(slot_size, 0);
  REFUSES(broadcast_run_spread_s, 86401);
  REFUSES(confirm_deadline_s, 59);
  REFUSES(confirm_deadline_s, 86401);
  REFUSES(confirm_offline_max_s, 899);
  REFUSES(confirm_offline_max_s, 604801);
  REFUSES(reset_reason, (sesp_status_reset_reason_t)SESP_STATUS_RESET_REASON_COUNT);
}

static void starts_with_a_store_that_fails(void) {
  prepare();
  world.fail_op[OP_KV_GET] = 1000;
  world.fail_op[OP_KV_SET] = 1000;
  world.fail_op[OP_KV_ERASE] = 1000;
  CHECK(init() == SESP_OK);
}

void config_suite(void) {
  TEST(accepts_a_complete_configuration);
  TEST(refuses_values_out_of_range);
  TEST(starts_with_a_store_that_fails);
}
