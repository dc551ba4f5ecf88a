/* SPDX-License-Identifier: MIT */
/* The JSON that every decoder reads: what JSON.parse accepts, less what C strings cannot hold. */
#include "protocol.h"
#include "suites.h"

DEFINE_DECODE(replies)
DEFINE_VERDICTS(replies)
DEFINE_DECODE(manifest)
DEFINE_VERDICTS(manifest)

#define DETAIL(text) "{\"ok\":false,\"code\":\"busy\",\"detail\":\"" text "\"}"
#define RUN(text) "{\"ok\":true,\"run\":" text "}"
/** A reply is an object of scalars, so nothing may nest in it. Of a manifest a member may. */
#define NESTED(text) MANIFEST_JSON(",\"x\":" text)

static void white_space_stands_between_tokens_only(void) {
  static const verdict_case_t cases[] = {
      {"{\"ok\":true}", SESP_CODEC_OK},
      {" \t\r\n{ \t\r\n\"ok\" \t\r\n: \t\r\ntrue \t\r\n} \t\r\n", SESP_CODEC_OK},
      {"{ \"ok\" : true , \"run\" : 1 }", SESP_CODEC_OK},
      {"\f{\"ok\":true}", SESP_CODEC_BAD_PAYLOAD},
      {"\v{\"ok\":true}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true}\xc2\xa0", SESP_CODEC_BAD_PAYLOAD},
      {"\xef\xbb\xbf{\"ok\":true}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":tr ue}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true} x", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true}{}", SESP_CODEC_BAD_PAYLOAD},
  };
  decides_replies(cases, COUNT_OF(cases));
  sesp_replies_t value;
  CHECK(protocol_decode_replies((const uint8_t *)"{\"ok\":true}\0", 12, &value) == SESP_CODEC_BAD_PAYLOAD);
}

static void broken_json_is_refused_wherever_it_breaks(void) {
  static const char whole[] = "{\"ok\":true,\"run\":-0.0e+1,\"x\":\"\\u00e9\\ud83d\\ude00\",\"y\":false,\"z\":null}";
  sesp_replies_t value;
  for (size_t len = 0; len < sizeof(whole) - 1u; len++) {
    CHECK(protocol_decode_replies((const uint8_t *)whole, len, &value) == SESP_CODEC_BAD_PAYLOAD);
  }
  static const char *const bad[] = {
      "", " ", "null", "true", "1", "\"ok\"", "[]", "[{\"ok\":true}]", "{}", "{", "}", "{\"ok\"}", "{\"ok\":}",
      "{\"ok\":true,}",
      "{,\"ok\":true}", "{\"ok\":true,,\"run\":1}", "{\"ok\":true \"run\":1}", "{\"ok\" true}", "{\"ok\"::true}",
      "{ok:true}",
      "{'ok':true}", "{\"ok\":True}", "{\"ok\":truee}", "{\"ok\":\"true\"}", "{\"ok\":1}", "{\"ok\":null}",
      "{\"ok\":[true]}",
      "{\"ok\":true,\"x\":}", "{\"ok\":true,\"x\":nul}",
      "{\"ok\":true,\"x\":fals}", "{\"ok\":true,\"x\":undefined}", "{\"ok\":true,\"x\":NaN}", "{\"ok\":true,1:2}",
      "{\"ok\":true]", "{\"ok\":true/**/}", "{\"ok\":true}//", "{\"Ok\":true}", "{\"o\":true}", "{\"okk\":true}",
      "{\"\":true}",
  };
  for (size_t at = 0; at < COUNT_OF(bad); at++) {
    check_report(DECODE(replies, bad[at], &value) == SESP_CODEC_BAD_PAYLOAD, bad[at], __FILE__, __LINE__);
  }
}

static void unknown_members_are_read_over_but_must_be_json(void) {
  static const verdict_case_t cases[] = {
      {"{\"x\":1,\"ok\":true,\"y\":\"\\\"}\",\"\":null}", SESP_CODEC_OK},
      {"{\"ok\":true,\"detail\":7,\"code\":false}", SESP_CODEC_OK},
      {"{\"ok\":true,\"a\":-0,\"b\":1.5,\"c\":1e5,\"d\":1E-5,\"e\":1e+5,\"f\":0.0}", SESP_CODEC_OK},
      {"{\"ok\":true,\"x\":01}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":-}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":+1}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":.5}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":5.}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":1e}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":1e+}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":1.e5}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":0x1}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":\"\\x\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":\"\\u0000\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":\"\\ud800\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"\\ud800\":1}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":\"\x01\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":\"\xff\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"\xc3\":1}", SESP_CODEC_BAD_PAYLOAD},
  };
  decides_replies(cases, COUNT_OF(cases));
}

