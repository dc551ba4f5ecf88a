/* SPDX-License-Identifier: MIT */
#include "suites.h"
#include "world.h"

static world_t world;

/** Installs image `mark` up to the restart. */
static void install(uint8_t mark, uint8_t command) {
  world_connect(&world);
  world_ack(&world);
  world_forget(&world);
  world_command(&world, "update/run", "", command);
  world_serve_image(&world, "1.1.0", mark);
  world_verified(&world, mark);
  world_ack(&world);
}

/** The new image boots and dies; the old one boots with this reset reason. */
static void die(sesp_status_reset_reason_t reason) {
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  CHECK(world.running == 1);
  world_boot(&world, reason);
  CHECK(world.running == 0);
  world_forget(&world);
  world_connect(&world);
}

static void offer_again(uint8_t mark, uint8_t command) {
  world_forget(&world);
  world_command(&world, "update/run", "", command);
  world_serve_image(&world, "1.1.0", mark);
  world_verified(&world, mark);
}

static void offer_again_by_timer(uint8_t mark) {
  world_forget(&world);
  world_broadcast(&world, "update/run", "", (uint8_t)(100u + world.core.run_counter));
  world_serve_image(&world, "1.1.0", mark);
  world_verified(&world, mark);
}

static void reports_a_rolled_back_update(void) {
  world_ready(&world);
  install(2, 1);
  die(SESP_STATUS_RESET_REASON_PANIC);
  CHECK(world_says(&world, "update/state", "{\"run\":1,\"state\":\"rolled_back\",\"from\":\"1.0.0\",\"to\":\"1.1.0\","
                                           "\"bytes\":0,\"total\":0,\"reason\":\"not_confirmed\"}"));
  CHECK(world_logged(&world, "[ERROR] OTA-Update was rolled back: 1.1.0"));
  CHECK(world_entry(&world, "pending") == NULL);
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_forget(&world);
  world_connect(&world);
  CHECK(world_says(&world, "update/state", "\"state\":\"rolled_back\""));
  CHECK(!world_logged(&world, "rolled back"));
}

static void blocks_an_image_that_crashed(void) {
  static const sesp_status_reset_reason_t reasons[] = {
      SESP_STATUS_RESET_REASON_PANIC, SESP_STATUS_RESET_REASON_WATCHDOG, SESP_STATUS_RESET_REASON_SOFTWARE};
  for (size_t at = 0; at < 3u; at++) {
    world_ready(&world);
    install(2, 1);
    die(reasons[at]);
    offer_again_by_timer(2);
    CHECK(world_says(&world, "update/state", "\"state\":\"failed\"") &&
          world_says(&world, "update/state", "\"reason\":\"blocked\""));
    CHECK(world.next == 0 && !world.verifying); /* known by its tag: not even downloaded */
  }
}

static void blocks_it_under_another_tag_too(void) {
  uint8_t header[288];
  uint8_t identity[32];
  world_ready(&world);
  install(2, 1);
  die(SESP_STATUS_RESET_REASON_PANIC);
  world_broadcast(&world, "update/run", "", 77);
  world_respond(&world, 200, "", -1, "\"signed again\"");
  world_image_header(header, "secure_esp", "1.1.0");
  sesp_on_image_header(&world.core, header, sizeof(header));
  sesp_on_download_complete(&world.core, 4096);
  CHECK(world.verifying);
  world_identity(identity, 2);
  sesp_on_image_verified(&world.core, true, SESP_UPDATE_STATE_REASON_NONE_NEWER, identity);
  CHECK(world_says(&world, "update/state", "\"reason\":\"blocked\"") && world.next == 0);
}

static void lifts_the_block_for_another_image(void) {
  uint8_t header[288];
  uint8_t identity[32];
  world_ready(&world);
  install(2, 1);
  die(SESP_STATUS_RESET_REASON_PANIC);
  CHECK(world_entry(&world, "blocked") != NULL);
  world_broadcast(&world, "update/run", "", 78);
  world_respond(&world, 200, "", -1, "\"other\"");
  world_image_header(header, "secure_esp", "1.2.0");
  sesp_on_image_header(&world.core, header, sizeof(header));
  sesp_on_download_complete(&world.core, 4096);
  world.slots[1].state = SLOT_WRITTEN;
  world.slots[1].verified = true;
  world_identity(identity, 3);
  sesp_on_image_verified(&world.core, true, SESP_UPDATE_STATE_REASON_NONE_NEWER, identity);
  CHECK(world.next == 1 && world_entry(&world, "blocked") == NULL);
}

static void lifts_the_block_when_an_operator_names_the_device(void) {
  world_ready(&world);
  install(2, 1);
  die(SESP_STATUS_RESET_REASON_PANIC);
  offer_again(2, 2);
  CHECK(world.next == 1 && world_says(&world, "update/state", "\"state\":\"rebooting\""));
}

