/* SPDX-License-Identifier: MIT */
/* The members of each JSON payload: required, nullable and optional ones, their bounds and formats. */
#include "protocol.h"
#include "suites.h"

DEFINE_DECODE(status)
DEFINE_VERDICTS(status)
DEFINE_DECODE(update_state)
DEFINE_VERDICTS(update_state)
DEFINE_DECODE(settings)
DEFINE_VERDICTS(settings)
DEFINE_DECODE(replies)
DEFINE_VERDICTS(replies)

#define IDENTITY "\"project\":\"p\",\"version\":\"1\",\"chip\":\"esp32\""
#define BOOT "\"bootId\":1,\"resetReason\":\"panic\",\"protocol\":1,\"contract\":\"0123456789abcdef\""
#define STATUS(chip, boot, reason, protocol, contract)                                                        \
  "{\"online\":true,\"project\":\"p\",\"version\":\"1\",\"chip\":" chip ",\"bootId\":" boot ",\"resetReason\":" reason \
  ",\"protocol\":" protocol ",\"contract\":" contract "}"
#define CHIP "\"esp32\""
#define REASON "\"power_on\""
#define HASH "\"0123456789abcdef\""
#define STATE(run, state, from, to, reason)                                                            \
  "{\"run\":" run ",\"state\":" state ",\"from\":" from ",\"to\":" to ",\"bytes\":0,\"total\":9,\"reason\":" reason "}"
#define SETTINGS(url, flag, interval) "{\"url\":" url ",\"useUrl\":" flag ",\"interval\":" interval "}"
#define BYTES_32 "0123456789abcdef0123456789abcdef"

static void a_status_is_told_apart_by_online(void) {
  sesp_status_t value;
  CHECK(DECODE(status, "{\"online\":false}", &value) == SESP_CODEC_OK && value.kind == SESP_STATUS_KIND_ONLINE_FALSE);
  CHECK(DECODE(status, "{\"online\":false,\"project\":7}", &value) == SESP_CODEC_OK);
  CHECK(DECODE(status, "{\"online\":true," IDENTITY "," BOOT "}", &value) == SESP_CODEC_OK);
  CHECK(value.kind == SESP_STATUS_KIND_ONLINE_TRUE && value.as.online_true.boot_id == 1u);
  CHECK(value.as.online_true.reset_reason == SESP_STATUS_RESET_REASON_PANIC && value.as.online_true.protocol == 1u);
  CHECK_TEXT(value.as.online_true.project, "p");
  CHECK_TEXT(value.as.online_true.version, "1");
  CHECK_TEXT(value.as.online_true.chip, "esp32");
  CHECK_TEXT(value.as.online_true.contract, "0123456789abcdef");
  CHECK(DECODE(status, "{" BOOT "," IDENTITY ",\"online\":true}", &value) == SESP_CODEC_OK);
  static const verdict_case_t bad[] = {
      {"{\"online\":null}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"online\":0}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"online\":\"false\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"online\":true}", SESP_CODEC_BAD_PAYLOAD},
      {"{" IDENTITY "," BOOT "}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"online\":true," IDENTITY "}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"online\":true," BOOT "}", SESP_CODEC_BAD_PAYLOAD},
  };
  decides_status(bad, COUNT_OF(bad));
}

