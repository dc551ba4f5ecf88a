/* SPDX-License-Identifier: MIT */
/* The wall clock: SNTP moves it, but never behind the last good time. And the ticks: nobody polls until they come. */
#include "device.h"

static void sntp_makes_the_time_known_and_it_is_kept(void) {
  device_provision();
  device_online();
  CHECK(sesp_idf_time_unix_s() >= 1800000000u);
  CHECK(fake_nvs_committed("nvs", SPACE, "last_time") != NULL);
}

static void a_time_before_the_stored_one_is_refused(void) {
  const uint32_t bound = 1900000000u;
  device_provision();
  fake_nvs_put("nvs", SPACE, "last_time", FAKE_NVS_BLOB, &bound, sizeof(bound));
  device_online(); /* SNTP says 1800000000 */
  CHECK(sesp_idf_time_unix_s() >= bound);
  CHECK(!sesp_idf_time_synced());
}

static void without_sntp_it_connects_after_a_while(void) {
  device_provision();
  fake_sntp_unix_s = 0;
  device_online();
  CHECK(fake_now_us() > 30 * 1000000);
  CHECK(sesp_idf_time_unix_s() == 0u);
}

static void deadlines_between_two_ticks_are_waited_for(void) {
  device_provision();
  device_online();
  for (unsigned at = 0; at < 20u; at++) {
    device_run(); /* nobody answers: the run fails, and is repeated after a pause that no tick divides */
    fake_run(170000u + at);
  }
  CHECK(fake_requests > 20u);
  CHECK(fake_polls == 0u);
}

void clock_time_suite(void) {
  BOOT_TEST(sntp_makes_the_time_known_and_it_is_kept);
  BOOT_TEST(a_time_before_the_stored_one_is_refused);
  BOOT_TEST(without_sntp_it_connects_after_a_while);
  BOOT_TEST(deadlines_between_two_ticks_are_waited_for);
}
