/* SPDX-License-Identifier: MIT */
#include <psa/crypto.h>
#include <string.h>

#include "enrol.h"

#define P256_BITS (256u)

static psa_key_attributes_t attributes_for(psa_key_usage_t usage) {
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
  psa_set_key_bits(&attributes, P256_BITS);
  psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
  psa_set_key_usage_flags(&attributes, usage);
  return attributes;
}

bool sesp_enrol_psa_make_key(void *ctx, sesp_enrol_key_t *key) {
  (void)ctx;
  const psa_key_attributes_t attributes = attributes_for(PSA_KEY_USAGE_EXPORT | PSA_KEY_USAGE_SIGN_HASH);
  psa_key_id_t id = 0;
  if (psa_crypto_init() != PSA_SUCCESS || psa_generate_key(&attributes, &id) != PSA_SUCCESS) {
    return false;
  }
  size_t private_len = 0;
  size_t public_len = 0;
  const bool exported =
      psa_export_key(id, key->private_key, sizeof(key->private_key), &private_len) == PSA_SUCCESS &&
      psa_export_public_key(id, key->public_key, sizeof(key->public_key), &public_len) == PSA_SUCCESS;
  const bool destroyed = psa_destroy_key(id) == PSA_SUCCESS;
  return exported && destroyed && private_len == sizeof(key->private_key) && public_len == sizeof(key->public_key);
}

static bool hash_and_sign(psa_key_id_t id, const uint8_t *message, size_t len, uint8_t *signature) {
  uint8_t hash[32];
  size_t hash_len = 0;
  size_t signature_len = 0;
  return psa_hash_compute(PSA_ALG_SHA_256, message, len, hash, sizeof(hash), &hash_len) == PSA_SUCCESS &&
         psa_sign_hash(id, PSA_ALG_ECDSA(PSA_ALG_SHA_256), hash, hash_len, signature, SESP_ENROL_SIGNATURE_BYTES,
                       &signature_len) == PSA_SUCCESS &&
         signature_len == SESP_ENROL_SIGNATURE_BYTES;
}

/** That the public key is that of the private one is checked: what is sent must fit what is kept. */
bool sesp_enrol_psa_sign(void *ctx, const sesp_enrol_key_t *key, const uint8_t *message, size_t len,
                         uint8_t signature[SESP_ENROL_SIGNATURE_BYTES]) {
  (void)ctx;
  const psa_key_attributes_t attributes = attributes_for(PSA_KEY_USAGE_SIGN_HASH);
  psa_key_id_t id = 0;
  if (psa_crypto_init() != PSA_SUCCESS ||
      psa_import_key(&attributes, key->private_key, sizeof(key->private_key), &id) != PSA_SUCCESS) {
    return false;
  }
  uint8_t public_key[SESP_ENROL_PUBLIC_KEY_BYTES];
  size_t public_len = 0;
  const bool is_pair =
      psa_export_public_key(id, public_key, sizeof(public_key), &public_len) == PSA_SUCCESS &&
      public_len == sizeof(public_key) && memcmp(public_key, key->public_key, sizeof(public_key)) == 0;
  const bool is_signed = is_pair && hash_and_sign(id, message, len, signature);
  return psa_destroy_key(id) == PSA_SUCCESS && is_signed;
}