static void tries_three_times_again_after_power_losses(void) {
  world_ready(&world);
  install(2, 1);
  for (unsigned loss = 1; loss <= 4; loss++) {
    die(loss % 2u == 0u ? SESP_STATUS_RESET_REASON_BROWNOUT : SESP_STATUS_RESET_REASON_POWER_ON);
    CHECK(world_says(&world, "update/state", "\"state\":\"rolled_back\""));
    offer_again_by_timer(2);
    CHECK((world.next == 1) == (loss <= 3u));
    world_ack(&world);
  }
  CHECK(world_says(&world, "update/state", "\"reason\":\"blocked\""));
}

static void forgets_power_losses_when_an_operator_names_the_device(void) {
  world_ready(&world);
  install(2, 1);
  die(SESP_STATUS_RESET_REASON_POWER_ON);
  CHECK(world_entry(&world, "attempts") != NULL);
  offer_again(2, 2);
  CHECK(world_entry(&world, "attempts") == NULL);
}

static void counts_a_power_loss_once_however_often_it_boots(void) {
  world_ready(&world);
  install(2, 1);
  const world_entry_t pending = *world_entry(&world, "pending");
  die(SESP_STATUS_RESET_REASON_POWER_ON);
  world_entry_t *outcome = (world_entry_t *)world_entry(&world, "outcome");
  outcome->used = false; /* power was lost again before the decision was complete */
  for (size_t at = 0; at < WORLD_KEYS; at++) {
    if (!world.entries[at].used) {
      world.entries[at] = pending;
      break;
    }
  }
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  const world_entry_t *entry = world_entry(&world, "attempts");
  CHECK(entry != NULL && entry->value[entry->len - 1u] == 1);
  CHECK(world.core.report.state == SESP_UPDATE_STATE_STATE_ROLLED_BACK);
}

static void forgets_old_trouble_once_an_image_is_confirmed(void) {
  world_ready(&world);
  install(2, 1);
  die(SESP_STATUS_RESET_REASON_POWER_ON);
  offer_again_by_timer(2);
  world_ack(&world);
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world_connect(&world);
  world_ack(&world);
  CHECK(world.slots[1].state == SLOT_VALID && world_entry(&world, "attempts") == NULL);
  CHECK(world_entry(&world, "blocked") == NULL);
}

static void does_not_report_an_old_update_twice(void) {
  world_ready(&world);
  install(2, 1);
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world.fail_op[OP_KV_ERASE] = 1; /* the record of run 1 stays */
  world_boot(&world, SESP_STATUS_RESET_REASON_PANIC);
  CHECK(world_entry(&world, "pending") != NULL && world.core.report.run == 1);
  world_connect(&world);
  world_command(&world, "update/run", "", 2);
  world_respond(&world, 204, NULL, 0, NULL);
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  CHECK(world.core.report.run == 2 && world.core.report.state == SESP_UPDATE_STATE_STATE_IDLE);
  CHECK(world_entry(&world, "pending") == NULL);
}

static void counts_power_losses_per_image(void) {
  world_ready(&world);
  install(2, 1);
  die(SESP_STATUS_RESET_REASON_POWER_ON);
  const world_entry_t *entry = world_entry(&world, "attempts");
  CHECK(entry != NULL && entry->value[entry->len - 1u] == 1);
  offer_again_by_timer(3);
  world_ack(&world);
  die(SESP_STATUS_RESET_REASON_POWER_ON);
  entry = world_entry(&world, "attempts");
  CHECK(entry != NULL && entry->value[entry->len - 1u] == 1);
}

static void reports_an_interrupted_run(void) {
  world_ready(&world);
  world_command(&world, "update/run", "", 1);
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_forget(&world);
  world_connect(&world);
  CHECK(world_says(&world, "update/state", "{\"run\":1,\"state\":\"failed\",\"from\":\"1.0.0\",\"to\":null,"
                                           "\"bytes\":0,\"total\":0,\"reason\":\"truncated\"}"));
  world_command(&world, "update/run", "", 2);
  CHECK(world_replied(&world, "\"run\":2"));
}

static void confirms_an_image_that_nobody_recorded(void) {
  world_ready(&world);
  world.slots[1] = world.slots[0];
  world_identity(world.slots[1].identity, 5);
  (void)snprintf(world.slots[1].version, sizeof(world.slots[1].version), "3.0.0");
  world.slots[1].state = SLOT_NEW;
  world.next = 1;
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world_forget(&world);
  world_connect(&world);
  CHECK(world_says(&world, "update/state", "\"state\":\"pending_confirm\",\"from\":\"\",\"to\":\"3.0.0\""));
  world_ack(&world);
  CHECK(world.slots[1].state == SLOT_VALID && world_says(&world, "update/state", "\"state\":\"confirmed\""));
}

/** An update whose boot record says that it need not be confirmed, while its record says that it was not. */
static void boot_without_judgement(sesp_status_reset_reason_t reason) {
  world_ready(&world);
  install(2, 1);
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world.slots[1].state = SLOT_VALID;
  world_boot(&world, reason);
  world_forget(&world);
}

