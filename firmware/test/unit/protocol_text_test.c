/* SPDX-License-Identifier: MIT */
/* Payloads that are one scalar as text, and the empty one. */
#include "protocol.h"
#include "suites.h"

DEFINE_DECODE(update_url)
DEFINE_DECODE(update_use_url)
DEFINE_VERDICTS(update_use_url)
DEFINE_DECODE(update_interval)
DEFINE_VERDICTS(update_interval)
DEFINE_DECODE(log)
DEFINE_ROUND_TRIP(update_url)
DEFINE_ROUND_TRIP(update_use_url)
DEFINE_ROUND_TRIP(update_interval)
DEFINE_ROUND_TRIP(log)
DEFINE_ENCODE(update_url)
DEFINE_ENCODE(update_use_url)
DEFINE_ENCODE(update_interval)
DEFINE_ENCODE(log)

static void the_empty_payload_is_accepted_and_no_other(void) {
  CHECK(sesp_update_run_decode(NULL, 0) == SESP_CODEC_OK);
  CHECK(sesp_restart_decode((const uint8_t *)"", 0) == SESP_CODEC_OK);
  CHECK(sesp_update_run_decode((const uint8_t *)"1", 1) != SESP_CODEC_OK);
  CHECK(sesp_restart_decode((const uint8_t *)"\0", 1) != SESP_CODEC_OK);
  CHECK(sesp_restart_decode((const uint8_t *)"{}", 2) != SESP_CODEC_OK);
}

static void integers_are_canonical_decimals_within_bounds(void) {
  static const verdict_case_t cases[] = {
      {"300", SESP_CODEC_OK},           {"301", SESP_CODEC_OK},           {"9999999", SESP_CODEC_OK},
      {"299", SESP_CODEC_OUT_OF_RANGE}, {"0", SESP_CODEC_OUT_OF_RANGE},   {"10000000", SESP_CODEC_OUT_OF_RANGE},
      {"-1", SESP_CODEC_OUT_OF_RANGE},  {"-300", SESP_CODEC_OUT_OF_RANGE}, {"9999999999999999",
      SESP_CODEC_OUT_OF_RANGE},
      {"-999999999999999", SESP_CODEC_OUT_OF_RANGE}, {"4294967596", SESP_CODEC_OUT_OF_RANGE},
      {"", SESP_CODEC_BAD_PAYLOAD},     {"-", SESP_CODEC_BAD_PAYLOAD},    {"+300", SESP_CODEC_BAD_PAYLOAD},
      {"0300", SESP_CODEC_BAD_PAYLOAD}, {" 300", SESP_CODEC_BAD_PAYLOAD}, {"300 ", SESP_CODEC_BAD_PAYLOAD},
      {"300\n", SESP_CODEC_BAD_PAYLOAD}, {"3e2", SESP_CODEC_BAD_PAYLOAD}, {"300.0", SESP_CODEC_BAD_PAYLOAD},
      {"0x12c", SESP_CODEC_BAD_PAYLOAD}, {"30/", SESP_CODEC_BAD_PAYLOAD}, {"30:", SESP_CODEC_BAD_PAYLOAD},
      {"-0300", SESP_CODEC_BAD_PAYLOAD}, {"--300", SESP_CODEC_BAD_PAYLOAD}, {"\"300\"", SESP_CODEC_BAD_PAYLOAD},
      {"null", SESP_CODEC_BAD_PAYLOAD}, {"12345678901234567", SESP_CODEC_TOO_LONG},
  };
  decides_update_interval(cases, COUNT_OF(cases));
  sesp_update_interval_t value;
  CHECK(DECODE(update_interval, "9999999", &value) == SESP_CODEC_OK && value.value == 9999999u);
  CHECK(protocol_decode_update_interval((const uint8_t *)"300\0", 4, &value) == SESP_CODEC_BAD_PAYLOAD);
  CHECK(sesp_update_interval_decode(NULL, 0, &value) == SESP_CODEC_BAD_PAYLOAD);
}