static void of_a_duplicate_key_the_last_counts(void) {
  sesp_replies_t value;
  CHECK(DECODE(replies, "{\"ok\":true,\"run\":1,\"run\":2}", &value) == SESP_CODEC_OK && value.as.ok_true.run == 2u);
  CHECK(DECODE(replies, "{\"ok\":1,\"ok\":true}", &value) == SESP_CODEC_OK);
  CHECK(DECODE(replies, "{\"ok\":true,\"ok\":1}", &value) == SESP_CODEC_BAD_PAYLOAD);
  CHECK(DECODE(replies, "{\"ok\":true,\"run\":1,\"r\\u0075n\":9}", &value) == SESP_CODEC_OK &&
        value.as.ok_true.run == 9u);
  CHECK(DECODE(replies, "{\"ok\":true,\"run\":-1,\"run\":0}", &value) == SESP_CODEC_OK && value.as.ok_true.has_run);
}

static void an_integer_has_any_spelling_of_its_exact_value(void) {
  static const struct {
    const char *text;
    uint32_t run;
  } good[] = {
      {RUN("0"), 0}, {RUN("-0"), 0}, {RUN("0e9"), 0}, {RUN("-0.000e-999999999"), 0}, {RUN("0.0e+1000000000000"), 0},
      {RUN("1e2"), 100}, {RUN("1E+2"), 100}, {RUN("100.0"), 100}, {RUN("100.000"), 100}, {RUN("10000e-2"), 100},
      {RUN("1.00e2"), 100}, {RUN("0.1e3"), 100}, {RUN("0.0001e6"), 100}, {RUN("12.5e1"), 125},
      {RUN("4294967295"), UINT32_MAX}, {RUN("4294967295.0"), UINT32_MAX}, {RUN("4.294967295e9"), UINT32_MAX},
      {RUN("42949672950000000000e-10"), UINT32_MAX}, {RUN("0.00000000004294967295e20"), UINT32_MAX},
      {RUN("10000000000000000000000000000000000000000e-40"), 1}, {RUN("1e0"), 1}, {RUN("1e00000000000000002"), 100},
  };
  for (size_t at = 0; at < COUNT_OF(good); at++) {
    sesp_replies_t value;
    check_report(DECODE(replies, good[at].text, &value) == SESP_CODEC_OK && value.as.ok_true.has_run &&
                     value.as.ok_true.run == good[at].run,
                 good[at].text, __FILE__, __LINE__);
  }
  static const verdict_case_t bad[] = {
      {RUN("4294967296"), SESP_CODEC_OUT_OF_RANGE},          {RUN("-1"), SESP_CODEC_OUT_OF_RANGE},
      {RUN("1e10"), SESP_CODEC_OUT_OF_RANGE},                {RUN("9007199254740993"), SESP_CODEC_OUT_OF_RANGE},
      {RUN("18446744073709551616"), SESP_CODEC_OUT_OF_RANGE}, {RUN("18446744073709551617"), SESP_CODEC_OUT_OF_RANGE},
      {RUN("-18446744073709551615"), SESP_CODEC_OUT_OF_RANGE}, {RUN("1e400"), SESP_CODEC_OUT_OF_RANGE},
      {RUN("1e99999999999999999999"), SESP_CODEC_OUT_OF_RANGE}, {RUN("1e2147483648"), SESP_CODEC_OUT_OF_RANGE},
      {RUN("1e4294967296"), SESP_CODEC_OUT_OF_RANGE},        {RUN("1e18446744073709551616"), SESP_CODEC_OUT_OF_RANGE},
      {RUN("100000000000000000"), SESP_CODEC_OUT_OF_RANGE},  {RUN("1.5"), SESP_CODEC_BAD_PAYLOAD},
      {RUN("1e-1"), SESP_CODEC_BAD_PAYLOAD},                 {RUN("1e-99999999999999999999"), SESP_CODEC_BAD_PAYLOAD},
      {RUN("1.00000000000000000001"), SESP_CODEC_BAD_PAYLOAD}, {RUN("0.5"), SESP_CODEC_BAD_PAYLOAD},
      {RUN("\"1\""), SESP_CODEC_BAD_PAYLOAD},                {RUN("true"), SESP_CODEC_BAD_PAYLOAD},
      {RUN("null"), SESP_CODEC_BAD_PAYLOAD},                 {RUN("[1]"), SESP_CODEC_BAD_PAYLOAD},
      {RUN("{}"), SESP_CODEC_BAD_PAYLOAD},                   {RUN("1 2"), SESP_CODEC_BAD_PAYLOAD},
      {RUN("-"), SESP_CODEC_BAD_PAYLOAD},                    {RUN("00"), SESP_CODEC_BAD_PAYLOAD},
      {RUN("-01"), SESP_CODEC_BAD_PAYLOAD},
  };
  decides_replies(bad, COUNT_OF(bad));
}

