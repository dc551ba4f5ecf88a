/* SPDX-License-Identifier: MIT */
/*
 * Release keys: P-256, SubjectPublicKeyInfo in the provisioning partition. `kid` is SHA-256 over those bytes, so the key
 * is found by its hash before anything is verified with it.
 */
#include <string.h>

#include "esp_log.h"
#include "psa/crypto.h"
#include "sesp_idf.h"

#define KID_BYTES (32u)
#define POINT_BYTES (65u)
#define SIGNATURE_BYTES (64u)

/** Everything of the SubjectPublicKeyInfo of a P-256 key before the point (RFC 5480, 2.1.1.1). */
static const uint8_t SPKI_HEAD[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
                                    0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
_Static_assert(sizeof(SPKI_HEAD) + POINT_BYTES <= SESP_IDF_SPKI_MAX_BYTES, "a P-256 key fits");

static char s_kids[SESP_IDF_RELEASE_KEYS][KID_BYTES * 2u + 1u];
static psa_key_id_t s_keys[SESP_IDF_RELEASE_KEYS];

static void to_hex(const uint8_t *bytes, char *out) {
  static const char DIGITS[] = "0123456789abcdef";
  for (size_t at = 0; at < KID_BYTES; at++) {
    out[at * 2u] = DIGITS[bytes[at] / 16u];
    out[at * 2u + 1u] = DIGITS[bytes[at] % 16u];
  }
  out[KID_BYTES * 2u] = '\0';
}

static esp_err_t import(size_t at) {
  const uint8_t *const spki = sesp_idf_identity()->release_keys[at].spki;
  const size_t len = sesp_idf_identity()->release_keys[at].len;
  uint8_t kid[KID_BYTES];
  size_t size = 0;
  if (len != sizeof(SPKI_HEAD) + POINT_BYTES || memcmp(spki, SPKI_HEAD, sizeof(SPKI_HEAD)) != 0) {
    ESP_LOGE(SESP_IDF_TAG, "release key %u is not a P-256 public key", (unsigned)at + 1u);
    return ESP_ERR_NOT_SUPPORTED;
  }
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1));
  psa_set_key_bits(&attributes, 256);
  psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_HASH);
  psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
  if (psa_import_key(&attributes, spki + sizeof(SPKI_HEAD), POINT_BYTES, &s_keys[at]) != PSA_SUCCESS ||
      psa_hash_compute(PSA_ALG_SHA_256, spki, len, kid, sizeof(kid), &size) != PSA_SUCCESS) {
    ESP_LOGE(SESP_IDF_TAG, "release key %u is no point of its curve", (unsigned)at + 1u);
    return ESP_FAIL;
  }
  to_hex(kid, s_kids[at]);
  return ESP_OK;
}

esp_err_t sesp_idf_release_keys_init(void) {
  for (size_t at = 0; at < SESP_IDF_RELEASE_KEYS; at++) {
    s_kids[at][0] = '\0';
    if (sesp_idf_identity()->release_keys[at].len > 0u) {
      const esp_err_t error = import(at);
      if (error != ESP_OK) {
        return error;
      }
    }
  }
  return ESP_OK;
}

sesp_es256_t sesp_idf_verify_es256(const char *kid_hex, const uint8_t *data, size_t len, const uint8_t *sig) {
  uint8_t hash[KID_BYTES];
  size_t size = 0;
  for (size_t at = 0; at < SESP_IDF_RELEASE_KEYS; at++) {
    if (s_kids[at][0] == '\0' || strcmp(s_kids[at], kid_hex) != 0) {
      continue;
    }
    if (psa_hash_compute(PSA_ALG_SHA_256, data, len, hash, sizeof(hash), &size) != PSA_SUCCESS) {
      return SESP_ES256_BAD;
    }
    return psa_verify_hash(s_keys[at], PSA_ALG_ECDSA(PSA_ALG_SHA_256), hash, sizeof(hash), sig, SIGNATURE_BYTES) ==
                   PSA_SUCCESS
               ? SESP_ES256_OK
               : SESP_ES256_BAD;
  }
  return SESP_ES256_UNKNOWN_KEY;
}