static void a_flag_is_0_or_1(void) {
  static const verdict_case_t cases[] = {
      {"0", SESP_CODEC_OK},          {"1", SESP_CODEC_OK},          {"2", SESP_CODEC_OUT_OF_RANGE},
      {"-1", SESP_CODEC_OUT_OF_RANGE}, {"256", SESP_CODEC_OUT_OF_RANGE}, {"257", SESP_CODEC_OUT_OF_RANGE},
      {"", SESP_CODEC_BAD_PAYLOAD},  {"00", SESP_CODEC_BAD_PAYLOAD}, {"01", SESP_CODEC_BAD_PAYLOAD},
      {"true", SESP_CODEC_BAD_PAYLOAD}, {"1\r", SESP_CODEC_BAD_PAYLOAD},
  };
  decides_update_use_url(cases, COUNT_OF(cases));
}

static void urls_are_those_of_the_grammar(void) {
  static const char *const good[] = {
      "https://a", "HTTPS://a", "hTtPs://A.b-c.9", "https://a:1", "https://a:65535", "https://a/", "https://a?",
      "https://a?q",
      "https://a:8070/x/y.bin?v=1&w=%20", "https://[::1]", "https://[fe80::1:2.3.4.5]:443/", "https://[aF09.:]",
      "https://a/!$%&'()*+,-./:;=@[]_~", "https://a/\x21\x7e",
  };
  static const char *const bad[] = {
      "", "https://", "https:/", "https:/a", "http://a", "httpx://a", "https//a", "ftp://abcdef", "https:///x",
      "https://?",
      "https://a:", "https://a:0", "https://a:65536", "https://a:99999", "https://a:000001", "https://a:100000",
      "https://a:x",
      "https://a:1x", "https://a_b", "https://a b", "https://a/b c", "https://a/\x7f", "https://a/\x1f", "https://a\n",
      "https://u@a", "https://u:p@a/", "https://a#f", "https://a/#f", "https://a/\"", "https://a/<", "https://a/>",
      "https://a/\\", "https://a/^", "https://a/`", "https://a/{", "https://a/|", "https://a/}", "https://\xc3\xa4",
      "https://a/\xc3\xa4", "https://[:]", "https://[", "https://[::1", "https://[::1]x", "https://[::g]", "https://[]",
      "https://[0123456789012345678901234567890123456789012345]", "https://%61", " https://a",
  };
  for (size_t at = 0; at < COUNT_OF(good); at++) {
    sesp_update_url_t value;
    check_report(DECODE(update_url, good[at], &value) == SESP_CODEC_OK && strcmp(value.value, good[at]) == 0, good[at],
                 __FILE__, __LINE__);
  }
  for (size_t at = 0; at < COUNT_OF(bad); at++) {
    sesp_update_url_t value;
    check_report(DECODE(update_url, bad[at], &value) == SESP_CODEC_BAD_PAYLOAD, bad[at], __FILE__, __LINE__);
  }
}

/** "https://" and a path that makes `len` bytes of it, or with host a host that does. */
static void long_url(char *out, size_t len, bool host) {
  memset(out, 'a', len);
  memcpy(out, host ? "https://" : "https://a/", host ? 8 : 10);
  out[len] = '\0';
}

static void urls_and_their_hosts_are_bounded(void) {
  char text[SESP_UPDATE_URL_MAX_BYTES + 2u];
  sesp_update_url_t value;
  long_url(text, SESP_UPDATE_URL_MAX_BYTES, false);
  CHECK(DECODE(update_url, text, &value) == SESP_CODEC_OK && strlen(value.value) == SESP_UPDATE_URL_MAX_BYTES);
  round_trips_update_url(text);
  long_url(text, SESP_UPDATE_URL_MAX_BYTES + 1u, false);
  CHECK(DECODE(update_url, text, &value) == SESP_CODEC_TOO_LONG);
  long_url(text, SESP_UPDATE_URL_MAX_BYTES, true);
  CHECK(DECODE(update_url, text, &value) == SESP_CODEC_OK);
  char literal[64] = "https://[";
  memset(&literal[9], '0', 45);
  memcpy(&literal[9 + 45], "]", 2);
  CHECK(DECODE(update_url, literal, &value) == SESP_CODEC_OK);
}