static void the_members_of_a_status_are_bounded(void) {
  static const verdict_case_t cases[] = {
      {STATUS(CHIP, "1", REASON, "1", HASH), SESP_CODEC_OK},
      {STATUS("\"0123456789_-abcD\"", "1", REASON, "1", HASH), SESP_CODEC_OK},
      {STATUS("\"0123456789_-abcDE\"", "1", REASON, "1", HASH), SESP_CODEC_TOO_LONG},
      {STATUS("\"\"", "1", REASON, "1", HASH), SESP_CODEC_BAD_PAYLOAD},
      {STATUS("\"esp 32\"", "1", REASON, "1", HASH), SESP_CODEC_BAD_PAYLOAD},
      {STATUS("32", "1", REASON, "1", HASH), SESP_CODEC_BAD_PAYLOAD},
      {STATUS("null", "1", REASON, "1", HASH), SESP_CODEC_BAD_PAYLOAD},
      {STATUS(CHIP, "4294967295", REASON, "65535", HASH), SESP_CODEC_OK},
      {STATUS(CHIP, "4294967296", REASON, "1", HASH), SESP_CODEC_OUT_OF_RANGE},
      {STATUS(CHIP, "\"1\"", REASON, "1", HASH), SESP_CODEC_BAD_PAYLOAD},
      {STATUS(CHIP, "1", REASON, "0", HASH), SESP_CODEC_OUT_OF_RANGE},
      {STATUS(CHIP, "1", REASON, "65536", HASH), SESP_CODEC_OUT_OF_RANGE},
      {STATUS(CHIP, "1", REASON, "-1", HASH), SESP_CODEC_OUT_OF_RANGE},
      {STATUS(CHIP, "1", "\"POWER_ON\"", "1", HASH), SESP_CODEC_BAD_PAYLOAD},
      {STATUS(CHIP, "1", "\"power_o\"", "1", HASH), SESP_CODEC_BAD_PAYLOAD},
      {STATUS(CHIP, "1", "\"power_on_\"", "1", HASH), SESP_CODEC_BAD_PAYLOAD},
      {STATUS(CHIP, "1", "\"\"", "1", HASH), SESP_CODEC_BAD_PAYLOAD},
      {STATUS(CHIP, "1", "1", "1", HASH), SESP_CODEC_BAD_PAYLOAD},
      {STATUS(CHIP, "1", REASON, "1", "\"0123456789abcde\""), SESP_CODEC_BAD_PAYLOAD},
      {STATUS(CHIP, "1", REASON, "1", "\"0123456789abcdef0\""), SESP_CODEC_TOO_LONG},
      {STATUS(CHIP, "1", REASON, "1", "\"0123456789abcdeF\""), SESP_CODEC_BAD_PAYLOAD},
      {STATUS(CHIP, "1", REASON, "1", "\"0123456789abcdeg\""), SESP_CODEC_BAD_PAYLOAD},
      {STATUS(CHIP, "1", REASON, "1", "\"0123456789abcde/\""), SESP_CODEC_BAD_PAYLOAD},
      {STATUS(CHIP, "1", REASON, "1", "\"0123456789abcde:\""), SESP_CODEC_BAD_PAYLOAD},
      {STATUS(CHIP, "1", REASON, "1", "\"0123456789abcde`\""), SESP_CODEC_BAD_PAYLOAD},
  };
  decides_status(cases, COUNT_OF(cases));
}

static void every_value_of_an_enum_has_its_name_in_both_directions(void) {
  for (unsigned at = 0; at < SESP_STATUS_RESET_REASON_COUNT; at++) {
    char text[200];
    sesp_status_t value;
    const char *const name = sesp_status_reset_reason_to_string((sesp_status_reset_reason_t)at);
    (void)snprintf(text, sizeof(text), STATUS(CHIP, "1", "\"%s\"", "1", HASH), name);
    check_report(DECODE(status, text, &value) == SESP_CODEC_OK && (unsigned)value.as.online_true.reset_reason == at,
        name,
                 __FILE__, __LINE__);
  }
  for (unsigned at = 0; at < SESP_UPDATE_STATE_REASON_COUNT; at++) {
    char text[200];
    sesp_update_state_t value;
    const char *const name = sesp_update_state_reason_to_string((sesp_update_state_reason_t)at);
    (void)snprintf(text, sizeof(text), STATE("1", "\"idle\"", "\"\"", "null", "\"%s\""), name);
    check_report(DECODE(update_state, text, &value) == SESP_CODEC_OK && (unsigned)value.reason == at, name, __FILE__,
                 __LINE__);
  }
  for (unsigned at = 0; at < SESP_UPDATE_STATE_STATE_COUNT; at++) {
    char text[200];
    sesp_update_state_t value;
    const char *const name = sesp_update_state_state_to_string((sesp_update_state_state_t)at);
    (void)snprintf(text, sizeof(text), STATE("1", "\"%s\"", "\"\"", "null", "null"), name);
    check_report(DECODE(update_state, text, &value) == SESP_CODEC_OK && (unsigned)value.state == at, name, __FILE__,
                 __LINE__);
  }
  for (unsigned at = 0; at < SESP_REPLIES_CODE_COUNT; at++) {
    char text[200];
    sesp_replies_t value;
    const char *const name = sesp_replies_code_to_string((sesp_replies_code_t)at);
    (void)snprintf(text, sizeof(text), "{\"ok\":false,\"code\":\"%s\",\"detail\":\"\"}", name);
    check_report(DECODE(replies, text, &value) == SESP_CODEC_OK && (unsigned)value.as.ok_false.code == at, name,
        __FILE__,
                 __LINE__);
  }
}

