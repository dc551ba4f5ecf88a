/* SPDX-License-Identifier: MIT */
/* Bounds of the small pure parts: texts, records, versions, base64url, image headers. */
#include "sesp_blob.h"
#include "sesp_image_header.h"
#include "sesp_jws.h"
#include "sesp_text.h"
#include "sesp_version.h"
#include "suites.h"

static sesp_blob_t blob;

static void replaces_what_is_not_printable(void) {
  char out[8];
  sesp_text_printable(out, sizeof(out), "a\x7f\n~ ");
  CHECK_TEXT(out, "a??~ ");
}

static void cuts_a_copy_at_the_end_of_its_buffer(void) {
  char out[4];
  sesp_text_copy(out, sizeof(out), "abcdef", 6);
  CHECK_TEXT(out, "abc");
  sesp_text_copy(out, sizeof(out), "abcdef", 2);
  CHECK_TEXT(out, "ab");
}

static void compares_texts_up_to_a_length(void) {
  CHECK(sesp_text_same("abc", "abc", 4));
  CHECK(!sesp_text_same("abc", "abd", 4));
  CHECK(!sesp_text_same("abc", "ab", 3));
  CHECK(sesp_text_same("abc", "abd", 2));
}

static void takes_nothing_into_a_record_that_is_full(void) {
  uint8_t bytes[SESP_BLOB_MAX_BYTES];
  memset(bytes, 7, sizeof(bytes));
  sesp_blob_begin(&blob);
  sesp_blob_put_bytes(&blob, bytes, sizeof(bytes));
  CHECK(!blob.ok && blob.len == 1);
  sesp_blob_put_u8(&blob, 1);
  CHECK(!blob.ok && blob.len == 1);
}

/** Reads a text of at most 4 bytes from a record that holds only it. */
static bool reads(const char *text, size_t stated, char *out) {
  sesp_blob_begin(&blob);
  sesp_blob_put_u8(&blob, (uint8_t)stated);
  sesp_blob_put_bytes(&blob, (const uint8_t *)text, strlen(text));
  sesp_blob_rewind(&blob);
  sesp_blob_get_text(&blob, out, 4);
  return sesp_blob_end(&blob);
}

static void refuses_texts_that_no_event_may_hold(void) {
  char out[5];
  CHECK(reads("abcd", 4, out));
  CHECK_TEXT(out, "abcd");
  CHECK(!reads("abcde", 5, out) && out[0] == '\0');
  CHECK(!reads("a\nb", 3, out) && out[0] == '\0');
  CHECK(!reads("a\x7f", 2, out) && out[0] == '\0');
  CHECK(!reads("", 3, out) && out[0] == '\0');
}

static void reads_no_text_after_a_fault(void) {
  char out[5];
  sesp_blob_begin(&blob);
  sesp_blob_rewind(&blob);
  sesp_blob_get_text(&blob, out, 4);
  CHECK(!sesp_blob_end(&blob) && out[0] == '\0');
}

static bool parses(const char *text) {
  sesp_version_t version;
  return sesp_version_parse(text, strlen(text), &version);
}

static uint32_t commits(const char *text) {
  sesp_version_t version;
  return sesp_version_parse(text, strlen(text), &version) ? version.commits : 0u;
}

static void tells_descriptions_of_git_from_pre_releases(void) {
  CHECK(commits("1.0-5-gabcd") == 5 && commits("1.0-5-gabcd-dirty") == 5);
  CHECK(parses("1.0-5-gabc") && commits("1.0-5-gabc") == 0);
  CHECK(parses("1.0-5-gxyzw") && commits("1.0-5-gxyzw") == 0);
  CHECK(parses("1.0-5-gabcd-dirtx") && commits("1.0-5-gabcd-dirtx") == 0);
  CHECK(parses("1.0-5-gabcd-xyz") && commits("1.0-5-gabcd-xyz") == 0);
  CHECK(parses("1.0-5-habcd") && commits("1.0-5-habcd") == 0);
  CHECK(parses("1.0-5.0-gabcd") && commits("1.0-5.0-gabcd") == 0);
  CHECK(parses("1.0-5a") && commits("1.0-5a") == 0);
  CHECK(!parses("1-5-g00000000000000000000000000000000000000000")); /* too long for a version in all */
  CHECK(!parses("1.0-a_b") && !parses("1.0-a{b") && !parses("1.0-a[b") && !parses("1.0-a@b"));
}

static void refuses_a_hash_that_is_too_long_even_where_a_version_may_be_longer(void) {
  CHECK(parses("1-5-g0123456789abcdef0123456789"));
  CHECK(commits("1-5-g0123456789abcdef0123456789") == 5);
}

static void refuses_missing_version_arguments(void) {
  sesp_version_t version;
  CHECK(!sesp_version_parse(NULL, 1, &version));
  CHECK(!sesp_version_parse("1", 1, NULL));
}

static void refuses_bytes_between_the_digits_of_base64url(void) {
  static const char *const bad[] = {"AA{A", "AA[A", "AA@A", "AA/A", "AA:A", "AA+A", "AA=="};
  uint8_t out[8];
  size_t len = 0;
  for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++) {
    CHECK(!sesp_base64url_decode((const uint8_t *)bad[at], 4, out, sizeof(out), &len));
  }
}

static void refuses_missing_image_header_arguments(void) {
  uint8_t bytes[SESP_IMAGE_HEADER_BYTES] = {0xE9};
  sesp_image_header_t header;
  CHECK(!sesp_image_header_parse(NULL, sizeof(bytes), &header));
  CHECK(!sesp_image_header_parse(bytes, sizeof(bytes), NULL));
  CHECK(!sesp_image_header_parse(bytes, sizeof(bytes) - 1u, &header));
}

void text_edges_suite(void) {
  TEST(replaces_what_is_not_printable);
  TEST(cuts_a_copy_at_the_end_of_its_buffer);
  TEST(compares_texts_up_to_a_length);
  TEST(takes_nothing_into_a_record_that_is_full);
  TEST(refuses_texts_that_no_event_may_hold);
  TEST(reads_no_text_after_a_fault);
  TEST(tells_descriptions_of_git_from_pre_releases);
  TEST(refuses_a_hash_that_is_too_long_even_where_a_version_may_be_longer);
  TEST(refuses_missing_version_arguments);
  TEST(refuses_bytes_between_the_digits_of_base64url);
  TEST(refuses_missing_image_header_arguments);
}
