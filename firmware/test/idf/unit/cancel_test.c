/* SPDX-License-Identifier: MIT */
/* A download that is cancelled, in each of its phases: the worker lets go, and the core hears nothing of it any more. */
#include "device.h"

#include <string.h>

static sesp_phase_t phase;
static uint32_t bytes;
static unsigned cancels;

static void cancel(void) {
  cancels++;
  phase = sesp_idf_core()->phase;
  bytes = sesp_idf_core()->report.bytes;
  sesp_idf_download_abort();
}

static void starts(void) {
  device_provision();
  server_offer(&(fake_image_spec_t){.version = "1.1.0", .code_bytes = 90000});
  device_online();
  device_run();
}

static void connects(void) {
  for (unsigned at = 0; at < 100u && fake_requests == 0u; at++) {
    fake_run(5);
  }
  CHECK(fake_requests == 1u);
}

static void is_over_within(uint32_t ms) {
  fake_run(ms);
  CHECK(cancels == 1u);
  CHECK(fake_http_clients == 0);
  fake_run(600000);
  CHECK(sesp_idf_core()->phase == phase);
  CHECK(sesp_idf_core()->report.bytes == bytes);
  CHECK(sesp_idf_core()->report.reason_is_null);
  CHECK(fake_requests == 1u);
  CHECK(fake_chip->boot_sets == 0u);
}

static fake_answer_t answers_late(const fake_request_t *request) {
  (void)fake_block(NULL, NULL, 10000000u);
  return server_answers(request);
}

static void while_it_connects(void) {
  device_provision();
  device_online();
  device_run();
  connects();
  fake_run(5000); /* nobody answers: esp_http_client_open() fails after 20 s */
  cancel();
  CHECK(phase == SESP_PHASE_CHECKING);
  is_over_within(16000);
}

static void while_it_connects_to_a_slow_server(void) {
  starts();
  fake_server = answers_late;
  connects();
  fake_run(5000); /* the response is there 5 s after it is not wanted any more */
  cancel();
  CHECK(phase == SESP_PHASE_CHECKING);
  is_over_within(6000);
  CHECK(fake_http_bytes == 0u);
}

static void while_it_waits_for_the_response(void) {
  server_twist.no_answer = true;
  starts();
  connects();
  fake_run(5000);
  cancel();
  CHECK(phase == SESP_PHASE_CHECKING);
  is_over_within(1100);
}

static void in_the_image_header(void) {
  server_twist.stall_at = 100;
  starts();
  connects();
  fake_run(5000);
  cancel();
  CHECK(phase == SESP_PHASE_HEADER);
  is_over_within(1100);
  CHECK(fake_chip->erases[1][0] == 0u);
}

/* On the worker, which has just reported a sector: the core task has not taken that event from the queue yet. */
static void cancel_in_the_body(size_t at) {
  if (at == 5u * FAKE_SECTOR_BYTES && cancels == 0u) {
    cancel();
  }
}

static void in_the_body(void) {
  fake_http_before_read = cancel_in_the_body;
  starts();
  is_over_within(10000);
  CHECK(phase == SESP_PHASE_DOWNLOADING);
  CHECK(bytes == 4u * FAKE_SECTOR_BYTES); /* and stayed: is_over_within() */
  CHECK(fake_chip->writes[1][4] > 0u);
  CHECK(fake_chip->erases[1][5] == 0u);
}

static void cancel_at_the_end(size_t at) {
  if (at == server_len && cancels == 0u) {
    cancel();
  }
}

static void at_the_end_of_the_body(void) {
  fake_http_before_read = cancel_at_the_end;
  starts();
  is_over_within(10000);
  CHECK(server_len % FAKE_SECTOR_BYTES != 0u);
  CHECK(fake_chip->writes[1][server_len / FAKE_SECTOR_BYTES - 1u] > 0u);
  CHECK(fake_chip->erases[1][server_len / FAKE_SECTOR_BYTES] == 0u);
}

static void in_a_body_that_stalls(void) {
  server_twist.stall_at = 50000;
  starts();
  fake_run(10000);
  cancel();
  CHECK(phase == SESP_PHASE_DOWNLOADING);
  is_over_within(1100);
}

static void cancel_in_flash(size_t offset) {
  if (offset == 5u * FAKE_SECTOR_BYTES && cancels == 0u) {
    cancel();
  }
}

static void while_a_sector_is_written(void) {
  fake_flash_before_write = cancel_in_flash;
  starts();
  is_over_within(10000);
  CHECK(phase == SESP_PHASE_DOWNLOADING);
  CHECK(bytes == 5u * FAKE_SECTOR_BYTES);
  CHECK(fake_chip->writes[1][5] > 0u);
  CHECK(fake_chip->erases[1][6] == 0u);
}

static void cancel_and_fail(size_t offset) {
  cancel_in_flash(offset);
  if (cancels > 0u) {
    fake_fail("esp_partition_write", 1, ESP_FAIL);
  }
}

static void a_failure_after_it_is_not_told(void) {
  fake_flash_before_write = cancel_and_fail;
  starts();
  is_over_within(10000);
  CHECK(fake_log_contains("the other slot cannot be written"));
  CHECK(strstr(device_last("update/state"), "flash") == NULL);
}

void cancel_suite(void) {
  BOOT_TEST(while_it_connects);
  BOOT_TEST(while_it_connects_to_a_slow_server);
  BOOT_TEST(while_it_waits_for_the_response);
  BOOT_TEST(in_the_image_header);
  BOOT_TEST(in_the_body);
  BOOT_TEST(at_the_end_of_the_body);
  BOOT_TEST(in_a_body_that_stalls);
  BOOT_TEST(while_a_sector_is_written);
  BOOT_TEST(a_failure_after_it_is_not_told);
}