static void every_escape_is_resolved(void) {
  static const struct {
    const char *text;
    const char *detail;
  } good[] = {
      {DETAIL(""), ""},
      {DETAIL("\\\"\\\\\\/\\b\\f\\n\\r\\t"), "\"\\/\b\f\n\r\t"},
      {DETAIL("\\u0001\\u001F\\u007f"), "\x01\x1f\x7f"},
      {DETAIL("\\u0080\\u07FF"), "\xc2\x80\xdf\xbf"},
      {DETAIL("\\u0800\\ud7ff\\uE000\\uffff"), "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
      {DETAIL("\\ud800\\udc00\\uDBFF\\uDFFF"), "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
      {DETAIL("\xf0\x9f\x98\x80\\ud83d\\ude00"), "\xf0\x9f\x98\x80\xf0\x9f\x98\x80"},
      {DETAIL("\x7f/'"), "\x7f/'"},
      {"{\"ok\":false,\"c\\u006fde\":\"\\u0062usy\",\"detail\":\"\"}", ""},
  };
  for (size_t at = 0; at < COUNT_OF(good); at++) {
    sesp_replies_t value;
    check_report(DECODE(replies, good[at].text, &value) == SESP_CODEC_OK &&
                     strcmp(value.as.ok_false.detail, good[at].detail) == 0,
                 good[at].text, __FILE__, __LINE__);
  }
  static const char *const bad[] = {
      "\\", "\\x41", "\\U0041", "\\'", "\\0", "\\a", "\\u", "\\u1", "\\u12", "\\u123", "\\u123g", "\\u123G", "\\u12 4",
      "\\u0000", "\\ud800", "\\udbff", "\\udc00", "\\udfff", "\\ud800x", "\\ud800\\", "\\ud800\\n", "\\ud800\\u",
      "\\ud800\\u0041", "\\ud800\\udbff", "\\ud800\\ue000", "\\ud800\\ud800\\udc00", "\\udc00\\ud800", "\x1f", "\n",
      "\t",
      "\x80", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\"",
  };
  for (size_t at = 0; at < COUNT_OF(bad); at++) {
    char text[96];
    sesp_replies_t value;
    (void)snprintf(text, sizeof(text), DETAIL("%s"), bad[at]);
    check_report(DECODE(replies, text, &value) == SESP_CODEC_BAD_PAYLOAD, text, __FILE__, __LINE__);
  }
}

/** A reply whose detail is `count` times `character`. */
static sesp_codec_t with_detail(const char *character, size_t count) {
  char text[SESP_REPLIES_MAX_BYTES + 2u] = "{\"ok\":false,\"code\":\"busy\",\"detail\":\"";
  sesp_replies_t value;
  for (size_t at = 0; at < count; at++) {
    (void)strncat(text, character, sizeof(text) - strlen(text) - 1u);
  }
  (void)strncat(text, "\"}", sizeof(text) - strlen(text) - 1u);
  return DECODE(replies, text, &value);
}

static void strings_are_bounded_in_bytes_of_what_they_mean(void) {
  CHECK(with_detail("a", 128) == SESP_CODEC_OK);
  CHECK(with_detail("a", 129) == SESP_CODEC_TOO_LONG);
  CHECK(with_detail("\xc3\xa4", 64) == SESP_CODEC_OK);
  CHECK(with_detail("\xc3\xa4", 65) == SESP_CODEC_TOO_LONG);
  CHECK(with_detail("\xe2\x82\xac", 42) == SESP_CODEC_OK);
  CHECK(with_detail("\xe2\x82\xac", 43) == SESP_CODEC_TOO_LONG);
  CHECK(with_detail("\xf0\x9f\x98\x80", 32) == SESP_CODEC_OK);
  CHECK(with_detail("\xf0\x9f\x98\x80", 33) == SESP_CODEC_TOO_LONG);
  CHECK(with_detail("\\n", 100) == SESP_CODEC_OK);
}

static void the_size_of_a_payload_comes_first(void) {
  char text[SESP_REPLIES_MAX_BYTES + 2u];
  sesp_replies_t value;
  memset(text, ' ', sizeof(text));
  memcpy(text, "{\"ok\":true}", 11);
  CHECK(protocol_decode_replies((const uint8_t *)text, SESP_REPLIES_MAX_BYTES, &value) == SESP_CODEC_OK);
  CHECK(protocol_decode_replies((const uint8_t *)text, SESP_REPLIES_MAX_BYTES + 1u, &value) == SESP_CODEC_TOO_LONG);
  memset(text, '\xff', sizeof(text));
  CHECK(protocol_decode_replies((const uint8_t *)text, SESP_REPLIES_MAX_BYTES + 1u, &value) == SESP_CODEC_TOO_LONG);
  CHECK(sesp_replies_decode(NULL, 0, &value) == SESP_CODEC_BAD_PAYLOAD);
}

static void values_nest_as_deep_as_the_payload_and_no_deeper(void) {
  static const verdict_case_t flat[] = {
      {"{\"ok\":true,\"x\":{}}", SESP_CODEC_BAD_PAYLOAD},       {"{\"ok\":true,\"x\":[]}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":true,\"x\":[[[[[[[[", SESP_CODEC_BAD_PAYLOAD},  {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
      SESP_CODEC_BAD_PAYLOAD},
      {"{\"ok\":{\"ok\":true}}", SESP_CODEC_BAD_PAYLOAD},
  };
  decides_replies(flat, COUNT_OF(flat));
  static const verdict_case_t nested[] = {
      {NESTED("[]"), SESP_CODEC_OK},
      {NESTED("{}"), SESP_CODEC_OK},
      {NESTED("[ ]"), SESP_CODEC_OK},
      {NESTED("{ }"), SESP_CODEC_OK},
      {NESTED("[1,\"a\",null,true,false]"), SESP_CODEC_OK},
      {NESTED("[ 1 , 2 ] "), SESP_CODEC_OK},
      {NESTED("{\"seq\":\"x\",\"b\":2}"), SESP_CODEC_OK},
      {NESTED("{ \"a\" : 1 , \"b\" : 2 }"), SESP_CODEC_OK},
      {NESTED("[[]]"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("[{}]"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("{\"a\":[]}"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("{\"a\":{}}"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("["), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("[1,]"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("[,1]"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("[1 2]"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("[1}"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("{]"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("{\"a\":1]"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("{\"a\"}"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("{\"a\":1,}"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("{\"a\":1 \"b\":2}"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("{\"a\" 1}"), SESP_CODEC_BAD_PAYLOAD},
      {NESTED("[\"a\":1]"), SESP_CODEC_BAD_PAYLOAD},
  };
  decides_manifest(nested, COUNT_OF(nested));
}

void protocol_json_suite(void) {
  TEST(white_space_stands_between_tokens_only);
  TEST(broken_json_is_refused_wherever_it_breaks);
  TEST(unknown_members_are_read_over_but_must_be_json);
  TEST(of_a_duplicate_key_the_last_counts);
  TEST(an_integer_has_any_spelling_of_its_exact_value);
  TEST(every_escape_is_resolved);
  TEST(strings_are_bounded_in_bytes_of_what_they_mean);
  TEST(the_size_of_a_payload_comes_first);
  TEST(values_nest_as_deep_as_the_payload_and_no_deeper);
}
