/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "enrol.h"
#include "suites.h"

static void the_vectors_of_rfc_4648(void) {
  static const char *const cases[][2] = {{"f", "Zg=="},         {"fo", "Zm8="},         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},  {"fooba", "Zm9vYmE="},  {"foobar", "Zm9vYmFy"}};
  for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
    char text[16];
    uint8_t bytes[16];
    size_t len = 0;
    CHECK(sesp_base64_encode((const uint8_t *)cases[at][0], strlen(cases[at][0]), text, sizeof(text)));
    CHECK_TEXT(text, cases[at][1]);
    CHECK(sesp_base64_decode(cases[at][1], strlen(cases[at][1]), bytes, sizeof(bytes), &len));
    CHECK(len == strlen(cases[at][0]) && memcmp(bytes, cases[at][0], len) == 0);
  }
}

static void other_texts_are_refused(void) {
  static const char *const cases[] = {
      "",     " \n", "Z",    "Zg",    "Zg=",     "Zg===",    "Zh==",     "Zm9=",  "====", "=Zg=", "Z===", "Zg==Zg==",
      "Zg==Z", "Zg=a", "Zm-v", "Zm_v", "Zm9v!", "Zm9v\x80", "Zm9vYmFyZ", "Z=g=",
  };
  for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
    uint8_t bytes[16];
    size_t len = 0;
    check_report(!sesp_base64_decode(cases[at], strlen(cases[at]), bytes, sizeof(bytes), &len), cases[at], __FILE__,
                 __LINE__);
  }
  uint8_t bytes[4];
  size_t len = 0;
  CHECK(!sesp_base64_decode("Zm\0v", 4, bytes, sizeof(bytes), &len));
}

static void white_space_may_be_anywhere(void) {
  uint8_t bytes[6];
  size_t len = 0;
  static const char text[] = " Z m\t9\r\nvYm\nE =\n\n";
  CHECK(sesp_base64_decode(text, sizeof(text) - 1u, bytes, sizeof(bytes), &len));
  CHECK(len == 5u && memcmp(bytes, "fooba", 5) == 0);
}

static void every_length_comes_back_and_nothing_is_written_behind(void) {
  uint32_t state = 1;
  for (size_t len = 1; len < 200u; len++) {
    const size_t text_size = (len + 2u) / 3u * 4u + 1u;
    uint8_t *bytes = malloc(len);
    char *text = malloc(text_size);
    if (bytes == NULL || text == NULL) {
      abort();
    }
    for (size_t at = 0; at < len; at++) {
      state = state * 1664525u + 1013904223u;
      bytes[at] = (uint8_t)(state / 16777216u);
    }
    CHECK(!sesp_base64_encode(bytes, len, text, text_size - 1u));
    CHECK(sesp_base64_encode(bytes, len, text, text_size));
    CHECK(strlen(text) == text_size - 1u);
    size_t decoded = 0;
    uint8_t *out = malloc(len);
    if (out == NULL) {
      abort();
    }
    CHECK(sesp_base64_decode(text, text_size - 1u, out, len, &decoded));
    CHECK(decoded == len && memcmp(out, bytes, len) == 0);
    CHECK(!sesp_base64_decode(text, text_size - 1u, out, len - 1u, &decoded));
    /* in place */
    CHECK(sesp_base64_decode(text, text_size - 1u, (uint8_t *)text, text_size, &decoded));
    CHECK(decoded == len && memcmp(text, bytes, len) == 0);
    free(out);
    free(text);
    free(bytes);
  }
}

static void pem_is_written_and_read(void) {
  uint8_t der[100];
  for (size_t at = 0; at < sizeof(der); at++) {
    der[at] = (uint8_t)at;
  }
  char text[256];
  CHECK(sesp_pem_write("CERTIFICATE", der, sizeof(der), text, sizeof(text)));
  CHECK(strncmp(text, "-----BEGIN CERTIFICATE-----\nAAECAwQF", 36) == 0);
  CHECK(strchr(text + 28, '\n') == text + 28 + 64);
  uint8_t out[100];
  size_t len = 0;
  CHECK(sesp_pem_read(text, "CERTIFICATE", out, sizeof(out), &len) && len == sizeof(der));
  CHECK(memcmp(out, der, len) == 0);
  CHECK(!sesp_pem_read(text, "CERTIFICATE", out, sizeof(out) - 1u, &len));
  CHECK(!sesp_pem_read(text, "PRIVATE KEY", out, sizeof(out), &len));
  CHECK(!sesp_pem_read("", "CERTIFICATE", out, sizeof(out), &len));
  CHECK(!sesp_pem_read("-----BEGIN CERTIFICATE-----", "CERTIFICATE", out, sizeof(out), &len));
  CHECK(!sesp_pem_read("-----BEGIN CERTIFICATE-----\nAAEC\n", "CERTIFICATE", out, sizeof(out), &len));
  static const char long_label[] = "A LABEL OF MORE CHARACTERS THAN ANY LABEL HAS OR WILL EVER HAVE";
  CHECK(!sesp_pem_read(text, long_label, out, sizeof(out), &len));
  const size_t needed = strlen(text) + 1u;
  for (size_t capacity = 0; capacity < needed; capacity++) {
    CHECK(!sesp_pem_write("CERTIFICATE", der, sizeof(der), text, capacity));
  }
  CHECK(sesp_pem_write("CERTIFICATE", der, sizeof(der), text, needed));
}

void base64_suite(void) {
  TEST(the_vectors_of_rfc_4648);
  TEST(other_texts_are_refused);
  TEST(white_space_may_be_anywhere);
  TEST(every_length_comes_back_and_nothing_is_written_behind);
  TEST(pem_is_written_and_read);
}