static void texts_are_well_formed_utf8_without_nul(void) {
  static const char *const good[] = {"", "a", "\x01\x1f\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                     "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
                                     "\xef\xbb\xbf"};
  static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0",
      "\xe0\x9f\xbf",
                                    "\xe1\x80", "\xe1\x80\xc0", "\xe1\x7f\x80", "\xed\xa0\x80", "\xed\xbf\xbf",
                                    "\xf0\x8f\xbf\xbf", "\xf1\x80\x80", "\xf1\x80\x80\x7f", "\xf1\x80\xc0\x80",
                                    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "ab\xe2\x82"};
  for (size_t at = 0; at < COUNT_OF(good); at++) {
    sesp_log_t value;
    check_report(DECODE(log, good[at], &value) == SESP_CODEC_OK, good[at], __FILE__, __LINE__);
    round_trips_log(good[at]);
  }
  for (size_t at = 0; at < COUNT_OF(bad); at++) {
    sesp_log_t value;
    check_report(DECODE(log, bad[at], &value) == SESP_CODEC_BAD_PAYLOAD, bad[at], __FILE__, __LINE__);
    memset(&value, 0, sizeof(value));
    (void)snprintf(value.value, sizeof(value.value), "%s", bad[at]);
    check_report(encodes_log(&value) == SESP_CODEC_BAD_VALUE, bad[at], __FILE__, __LINE__);
  }
  sesp_log_t value;
  CHECK(protocol_decode_log((const uint8_t *)"a\0b", 3, &value) == SESP_CODEC_BAD_PAYLOAD);
  CHECK(protocol_decode_log((const uint8_t *)"\0", 1, &value) == SESP_CODEC_BAD_PAYLOAD);
  CHECK(sesp_log_decode(NULL, 0, &value) == SESP_CODEC_OK && value.value[0] == '\0');
}

static void texts_are_bounded_in_bytes(void) {
  char text[SESP_LOG_MAX_BYTES + 3u];
  sesp_log_t value;
  memset(text, 'x', sizeof(text));
  text[SESP_LOG_MAX_BYTES] = '\0';
  CHECK(DECODE(log, text, &value) == SESP_CODEC_OK && strcmp(value.value, text) == 0);
  text[SESP_LOG_MAX_BYTES] = 'x';
  text[SESP_LOG_MAX_BYTES + 1u] = '\0';
  CHECK(DECODE(log, text, &value) == SESP_CODEC_TOO_LONG);
}

static void scalars_survive_a_round_trip(void) {
  round_trips_update_interval("300");
  round_trips_update_interval("9999999");
  round_trips_update_use_url("0");
  round_trips_update_use_url("1");
  round_trips_update_url("https://a");
  round_trips_log("secure_esp: [SUCCESS] \"\\\n");
}

static void encoders_refuse_what_is_not_in_the_contract(void) {
  sesp_update_interval_t interval = {299};
  CHECK(encodes_update_interval(&interval) == SESP_CODEC_BAD_VALUE);
  interval.value = 10000000;
  CHECK(encodes_update_interval(&interval) == SESP_CODEC_BAD_VALUE);
  interval.value = UINT32_MAX;
  CHECK(encodes_update_interval(&interval) == SESP_CODEC_BAD_VALUE);
  interval.value = 300;
  CHECK(encodes_update_interval(&interval) == SESP_CODEC_OK);
  const sesp_update_use_url_t flag = {2};
  CHECK(encodes_update_use_url(&flag) == SESP_CODEC_BAD_VALUE);
  sesp_update_url_t url = SESP_UPDATE_URL_INIT;
  CHECK(encodes_update_url(&url) == SESP_CODEC_BAD_VALUE);
  (void)snprintf(url.value, sizeof(url.value), "http://a");
  CHECK(encodes_update_url(&url) == SESP_CODEC_BAD_VALUE);
  memset(url.value, 'a', sizeof(url.value)); /* no terminator */
  CHECK(encodes_update_url(&url) == SESP_CODEC_BAD_VALUE);
  sesp_log_t line;
  memset(line.value, 'a', sizeof(line.value)); /* no terminator */
  CHECK(encodes_log(&line) == SESP_CODEC_BAD_VALUE);
}

void protocol_text_suite(void) {
  TEST(the_empty_payload_is_accepted_and_no_other);
  TEST(integers_are_canonical_decimals_within_bounds);
  TEST(a_flag_is_0_or_1);
  TEST(urls_are_those_of_the_grammar);
  TEST(urls_and_their_hosts_are_bounded);
  TEST(texts_are_well_formed_utf8_without_nul);
  TEST(texts_are_bounded_in_bytes);
  TEST(scalars_survive_a_round_trip);
  TEST(encoders_refuse_what_is_not_in_the_contract);
}
