/* SPDX-License-Identifier: MIT */
#include "manifest.h"
#include "sesp_jws.h"
#include "suites.h"

static bool splits(const char *text) {
  uint8_t bytes[64];
  sesp_jws_t parts;
  memcpy(bytes, text, strlen(text));
  return sesp_jws_split(bytes, strlen(text), &parts);
}

static bool decodes(const char *text, const char *expected) {
  uint8_t out[64];
  size_t len = 0;
  return sesp_base64url_decode((const uint8_t *)text, strlen(text), out, sizeof(out), &len) &&
         len == strlen(expected) && memcmp(out, expected, len) == 0;
}

static void splits_exactly_three_parts(void) {
  uint8_t jws[] = "aa.bbb.c";
  sesp_jws_t parts;
  CHECK(sesp_jws_split(jws, 8, &parts));
  CHECK(parts.header_len == 2 && parts.payload_len == 3 && parts.signature_len == 1);
  CHECK(parts.signing_input_len == 6 && memcmp(parts.signing_input, "aa.bbb", 6) == 0);
  CHECK(memcmp(parts.payload, "bbb", 3) == 0 && parts.signature[0] == 'c');
  CHECK(!splits(""));
  CHECK(!splits("a"));
  CHECK(!splits("a.b"));
  CHECK(!splits(".b.c"));
  CHECK(!splits("a..c"));
  CHECK(!splits("a.b."));
  CHECK(!splits("a.b.c."));
  CHECK(!splits("a.b.c.d"));
  CHECK(!splits(".."));
}

static void decodes_canonical_base64url(void) {
  CHECK(decodes("", ""));
  CHECK(decodes("Zg", "f"));
  CHECK(decodes("Zm8", "fo"));
  CHECK(decodes("Zm9v", "foo"));
  CHECK(decodes("Zm9vYg", "foob"));
  CHECK(decodes("-_-_", "\xfb\xff\xbf"));
}

static void refuses_every_other_spelling(void) {
  CHECK(!decodes("Zg==", "f"));
  CHECK(!decodes("Zh", "f"));
  CHECK(!decodes("Zm9", "fo"));
  CHECK(!decodes("Zm9vY", "foo"));
  CHECK(!decodes("+/+/", "\xfb\xff\xbf"));
  CHECK(!decodes("Zm 8", "fo"));
  CHECK(!decodes("Zm9v\n", "foo"));
}

static void decodes_in_place_what_was_encoded(void) {
  uint8_t plain[100];
  uint8_t text[200];
  for (size_t at = 0; at < sizeof(plain); at++) {
    plain[at] = (uint8_t)(at * 37u);
  }
  for (size_t len = 0; len <= sizeof(plain); len++) {
    size_t decoded = 0;
    const size_t encoded = base64url(plain, len, text);
    CHECK(sesp_base64url_decode(text, encoded, text, encoded, &decoded));
    CHECK(decoded == len && memcmp(text, plain, len) == 0);
  }
}

static void respects_the_capacity(void) {
  uint8_t out[4];
  size_t len = 0;
  CHECK(sesp_base64url_decode((const uint8_t *)"Zm9vYg", 6, out, 4, &len) && len == 4);
  CHECK(!sesp_base64url_decode((const uint8_t *)"Zm9vYmE", 7, out, 4, &len));
}

void jws_suite(void) {
  TEST(splits_exactly_three_parts);
  TEST(decodes_canonical_base64url);
  TEST(refuses_every_other_spelling);
  TEST(decodes_in_place_what_was_encoded);
  TEST(respects_the_capacity);
}
