/* SPDX-License-Identifier: MIT */
/* Whole updates: the real core, the port, and the fakes below it. */
#include "device.h"

#include <string.h>

static void downloads_and_restarts(void) {
  server_offer(&(fake_image_spec_t){.version = "1.1.0", .code_bytes = 90000});
  device_online();
  device_run();
  (void)device_state_has("never", 600000);
}

static void comes_back_and_confirms(void) {
  device_online();
  CHECK(device_state_has("\"state\":\"confirmed\"", 60000));
  CHECK(fake_chip->state[1] == ESP_OTA_IMG_VALID);
}

static void an_update_is_downloaded_booted_and_confirmed(void) {
  fake_new_chip();
  device_provision();
  CHECK(fake_boot(downloads_and_restarts) == FAKE_BOOT_RESTARTED);
  CHECK(fake_chip->boot == 1u);
  CHECK(fake_chip->dirty_writes == 0u);
  CHECK(fake_chip->boot_sets == 1u);
  CHECK(fake_boot(comes_back_and_confirms) == FAKE_BOOT_ENDED);
  CHECK(fake_chip->running == 1u);
}

static void panics_at_once(void) { esp_system_abort("bad image"); }

static void starts_and_reports(void) {
  device_online();
  fake_run(2000);
  CHECK(strstr(device_last("update/state"), "rolled_back") != NULL);
}

static void an_image_that_panics_is_rolled_back_and_said_so(void) {
  fake_new_chip();
  device_provision();
  CHECK(fake_boot(downloads_and_restarts) == FAKE_BOOT_RESTARTED);
  CHECK(fake_boot(panics_at_once) == FAKE_BOOT_RESTARTED);
  CHECK(fake_boot(starts_and_reports) == FAKE_BOOT_ENDED);
  CHECK(fake_chip->running == 0u);
}

static void refuses_a_foreign_signature(void) {
  server_offer(&(fake_image_spec_t){.version = "1.1.0", .foreign_signature = true});
  device_online();
  device_run();
  CHECK(device_state_has("\"reason\":\"bad_signature\"", 60000));
  CHECK(fake_chip->boot == 0u);
  CHECK(fake_chip->flash[1][0] == 0xFFu); /* spoilt */
}

static void an_image_that_is_not_trusted_never_boots(void) {
  fake_new_chip();
  device_provision();
  CHECK(fake_boot(refuses_a_foreign_signature) == FAKE_BOOT_ENDED);
}

static void loses_power_in_the_download(size_t at) {
  if (at > 80000u) {
    fake_power_cut();
  }
}

static void downloads_until_power_is_lost(void) {
  fake_http_before_read = loses_power_in_the_download;
  downloads_and_restarts();
}

static void downloads_the_rest(void) {
  downloads_and_restarts();
}

static void after_power_loss_the_rest_is_fetched(void) {
  fake_new_chip();
  device_provision();
  CHECK(fake_boot(downloads_until_power_is_lost) == FAKE_BOOT_RESTARTED);
  CHECK(fake_chip->boot_sets == 0u);
  const unsigned first = fake_chip->erases[1][0];
  CHECK(first == 1u);
  CHECK(fake_boot(downloads_the_rest) == FAKE_BOOT_RESTARTED);
  CHECK(fake_chip->boot_sets == 1u);
  for (unsigned sector = 0; sector < 16u; sector++) {
    CHECK(fake_chip->erases[1][sector] == 1u); /* 64 KiB were durable and stayed untouched */
  }
  CHECK(fake_chip->dirty_writes == 0u);
}

#define CHIP_TEST(function)      \
  do {                           \
    check_state.test = #function; \
    check_state.tests++;         \
    function();                  \
  } while (false)

void update_suite(void) {
  CHIP_TEST(an_update_is_downloaded_booted_and_confirmed);
  CHIP_TEST(an_image_that_panics_is_rolled_back_and_said_so);
  CHIP_TEST(an_image_that_is_not_trusted_never_boots);
  CHIP_TEST(after_power_loss_the_rest_is_fetched);
}
