/* SPDX-License-Identifier: MIT */
#include "enrol.h"
#include "suites.h"
#include "vectors.h"

typedef struct {
  uint8_t message[256];
  size_t len;
  uint8_t signature[SESP_ENROL_SIGNATURE_BYTES];
  bool fails;
} signer_t;

static bool sign(void *ctx, const sesp_enrol_key_t *key, const uint8_t *message, size_t len,
                 uint8_t signature[SESP_ENROL_SIGNATURE_BYTES]) {
  signer_t *signer = ctx;
  (void)key;
  CHECK(len <= sizeof(signer->message));
  memcpy(signer->message, message, len);
  signer->len = len;
  memcpy(signature, signer->signature, SESP_ENROL_SIGNATURE_BYTES);
  return !signer->fails;
}

static sesp_enrol_key_t a_key(void) {
  sesp_enrol_key_t key;
  CHECK(sesp_enrol_key_read(VECTOR_KEY_SEC1, &key));
  return key;
}

static void a_request_has_name_key_and_signature(void) {
  const sesp_enrol_key_t key = a_key();
  signer_t signer = {.len = 0};
  memset(signer.signature, 0x81, sizeof(signer.signature));
  uint8_t der[SESP_ENROL_CSR_MAX];
  const size_t len = sesp_enrol_csr("esp-007", &key, sign, &signer, der, sizeof(der));
  sesp_slice_t rest = {der, len};
  sesp_slice_t whole;
  sesp_slice_t info;
  sesp_slice_t element;
  sesp_slice_t content;
  uint8_t tag = 0;
  CHECK(sesp_der_take(&rest, 0x30, &whole) && rest.len == 0u);
  CHECK(sesp_der_take_any(&whole, &tag, &element, &info) && tag == 0x30u);
  CHECK(element.len == signer.len && memcmp(element.data, signer.message, signer.len) == 0);
  CHECK(sesp_der_take(&info, 0x02, &content) && content.len == 1u && content.data[0] == 0u);
  CHECK(sesp_der_take(&info, 0x30, &content) && content.len == 18u);
  CHECK(memcmp(content.data + 11, "esp-007", 7) == 0);
  uint8_t spki[SESP_ENROL_SPKI_BYTES];
  sesp_enrol_spki(key.public_key, spki);
  CHECK(sesp_der_take_any(&info, &tag, &element, &content) && element.len == sizeof(spki));
  CHECK(memcmp(element.data, spki, sizeof(spki)) == 0);
  CHECK(sesp_der_take(&info, 0xA0, &content) && content.len == 0u && info.len == 0u);
  CHECK(sesp_der_take(&whole, 0x30, &content) && content.len == 10u);
  /* r and s have their highest bit set: 33 bytes each */
  CHECK(sesp_der_take(&whole, 0x03, &content) && content.len == 1u + 2u + 2u * 35u && whole.len == 0u);
}

static void the_largest_request_fits_and_smaller_buffers_do_not(void) {
  const sesp_enrol_key_t key = a_key();
  signer_t signer = {.len = 0};
  memset(signer.signature, 0xFF, sizeof(signer.signature));
  static const char id[] = "0123456789012345678901234567890123456789012345678901234567890123";
  uint8_t der[SESP_ENROL_CSR_MAX];
  const size_t len = sesp_enrol_csr(id, &key, sign, &signer, der, sizeof(der));
  CHECK(len > 0u && len <= SESP_ENROL_CSR_MAX);
  for (size_t capacity = 0; capacity < len; capacity++) {
    CHECK(sesp_enrol_csr(id, &key, sign, &signer, der, capacity) == 0u);
  }
  CHECK(sesp_enrol_csr(id, &key, sign, &signer, der, len) == len);
}

static void a_signature_that_is_none_makes_no_request(void) {
  const sesp_enrol_key_t key = a_key();
  signer_t signer = {.len = 0};
  uint8_t der[SESP_ENROL_CSR_MAX];
  CHECK(sesp_enrol_csr("a", &key, sign, &signer, der, sizeof(der)) == 0u); /* r = s = 0 */
  signer.signature[31] = 1;
  CHECK(sesp_enrol_csr("a", &key, sign, &signer, der, sizeof(der)) == 0u); /* s = 0 */
  signer.signature[63] = 1;
  CHECK(sesp_enrol_csr("a", &key, sign, &signer, der, sizeof(der)) > 0u);
  signer.fails = true;
  CHECK(sesp_enrol_csr("a", &key, sign, &signer, der, sizeof(der)) == 0u);
}

