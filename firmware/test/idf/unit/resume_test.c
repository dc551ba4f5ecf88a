/* SPDX-License-Identifier: MIT */
/* The rest of a file after power was lost: what is not the rest that was asked for, is not put behind the beginning. */
#include "device.h"

#include <stdio.h>
#include <string.h>

#define DURABLE (65536u)

static const char *s_version;     /* that the server has at the second boot */
static int s_status;              /* of the answer to a request with Range */
static const char *s_range;       /* its Content-Range; NULL: none */
static unsigned s_requests;       /* that the second boot makes */

static void loses_power(size_t at) {
  if (at > 80000u) {
    fake_power_cut();
  }
}

static void offers(const char *version) {
  server_offer(&(fake_image_spec_t){.version = version, .code_bytes = 90000});
}

static void updates(void) {
  device_online();
  device_run();
  (void)device_state_has("never", 600000);
}

static void begins(void) {
  fake_http_before_read = loses_power;
  offers("1.1.0");
  updates();
}

static fake_answer_t answers_a_range(const fake_request_t *request) {
  fake_answer_t answer = server_answers(request);
  if (fake_field(request, "Range") == NULL) {
    return answer;
  }
  CHECK_TEXT(fake_field(request, "Range"), "bytes=65536-");
  CHECK(fake_field(request, "If-Range") != NULL);
  if (s_status == 206) {
    (void)memset(answer.fields, 0, sizeof(answer.fields));
    server_field(&answer, "ETag", server_etag);
    if (s_range != NULL) {
      server_field(&answer, "Content-Range", s_range);
    }
    return answer;
  }
  answer.status = s_status;
  answer.body = server_image;
  answer.len = s_status == 200 ? server_len : 0u;
  return answer;
}

static void all_was_asked(void *user) {
  (void)user;
  CHECK(fake_requests == s_requests);
  CHECK((fake_field(&fake_last_request, "Range") == NULL) == (s_requests > 1u));
}

static void goes_on(void) {
  device_config.before_restart = all_was_asked;
  offers(s_version);
  if (s_status != 0) {
    fake_server = answers_a_range;
  }
  updates();
}

static void starts_over(int status, const char *range, const char *version, unsigned requests) {
  fake_server = NULL;
  s_status = status;
  s_range = range;
  s_version = version;
  s_requests = requests;
  fake_new_chip();
  device_provision();
  CHECK(fake_boot(begins) == FAKE_BOOT_RESTARTED);
  CHECK(fake_chip->erases[1][0] == 1u);
  CHECK(fake_boot(goes_on) == FAKE_BOOT_RESTARTED);
  for (unsigned sector = 0; sector < DURABLE / FAKE_SECTOR_BYTES; sector++) {
    CHECK(fake_chip->erases[1][sector] == 2u);
  }
  CHECK(fake_chip->dirty_writes == 0u);
  CHECK(fake_chip->boot_sets == 1u);
}

static void a_rest_from_another_place_is_asked_for_anew(void) {
  char range[64];
  offers("1.1.0"); /* for its length */
  (void)snprintf(range, sizeof(range), "bytes %u-%zu/%zu", DURABLE - FAKE_SECTOR_BYTES, server_len - 1u, server_len);
  starts_over(206, range, "1.1.0", 2);
  (void)snprintf(range, sizeof(range), "bytes 0-%zu/%zu", server_len - 1u, server_len);
  starts_over(206, range, "1.1.0", 2);
}

static void a_rest_of_another_length_is_asked_for_anew(void) {
  char range[64];
  offers("1.1.0"); /* for its length */
  (void)snprintf(range, sizeof(range), "bytes %u-%zu/%zu", DURABLE, server_len, server_len + 1u);
  starts_over(206, range, "1.1.0", 2);
  (void)snprintf(range, sizeof(range), "bytes %u-%zu/%zu", DURABLE, server_len - 2u, server_len);
  starts_over(206, range, "1.1.0", 2);
}

static void a_rest_that_does_not_say_which_is_asked_for_anew(void) {
  starts_over(206, NULL, "1.1.0", 2);
  starts_over(206, "bytes */*", "1.1.0", 2);
  starts_over(206, "65536-", "1.1.0", 2);
}

static void a_range_that_there_is_not_is_asked_for_anew(void) {
  starts_over(416, NULL, "1.1.0", 2);
}

static void the_whole_file_for_an_answer_starts_over(void) {
  starts_over(200, NULL, "1.1.0", 1);
}

static void a_file_that_changed_meanwhile_starts_over(void) {
  starts_over(0, NULL, "1.2.0", 1);
}

void resume_suite(void) {
  TEST(a_rest_from_another_place_is_asked_for_anew);
  TEST(a_rest_of_another_length_is_asked_for_anew);
  TEST(a_rest_that_does_not_say_which_is_asked_for_anew);
  TEST(a_range_that_there_is_not_is_asked_for_anew);
  TEST(the_whole_file_for_an_answer_starts_over);
  TEST(a_file_that_changed_meanwhile_starts_over);
}