static void beyond_an_enum_is_unknown(void) {
  CHECK_TEXT(sesp_status_reset_reason_to_string((sesp_status_reset_reason_t)SESP_STATUS_RESET_REASON_COUNT), "unknown");
  CHECK_TEXT(sesp_update_state_state_to_string((sesp_update_state_state_t)SESP_UPDATE_STATE_STATE_COUNT), "unknown");
  CHECK_TEXT(sesp_update_state_reason_to_string((sesp_update_state_reason_t)SESP_UPDATE_STATE_REASON_COUNT), "unknown");
  CHECK_TEXT(sesp_replies_code_to_string((sesp_replies_code_t)SESP_REPLIES_CODE_COUNT), "unknown");
  CHECK_TEXT(sesp_replies_code_to_string((sesp_replies_code_t)200), "unknown");
}

static void an_update_state_has_nullable_members(void) {
  sesp_update_state_t value;
  CHECK(DECODE(update_state, STATE("1", "\"idle\"", "\"a\"", "null", "null"), &value) == SESP_CODEC_OK);
  CHECK(value.run == 1u && value.state == SESP_UPDATE_STATE_STATE_IDLE && value.to_is_null && value.reason_is_null);
  CHECK(value.bytes == 0u && value.total == 9u && value.to[0] == '\0');
  CHECK_TEXT(value.from, "a");
  CHECK(DECODE(update_state, STATE("1", "\"failed\"", "\"\"", "\"b\"", "\"flash\""), &value) == SESP_CODEC_OK);
  CHECK(!value.to_is_null && !value.reason_is_null && value.reason == SESP_UPDATE_STATE_REASON_FLASH);
  CHECK_TEXT(value.to, "b");
  static const verdict_case_t cases[] = {
      {STATE("1", "\"idle\"", "\"" BYTES_32 "\"", "\"" BYTES_32 "\"", "null"), SESP_CODEC_OK},
      {STATE("1", "\"idle\"", "\"" BYTES_32 "0\"", "null", "null"), SESP_CODEC_TOO_LONG},
      {STATE("1", "\"idle\"", "\"\"", "\"" BYTES_32 "0\"", "null"), SESP_CODEC_TOO_LONG},
      {STATE("1", "\"idle\"", "null", "null", "null"), SESP_CODEC_BAD_PAYLOAD},
      {STATE("1", "null", "\"\"", "null", "null"), SESP_CODEC_BAD_PAYLOAD},
      {STATE("null", "\"idle\"", "\"\"", "null", "null"), SESP_CODEC_BAD_PAYLOAD},
      {STATE("1", "\"idle\"", "\"\"", "false", "null"), SESP_CODEC_BAD_PAYLOAD},
      {STATE("1", "\"idle\"", "\"\"", "null", "\"no\""), SESP_CODEC_BAD_PAYLOAD},
      {STATE("1", "\"idle\"", "\"\"", "null", "\"null\""), SESP_CODEC_BAD_PAYLOAD},
      {STATE("4294967296", "\"idle\"", "\"\"", "null", "null"), SESP_CODEC_OUT_OF_RANGE},
      {"{\"run\":1,\"state\":\"idle\",\"from\":\"\",\"bytes\":0,\"total\":0,\"reason\":null}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"run\":1,\"state\":\"idle\",\"from\":\"\",\"to\":null,\"bytes\":0,\"total\":0}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"run\":1,\"state\":\"idle\",\"from\":\"\",\"to\":null,\"bytes\":-1,\"total\":0,\"reason\":null}",
       SESP_CODEC_OUT_OF_RANGE},
      {"{\"run\":1,\"state\":\"idle\",\"from\":\"\",\"to\":null,\"bytes\":0,\"total\":4294967296,\"reason\":null}",
       SESP_CODEC_OUT_OF_RANGE},
  };
  decides_update_state(cases, COUNT_OF(cases));
}

