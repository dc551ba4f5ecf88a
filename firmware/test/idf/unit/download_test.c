/* SPDX-License-Identifier: MIT */
/* Downloads that go wrong: each ends in the reason of the contract, and the slot stays unbootable. */
#include "device.h"

#include <string.h>

#include "esp_tls_errors.h"
#include "mbedtls/ssl.h"

static void offer_and_run(void) {
  device_provision();
  server_offer(&(fake_image_spec_t){.version = "1.1.0", .code_bytes = 90000});
  device_online();
  device_run();
}

static void after(const char *reason) {
  CHECK(device_state_has(reason, 3600u * 1000u));
  fake_run(2000);
  CHECK(fake_chip->boot_sets == 0u);
  CHECK(fake_http_clients == 0);
}

static void the_request_says_who_asks(void) {
  offer_and_run();
  for (unsigned at = 0; at < 100u && fake_requests == 0u; at++) {
    fake_run(5);
  }
  CHECK(fake_last_request.has_certificate);
  CHECK_TEXT(fake_field(&fake_last_request, "X-Secure-Esp-Version"), "1.0.0");
  CHECK_TEXT(fake_field(&fake_last_request, "X-Secure-Esp-Chip"), "esp32c3");
  CHECK(fake_field(&fake_last_request, "Range") == NULL);
  CHECK(fake_field(&fake_last_request, "If-Range") == NULL);
}

static void no_content_means_none_newer(void) {
  server_twist.status = 204;
  offer_and_run();
  after("none_newer");
}

static void a_redirect_is_not_followed(void) {
  server_twist.status = 302;
  offer_and_run();
  after("http_status");
  CHECK(strncmp(fake_last_request.url, "https://ota.example/", 20) == 0);
}

static void an_error_of_the_server_is_told(void) {
  server_twist.status = 503;
  offer_and_run();
  after("http_status");
}

static void a_refused_certificate_is_tls(void) {
  server_twist.open_error = ESP_ERR_HTTP_CONNECT;
  server_twist.tls_error = ESP_ERR_MBEDTLS_SSL_HANDSHAKE_FAILED;
  server_twist.tls_code = -MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE;
  offer_and_run();
  after("\"reason\":\"tls\"");
}

static void nobody_there_is_unreachable(void) {
  server_twist.open_error = ESP_ERR_HTTP_CONNECT;
  offer_and_run();
  after("unreachable");
}

static void silence_is_stalled(void) {
  server_twist.no_answer = true;
  offer_and_run();
  after("stalled");
}

static void a_partial_answer_that_nobody_asked_for_is_refused(void) {
  server_twist.status = 206;
  offer_and_run();
  after("http_status");
  CHECK(fake_chip->writes[1][0] == 0u);
}

static void flash_that_cannot_be_erased_is_flash(void) {
  fake_fail("esp_partition_erase_range", 3, ESP_FAIL);
  offer_and_run();
  after("\"reason\":\"flash\"");
}

static void flash_that_cannot_be_written_is_flash(void) {
  fake_fail("esp_partition_write", 2, ESP_FAIL);
  offer_and_run();
  after("\"reason\":\"flash\"");
}

static void a_switch_of_slots_that_fails_is_flash(void) {
  fake_fail("esp_ota_set_boot_partition", 1, ESP_FAIL);
  offer_and_run();
  after("\"reason\":\"flash\"");
}

static void ranges_are_read_strictly(void) {
  static const char *const bad[] = {"",           "bytes 5-9/",    "bytes 5-9/*",   "bytes */10", "bytes 9-5/10", "bytes 5-8/10",
                                    "bytes -9/10", "bytes 5-9/10 ", "Bytes 5-9/10 x", "5-9/10",     "bytes 5-99999999999/100000000000"};
  int64_t start = 0;
  int64_t total = 0;
  sesp_idf_content_range("bytes 4096-9999/10000", &start, &total);
  CHECK(start == 4096 && total == 10000);
  for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++) {
    sesp_idf_content_range(bad[at], &start, &total);
    CHECK(start == -1 && total == -1);
  }
}

void download_suite(void) {
  BOOT_TEST(the_request_says_who_asks);
  BOOT_TEST(no_content_means_none_newer);
  BOOT_TEST(a_redirect_is_not_followed);
  BOOT_TEST(an_error_of_the_server_is_told);
  BOOT_TEST(a_refused_certificate_is_tls);
  BOOT_TEST(nobody_there_is_unreachable);
  BOOT_TEST(silence_is_stalled);
  BOOT_TEST(a_partial_answer_that_nobody_asked_for_is_refused);
  BOOT_TEST(flash_that_cannot_be_erased_is_flash);
  BOOT_TEST(flash_that_cannot_be_written_is_flash);
  BOOT_TEST(a_switch_of_slots_that_fails_is_flash);
  BOOT_TEST(ranges_are_read_strictly);
}