static void device_ids_are_those_of_the_authority(void) {
  static const char *const good[] = {"a", "esp-007", "ESP_7",
                                     "0123456789012345678901234567890123456789012345678901234567890123"};
  static const char *const bad[] = {"",    "a b", "a/b", "a+", "#", "a.b", "a:b", "\xC3\xA4",
                                    "01234567890123456789012345678901234567890123456789012345678901234"};
  for (size_t at = 0; at < sizeof(good) / sizeof(good[0]); at++) {
    check_report(sesp_enrol_is_device_id(good[at]), good[at], __FILE__, __LINE__);
  }
  for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++) {
    check_report(!sesp_enrol_is_device_id(bad[at]), bad[at], __FILE__, __LINE__);
  }
}

static void addresses_are_as_the_servers_are(void) {
  static const char *const cases[][2] = {
      {"https://est.example:8443", "https://est.example:8443/.well-known/est/simpleenroll"},
      {"https://est.example/", "https://est.example/.well-known/est/simpleenroll"},
      {"https://est.example///", "https://est.example/.well-known/est/simpleenroll"},
      {"https://[::1]:8443", "https://[::1]:8443/.well-known/est/simpleenroll"},
      {"https://est.example/a/b", "https://est.example/a/b/simpleenroll"},
      {"https://est.example/a/b//", "https://est.example/a/b/simpleenroll"},
  };
  char url[SESP_ENROL_URL_MAX + 64u];
  for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
    CHECK(sesp_enrol_target(cases[at][0], "simpleenroll", url, sizeof(url)));
    CHECK_TEXT(url, cases[at][1]);
    const size_t needed = strlen(cases[at][1]) + 1u;
    CHECK(sesp_enrol_target(cases[at][0], "simpleenroll", url, needed));
    CHECK(!sesp_enrol_target(cases[at][0], "simpleenroll", url, needed - 1u));
    CHECK(!sesp_enrol_target(cases[at][0], "simpleenroll", url, 0));
  }
  static const char *const bad[] = {"",
                                    "http://a",
                                    "HTTPS//a",
                                    "https://",
                                    "https:///a",
                                    "https://:1",
                                    "https://user@a",
                                    "https://a?b",
                                    "https://a#b",
                                    "https://a b",
                                    "https://a\r\nX: y",
                                    "https://\xC3\xA4"};
  for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++) {
    check_report(!sesp_enrol_target(bad[at], "simpleenroll", url, sizeof(url)), bad[at], __FILE__, __LINE__);
  }
  char longest[SESP_ENROL_URL_MAX + 2u];
  memset(longest, 'a', sizeof(longest));
  memcpy(longest, "https://", 8);
  longest[SESP_ENROL_URL_MAX + 1u] = '\0';
  CHECK(!sesp_enrol_is_url(longest));
  longest[SESP_ENROL_URL_MAX] = '\0';
  CHECK(sesp_enrol_is_url(longest) && sesp_enrol_target(longest, "simplereenroll", url, sizeof(url)));
}

static void a_claim_is_shown_as_rfc_7617_says(void) {
  char text[300];
  CHECK(sesp_enrol_authorization("Aladdin", "open-sesame", text, sizeof(text)));
  CHECK_TEXT(text, "Basic QWxhZGRpbjpvcGVuLXNlc2FtZQ==");
  CHECK(!sesp_enrol_authorization("Aladdin", "open-sesame", text, strlen(text)));
  CHECK(!sesp_enrol_authorization("Aladdin", "open-sesame", text, 0));
  CHECK(!sesp_enrol_authorization("Aladdin", "", text, sizeof(text)));
  CHECK(!sesp_enrol_authorization("Aladdin", "open sesame", text, sizeof(text)));
  CHECK(!sesp_enrol_authorization("Alad:din", "open-sesame", text, sizeof(text)));
  char claim[SESP_ENROL_CLAIM_MAX + 2u];
  memset(claim, 'c', sizeof(claim));
  claim[SESP_ENROL_CLAIM_MAX + 1u] = '\0';
  CHECK(!sesp_enrol_authorization("a", claim, text, sizeof(text)));
  claim[SESP_ENROL_CLAIM_MAX] = '\0';
  static const char id[] = "0123456789012345678901234567890123456789012345678901234567890123";
  CHECK(sesp_enrol_authorization(id, claim, text, sizeof(text)));
}

void request_suite(void) {
  TEST(a_request_has_name_key_and_signature);
  TEST(the_largest_request_fits_and_smaller_buffers_do_not);
  TEST(a_signature_that_is_none_makes_no_request);
  TEST(device_ids_are_those_of_the_authority);
  TEST(addresses_are_as_the_servers_are);
  TEST(a_claim_is_shown_as_rfc_7617_says);
}
