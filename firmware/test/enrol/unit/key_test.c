/* SPDX-License-Identifier: MIT */
#include "enrol.h"
#include "suites.h"
#include "vectors.h"

static void a_key_is_written_as_openssl_writes_it(void) {
  sesp_enrol_key_t key;
  char pem[SESP_ENROL_KEY_PEM_SIZE];
  CHECK(sesp_enrol_key_read(VECTOR_KEY_SEC1, &key));
  CHECK(sesp_enrol_key_write(&key, pem, sizeof(pem)));
  CHECK_TEXT(pem, VECTOR_KEY_SEC1);
  CHECK(!sesp_enrol_key_write(&key, pem, strlen(VECTOR_KEY_SEC1)));
}

static void a_key_is_read_from_pkcs8(void) {
  sesp_enrol_key_t sec1;
  sesp_enrol_key_t pkcs8;
  CHECK(sesp_enrol_key_read(VECTOR_KEY_SEC1, &sec1));
  CHECK(sesp_enrol_key_read(VECTOR_KEY_PKCS8, &pkcs8));
  CHECK(memcmp(&sec1, &pkcs8, sizeof(sec1)) == 0);
}

static void damaged_keys_are_refused(void) {
  sesp_enrol_key_t key;
  uint8_t der[160];
  size_t len = 0;
  char pem[SESP_ENROL_KEY_PEM_SIZE];
  static const char *const labels[2] = {"EC PRIVATE KEY", "PRIVATE KEY"};
  static const char *const texts[2] = {VECTOR_KEY_SEC1, VECTOR_KEY_PKCS8};
  for (size_t form = 0; form < 2u; form++) {
    CHECK(sesp_pem_read(texts[form], labels[form], der, sizeof(der), &len));
    size_t accepted = 0;
    for (size_t at = 0; at < len; at++) {
      der[at] = (uint8_t)(der[at] ^ 0x20u);
      CHECK(sesp_pem_write(labels[form], der, len, pem, sizeof(pem)));
      accepted += sesp_enrol_key_read(pem, &key) ? 1u : 0u;
      der[at] = (uint8_t)(der[at] ^ 0x20u);
    }
    /* only in the private key, and in x and y, is a change no damage to the form */
    CHECK(accepted == 32u + 64u);
    for (size_t cut = 1; cut < len; cut++) {
      CHECK(sesp_pem_write(labels[form], der, cut, pem, sizeof(pem)) && !sesp_enrol_key_read(pem, &key));
    }
  }
  CHECK(!sesp_enrol_key_read("", &key));
  CHECK(!sesp_enrol_key_read(VECTOR_CERTIFICATE, &key));
}

static void what_is_forgotten_is_gone(void) {
  uint8_t secret[4] = {1, 2, 3, 4};
  sesp_enrol_forget(secret, 3);
  CHECK(secret[0] == 0u && secret[1] == 0u && secret[2] == 0u && secret[3] == 4u);
}

void key_suite(void) {
  TEST(a_key_is_written_as_openssl_writes_it);
  TEST(a_key_is_read_from_pkcs8);
  TEST(damaged_keys_are_refused);
  TEST(what_is_forgotten_is_gone);
}
