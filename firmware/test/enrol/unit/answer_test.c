/* SPDX-License-Identifier: MIT */
#include "enrol.h"
#include "suites.h"

static sesp_enrol_reason_t judged(uint32_t status, bool is_renewal) {
  const sesp_enrol_answer_t answer = {.status = status, .is_pkcs7 = true, .len = 1};
  return sesp_enrol_judge(&answer, is_renewal);
}

static void every_status_has_a_meaning(void) {
  for (uint32_t status = 0; status < 1000u; status++) {
    sesp_enrol_reason_t expected = SESP_ENROL_REASON_STATUS;
    if (status == 0u) {
      expected = SESP_ENROL_REASON_UNREACHABLE;
    } else if (status == 200u) {
      expected = SESP_ENROL_REASON_NONE;
    } else if (status == 202u || status == 408u || status == 429u || (status >= 500u && status < 600u)) {
      expected = SESP_ENROL_REASON_LATER;
    } else if (status == 401u || status == 403u) {
      expected = SESP_ENROL_REASON_CLAIM;
    }
    CHECK(judged(status, false) == expected);
    const bool is_refused = expected == SESP_ENROL_REASON_CLAIM;
    CHECK(judged(status, true) == (is_refused ? SESP_ENROL_REASON_CERTIFICATE : expected));
  }
}

static void an_answer_has_to_be_whole_and_of_its_type(void) {
  CHECK(sesp_enrol_judge(&(sesp_enrol_answer_t){.status = 200, .is_pkcs7 = true, .len = 1}, false) ==
        SESP_ENROL_REASON_NONE);
  CHECK(sesp_enrol_judge(&(sesp_enrol_answer_t){.status = 200, .len = 1}, false) == SESP_ENROL_REASON_ANSWER);
  CHECK(sesp_enrol_judge(&(sesp_enrol_answer_t){.status = 200, .is_pkcs7 = true}, false) == SESP_ENROL_REASON_ANSWER);
  CHECK(sesp_enrol_judge(&(sesp_enrol_answer_t){.status = 200, .is_pkcs7 = true, .is_cut = true, .len = 1}, false) ==
        SESP_ENROL_REASON_ANSWER);
}

static void content_types_are_compared_as_http_does(void) {
  CHECK(sesp_enrol_is_pkcs7("application/pkcs7-mime"));
  CHECK(sesp_enrol_is_pkcs7("application/pkcs7-mime; smime-type=certs-only"));
  CHECK(sesp_enrol_is_pkcs7("Application/PKCS7-MIME ;a=b"));
  CHECK(!sesp_enrol_is_pkcs7("application/pkcs7-mimes"));
  CHECK(!sesp_enrol_is_pkcs7("application/pkcs7-mim"));
  CHECK(!sesp_enrol_is_pkcs7("text/html"));
  CHECK(!sesp_enrol_is_pkcs7(""));
}

static void retry_after_is_bounded(void) {
  CHECK(sesp_enrol_retry_after("30") == 30u);
  CHECK(sesp_enrol_retry_after(" 30 ") == 30u);
  CHECK(sesp_enrol_retry_after("0") == 0u);
  CHECK(sesp_enrol_retry_after("86400") == 86400u);
  CHECK(sesp_enrol_retry_after("86401") == 86400u);
  CHECK(sesp_enrol_retry_after("99999999999999999999999999") == 86400u);
  CHECK(sesp_enrol_retry_after("") == 0u);
  CHECK(sesp_enrol_retry_after("-1") == 0u);
  CHECK(sesp_enrol_retry_after("1.5") == 0u);
  CHECK(sesp_enrol_retry_after("Wed, 21 Oct 2026 07:28:00 GMT") == 0u);
}

static void waits_double_within_their_bounds(void) {
  static const uint32_t passing[] = {5, 10, 20, 40, 80, 160, 320, 600, 600};
  static const uint32_t refused[] = {3600, 7200, 14400, 28800, 57600, 86400, 86400};
  sesp_enrol_schedule_t schedule = {0};
  for (size_t at = 0; at < sizeof(passing) / sizeof(passing[0]); at++) {
    CHECK(sesp_enrol_wait_s(&schedule, SESP_ENROL_REASON_UNREACHABLE, 0, 0) == passing[at]);
  }
  for (size_t at = 0; at < sizeof(refused) / sizeof(refused[0]); at++) {
    CHECK(sesp_enrol_wait_s(&schedule, SESP_ENROL_REASON_CLAIM, 0, 0) == refused[at]);
  }
  for (uint32_t at = 0; at < 1000u; at++) {
    const uint16_t jitter = (uint16_t)(at * 66u % 65536u);
    const uint32_t wait_s = sesp_enrol_wait_s(&schedule, SESP_ENROL_REASON_LATER, 0, jitter);
    CHECK(wait_s >= 600u && wait_s <= 900u);
    CHECK(sesp_enrol_wait_s(&schedule, SESP_ENROL_REASON_STATUS, 0, jitter) <= 129600u);
  }
  CHECK(sesp_enrol_wait_s(&schedule, SESP_ENROL_REASON_LATER, 0, 65535) == 900u);
  CHECK(sesp_enrol_wait_s(&schedule, SESP_ENROL_REASON_LATER, 1, 65535) == 5u);
  CHECK(sesp_enrol_wait_s(&schedule, SESP_ENROL_REASON_LATER, 30, 65535) == 30u);
  CHECK(sesp_enrol_wait_s(&schedule, SESP_ENROL_REASON_LATER, UINT32_MAX, 0) == 86400u);
  /* a refusal is not made shorter by what the server says */
  schedule = (sesp_enrol_schedule_t){0};
  CHECK(sesp_enrol_wait_s(&schedule, SESP_ENROL_REASON_CLAIM, 1, 0) == 3600u);
}

static void every_reason_has_a_text(void) {
  for (int reason = SESP_ENROL_REASON_NONE; reason <= SESP_ENROL_REASON_SETTINGS; reason++) {
    CHECK(strcmp(sesp_enrol_reason_text((sesp_enrol_reason_t)reason), "unknown") != 0);
  }
}

void answer_suite(void) {
  TEST(every_status_has_a_meaning);
  TEST(an_answer_has_to_be_whole_and_of_its_type);
  TEST(content_types_are_compared_as_http_does);
  TEST(retry_after_is_bounded);
  TEST(waits_double_within_their_bounds);
  TEST(every_reason_has_a_text);
}
