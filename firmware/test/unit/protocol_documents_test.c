/* SPDX-License-Identifier: MIT */
/* The release manifest and its header: literals, formats, and an optional array. */
#include "protocol.h"
#include "suites.h"

DEFINE_DECODE(manifest)
DEFINE_VERDICTS(manifest)
DEFINE_DECODE(manifest_header)
DEFINE_VERDICTS(manifest_header)
DEFINE_ROUND_TRIP(manifest)
DEFINE_ROUND_TRIP(manifest_header)
DEFINE_ENCODE(manifest)
DEFINE_ENCODE(manifest_header)

#define FROM(items) MANIFEST_JSON(",\"from\":[" items "]")
#define BYTES_32 "0123456789abcdef0123456789abcdef"

static void a_literal_must_be_itself(void) {
  sesp_manifest_header_t value;
  CHECK(DECODE(manifest_header, "{\"alg\":\"ES256\",\"kid\":\"" HEX_64 "\"}", &value) == SESP_CODEC_OK);
  CHECK_TEXT(value.kid, HEX_64);
  static const verdict_case_t cases[] = {
      {"{\"kid\":\"" HEX_64 "\",\"alg\":\"\\u0045S256\"}", SESP_CODEC_OK},
      {"{\"kid\":\"" HEX_64 "\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"alg\":\"ES256\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"alg\":\"none\",\"kid\":\"" HEX_64 "\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"alg\":\"es256\",\"kid\":\"" HEX_64 "\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"alg\":\"ES2567\",\"kid\":\"" HEX_64 "\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"alg\":\"ES25\",\"kid\":\"" HEX_64 "\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"alg\":null,\"kid\":\"" HEX_64 "\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"alg\":256,\"kid\":\"" HEX_64 "\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"alg\":\"ES256\",\"kid\":\"\"}", SESP_CODEC_BAD_PAYLOAD},
      {"{\"alg\":\"ES256\",\"kid\":\"" HEX_64 "0\"}", SESP_CODEC_TOO_LONG},
  };
  decides_manifest_header(cases, COUNT_OF(cases));
  round_trips_manifest_header("{\"alg\":\"ES256\",\"kid\":\"" HEX_64 "\"}");
  value.kid[0] = 'X';
  CHECK(encodes_manifest_header(&value) == SESP_CODEC_BAD_VALUE);
}

static void a_manifest_has_every_member(void) {
  sesp_manifest_t value;
  CHECK(DECODE(manifest, MANIFEST_JSON(""), &value) == SESP_CODEC_OK);
  CHECK(value.seq == 7u && value.exp == 1900000000u && value.secure_version == 0u && value.size == UINT32_MAX);
  CHECK_TEXT(value.project, "secure_esp");
  CHECK_TEXT(value.chip, "esp32c3");
  CHECK_TEXT(value.version, "1.2.3");
  CHECK_TEXT(value.sha256, HEX_64);
  CHECK_TEXT(value.image, HEX_64);
  CHECK_TEXT(value.url, "https://ota.example:8070/a.bin");
  CHECK(!value.has_from && value.from_count == 0u);
  static const char *const members[] = {"\"seq\"", "\"exp\"", "\"project\"", "\"chip\"", "\"version\"",
      "\"secureVersion\"",
                                        "\"size\"", "\"sha256\"", "\"image\"", "\"url\""};
  for (size_t at = 0; at < COUNT_OF(members); at++) {
    char text[] = MANIFEST_JSON("");
    strstr(text, members[at])[1] = '_'; /* another name */
    check_report(DECODE(manifest, text, &value) == SESP_CODEC_BAD_PAYLOAD, members[at], __FILE__, __LINE__);
  }
}

static void later_members_win_over_earlier_ones(void) {
  static const verdict_case_t cases[] = {
      {MANIFEST_JSON(",\"seq\":-1"), SESP_CODEC_OUT_OF_RANGE},
      {MANIFEST_JSON(",\"exp\":4294967296"), SESP_CODEC_OUT_OF_RANGE},
      {MANIFEST_JSON(",\"project\":\"" BYTES_32 "0\""), SESP_CODEC_TOO_LONG},
      {MANIFEST_JSON(",\"chip\":\"a.b\""), SESP_CODEC_BAD_PAYLOAD},
      {MANIFEST_JSON(",\"version\":\"\""), SESP_CODEC_BAD_PAYLOAD},
      {MANIFEST_JSON(",\"secureVersion\":1e10"), SESP_CODEC_OUT_OF_RANGE},
      {MANIFEST_JSON(",\"size\":null"), SESP_CODEC_BAD_PAYLOAD},
      {MANIFEST_JSON(",\"sha256\":\"" BYTES_32 "\""), SESP_CODEC_BAD_PAYLOAD},
      {MANIFEST_JSON(",\"image\":\"" BYTES_32 "0123456789ABCDEF0123456789ABCDEF\""), SESP_CODEC_BAD_PAYLOAD},
      {MANIFEST_JSON(",\"url\":\"ftp://a\""), SESP_CODEC_BAD_PAYLOAD},
      {MANIFEST_JSON(",\"from\":null"), SESP_CODEC_BAD_PAYLOAD},
      {MANIFEST_JSON(",\"from\":{}"), SESP_CODEC_BAD_PAYLOAD},
      {MANIFEST_JSON(",\"from\":\"1\""), SESP_CODEC_BAD_PAYLOAD},
      {MANIFEST_JSON(",\"from\":1,\"from\":[]"), SESP_CODEC_OK},
  };
  decides_manifest(cases, COUNT_OF(cases));
}