static void settings_have_a_url_or_none(void) {
  sesp_settings_t value;
  CHECK(DECODE(settings, SETTINGS("null", "0", "3600"), &value) == SESP_CODEC_OK);
  CHECK(value.url_is_null && value.url[0] == '\0' && value.use_url == 0u && value.interval == 3600u);
  CHECK(DECODE(settings, SETTINGS("\"https:\\/\\/a\"", "1.0", "0"), &value) == SESP_CODEC_OK && !value.url_is_null);
  CHECK_TEXT(value.url, "https://a");
  static const verdict_case_t cases[] = {
      {SETTINGS("\"\"", "0", "1"), SESP_CODEC_BAD_PAYLOAD},   {SETTINGS("\"http://a\"", "0", "1"),
      SESP_CODEC_BAD_PAYLOAD},
      {SETTINGS("0", "0", "1"), SESP_CODEC_BAD_PAYLOAD},      {SETTINGS("null", "2", "1"), SESP_CODEC_OUT_OF_RANGE},
      {SETTINGS("null", "-1", "1"), SESP_CODEC_OUT_OF_RANGE}, {SETTINGS("null", "true", "1"), SESP_CODEC_BAD_PAYLOAD},
      {SETTINGS("null", "0", "4294967296"), SESP_CODEC_OUT_OF_RANGE}, {SETTINGS("null", "0", "0.5"),
      SESP_CODEC_BAD_PAYLOAD},
      {"{\"url\":null,\"interval\":1}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"url\":null,\"useurl\":0,\"interval\":1}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"useUrl\":0,\"interval\":1}", SESP_CODEC_BAD_PAYLOAD},
  };
  decides_settings(cases, COUNT_OF(cases));
  char text[SESP_SETTINGS_MAX_BYTES + 1u];
  (void)snprintf(text, sizeof(text), SETTINGS("\"https://a/%0245d\"", "0", "1"), 0);
  CHECK(DECODE(settings, text, &value) == SESP_CODEC_OK && strlen(value.url) == SESP_SETTINGS_URL_MAX_BYTES);
  (void)snprintf(text, sizeof(text), SETTINGS("\"https://a/%0246d\"", "0", "1"), 0);
  CHECK(DECODE(settings, text, &value) == SESP_CODEC_TOO_LONG);
}

static void a_reply_is_told_apart_by_ok(void) {
  sesp_replies_t value;
  CHECK(DECODE(replies, "{\"ok\":true}", &value) == SESP_CODEC_OK);
  CHECK(value.kind == SESP_REPLIES_KIND_OK_TRUE && !value.as.ok_true.has_run && value.as.ok_true.run == 0u);
  CHECK(DECODE(replies, "{\"ok\":true,\"run\":7}", &value) == SESP_CODEC_OK);
  CHECK(value.as.ok_true.has_run && value.as.ok_true.run == 7u);
  CHECK(DECODE(replies, "{\"detail\":\"d\",\"code\":\"no_url\",\"ok\":false}", &value) == SESP_CODEC_OK);
  CHECK(value.kind == SESP_REPLIES_KIND_OK_FALSE && value.as.ok_false.code == SESP_REPLIES_CODE_NO_URL);
  CHECK_TEXT(value.as.ok_false.detail, "d");
  static const verdict_case_t bad[] = {
      {"{\"ok\":false}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":false,\"code\":\"busy\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":false,\"detail\":\"\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":false,\"code\":\"buzy\",\"detail\":\"\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":false,\"code\":\"busy\",\"detail\":null}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"run\":7}", SESP_CODEC_BAD_PAYLOAD},
  };
  decides_replies(bad, COUNT_OF(bad));
}

void protocol_payloads_suite(void) {
  TEST(a_status_is_told_apart_by_online);
  TEST(the_members_of_a_status_are_bounded);
  TEST(every_value_of_an_enum_has_its_name_in_both_directions);
  TEST(beyond_an_enum_is_unknown);
  TEST(an_update_state_has_nullable_members);
  TEST(settings_have_a_url_or_none);
  TEST(a_reply_is_told_apart_by_ok);
}