static void proves_itself_again_when_power_loss_interrupted_its_confirmation(void) {
  boot_without_judgement(SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  CHECK(world_says(&world, "update/state", "{\"run\":1,\"state\":\"pending_confirm\",\"from\":\"1.0.0\",\"to\":\"1.1.0\""));
  world_ack(&world);
  CHECK(world_says(&world, "update/state", "{\"run\":1,\"state\":\"confirmed\",\"from\":\"1.0.0\",\"to\":\"1.1.0\""));
  CHECK(world_entry(&world, "pending") == NULL && world_entry(&world, "installed") != NULL);
}

static void never_confirms_an_image_that_gave_up_although_the_boot_record_lost_its_state(void) {
  boot_without_judgement(SESP_STATUS_RESET_REASON_POWER_ON);
  world.health = SESP_HEALTH_BAD;
  world_run(&world, 905000u);
  CHECK(world.restarted);
  world.slots[1].state = SLOT_VALID; /* power was lost while the boot record was erased: its state is gone */
  world.next = 1;
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  CHECK(world.running == 1);
  world_run(&world, 5000u);
  CHECK(world.restarted && world.slots[1].state == SLOT_INVALID);
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  CHECK(world.running == 0 && world_entry(&world, "blocked") != NULL);
}

static void rolls_a_crashed_image_back_although_the_boot_record_lost_its_state(void) {
  const sesp_status_reset_reason_t crashes[] = {SESP_STATUS_RESET_REASON_PANIC, SESP_STATUS_RESET_REASON_WATCHDOG};
  for (size_t at = 0; at < sizeof(crashes) / sizeof(crashes[0]); at++) {
    boot_without_judgement(crashes[at]);
    world_run(&world, 5000u);
    CHECK(world.restarted && world.slots[1].state == SLOT_INVALID);
  }
}

static void lets_a_crashed_image_prove_itself_when_there_is_no_other(void) {
  boot_without_judgement(SESP_STATUS_RESET_REASON_PANIC);
  world.slots[0].state = SLOT_INVALID;
  world_run(&world, 5000u);
  CHECK(!world.restarted);
  world_connect(&world);
  world_ack(&world);
  world_run(&world, 61000u);
  CHECK(world_entry(&world, "pending") == NULL && world.slots[1].state == SLOT_VALID);
}

static void names_the_rolled_back_version_after_another_run(void) {
  world_ready(&world);
  install(2, 1);
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  CHECK(world.running == 0);
  world_run(&world, 301000u); /* the first check, before there is a connection */
  world_respond(&world, 204, NULL, 0, NULL);
  world_forget(&world);
  world_connect(&world);
  CHECK(world_logged(&world, "OTA-Update was rolled back: 1.1.0"));
}

static void never_repeats_a_run_number(void) {
  world_ready(&world);
  world_command(&world, "update/run", "", 1);
  world_respond(&world, 204, NULL, 0, NULL);
  world_entry_t *entry = (world_entry_t *)world_entry(&world, "run");
  entry->used = false; /* the counter is lost, the outcome is not */
  world_boot(&world, SESP_STATUS_RESET_REASON_POWER_ON);
  world_connect(&world);
  world_command(&world, "update/run", "", 2);
  CHECK(world_replied(&world, "\"run\":2"));
}

static void refuses_a_restart_while_pending(void) {
  world_ready(&world);
  world.health = SESP_HEALTH_WAIT;
  install(2, 1);
  world_boot(&world, SESP_STATUS_RESET_REASON_SOFTWARE);
  world_forget(&world);
  world_connect(&world);
  world_command(&world, "restart", "", 50);
  CHECK(world_replied(&world, "\"code\":\"busy\""));
  world_command(&world, "update/run", "", 51);
  CHECK(world_replied(&world, "\"code\":\"busy\""));
  world_run(&world, 10000);
  CHECK(!world.restarted);
}

void boot_suite(void) {
  TEST(reports_a_rolled_back_update);
  TEST(blocks_an_image_that_crashed);
  TEST(blocks_it_under_another_tag_too);
  TEST(lifts_the_block_for_another_image);
  TEST(lifts_the_block_when_an_operator_names_the_device);
  TEST(tries_three_times_again_after_power_losses);
  TEST(forgets_power_losses_when_an_operator_names_the_device);
  TEST(counts_a_power_loss_once_however_often_it_boots);
  TEST(forgets_old_trouble_once_an_image_is_confirmed);
  TEST(does_not_report_an_old_update_twice);
  TEST(counts_power_losses_per_image);
  TEST(reports_an_interrupted_run);
  TEST(confirms_an_image_that_nobody_recorded);
  TEST(proves_itself_again_when_power_loss_interrupted_its_confirmation);
  TEST(never_confirms_an_image_that_gave_up_although_the_boot_record_lost_its_state);
  TEST(rolls_a_crashed_image_back_although_the_boot_record_lost_its_state);
  TEST(lets_a_crashed_image_prove_itself_when_there_is_no_other);
  TEST(names_the_rolled_back_version_after_another_run);
  TEST(never_repeats_a_run_number);
  TEST(refuses_a_restart_while_pending);
}