static void an_array_is_bounded(void) {
  sesp_manifest_t value;
  CHECK(DECODE(manifest, FROM(""), &value) == SESP_CODEC_OK && value.has_from && value.from_count == 0u);
  CHECK(DECODE(manifest, FROM(" \"1\" , \"2\\u0041\" "), &value) == SESP_CODEC_OK && value.from_count == 2u);
  CHECK_TEXT(value.from[0], "1");
  CHECK_TEXT(value.from[1], "2A");
  CHECK(value.from[2][0] == '\0');
  CHECK(DECODE(manifest, FROM("\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"" BYTES_32 "\""), &value) == SESP_CODEC_OK);
  CHECK(value.from_count == SESP_MANIFEST_FROM_MAX_ITEMS);
  CHECK_TEXT(value.from[7], BYTES_32);
  static const verdict_case_t cases[] = {
      {FROM("\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\""), SESP_CODEC_OUT_OF_RANGE},
      {FROM("\"\""), SESP_CODEC_BAD_PAYLOAD},
      {FROM("\"1\",\"\""), SESP_CODEC_BAD_PAYLOAD},
      {FROM("1"), SESP_CODEC_BAD_PAYLOAD},
      {FROM("null"), SESP_CODEC_BAD_PAYLOAD},
      {FROM("\"" BYTES_32 "0\""), SESP_CODEC_TOO_LONG},
      {FROM("\"1\","), SESP_CODEC_BAD_PAYLOAD},
  };
  decides_manifest(cases, COUNT_OF(cases));
}

static void a_manifest_survives_a_round_trip(void) {
  round_trips_manifest(MANIFEST_JSON(""));
  round_trips_manifest(FROM(""));
  round_trips_manifest(FROM("\"1.2.3\",\"\\n\",\"" BYTES_32 "\""));
}

static void a_manifest_outside_the_contract_is_not_encoded(void) {
  sesp_manifest_t good;
  CHECK(DECODE(manifest, FROM("\"1\",\"2\""), &good) == SESP_CODEC_OK);
  CHECK(encodes_manifest(&good) == SESP_CODEC_OK);
  sesp_manifest_t value = good;
  value.from_count = SESP_MANIFEST_FROM_MAX_ITEMS + 1u;
  CHECK(encodes_manifest(&value) == SESP_CODEC_BAD_VALUE);
  value.from_count = SIZE_MAX;
  CHECK(encodes_manifest(&value) == SESP_CODEC_BAD_VALUE);
  value.has_from = false; /* what is absent is not looked at */
  CHECK(encodes_manifest(&value) == SESP_CODEC_OK);
  value = good;
  value.from[1][0] = '\0';
  CHECK(encodes_manifest(&value) == SESP_CODEC_BAD_VALUE);
  value.from_count = 1;
  CHECK(encodes_manifest(&value) == SESP_CODEC_OK);
  value = good;
  memset(value.from[1], 'a', sizeof(value.from[1])); /* no terminator */
  CHECK(encodes_manifest(&value) == SESP_CODEC_BAD_VALUE);
  value = good;
  value.version[0] = '\0';
  CHECK(encodes_manifest(&value) == SESP_CODEC_BAD_VALUE);
  value = good;
  value.url[0] = 'x';
  CHECK(encodes_manifest(&value) == SESP_CODEC_BAD_VALUE);
}

void protocol_documents_suite(void) {
  TEST(a_literal_must_be_itself);
  TEST(a_manifest_has_every_member);
  TEST(later_members_win_over_earlier_ones);
  TEST(an_array_is_bounded);
  TEST(a_manifest_survives_a_round_trip);
  TEST(a_manifest_outside_the_contract_is_not_encoded);
}
