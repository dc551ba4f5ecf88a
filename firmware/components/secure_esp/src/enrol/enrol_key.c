/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "enrol.h"

/* What is around private and public key in ECPrivateKey (RFC 5915) of P-256, alone and in PKCS#8 (RFC 5958). */
static const uint8_t SEC1_FRONT[] = {0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20};
static const uint8_t SEC1_MIDDLE[] = {0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D,
                                      0x03, 0x01, 0x07, 0xA1, 0x44, 0x03, 0x42, 0x00};
static const uint8_t PKCS8_FRONT[] = {0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86,
                                      0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D,
                                      0x03, 0x01, 0x07, 0x04, 0x6D, 0x30, 0x6B, 0x02, 0x01, 0x01, 0x04, 0x20};
static const uint8_t PKCS8_MIDDLE[] = {0xA1, 0x44, 0x03, 0x42, 0x00};

/* SubjectPublicKeyInfo (RFC 5480) up to the point */
static const uint8_t SPKI_FRONT[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
                                     0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

#define KEY_DER_MAX (160u)

void sesp_enrol_forget(void *secret, size_t len) {
  volatile uint8_t *bytes = secret;
  for (size_t at = 0; at < len; at++) {
    bytes[at] = 0;
  }
}

void sesp_enrol_spki(const uint8_t public_key[SESP_ENROL_PUBLIC_KEY_BYTES], uint8_t spki[SESP_ENROL_SPKI_BYTES]) {
  memcpy(spki, SPKI_FRONT, sizeof(SPKI_FRONT));
  memcpy(spki + sizeof(SPKI_FRONT), public_key, SESP_ENROL_PUBLIC_KEY_BYTES);
}

bool sesp_enrol_key_write(const sesp_enrol_key_t *key, char *pem, size_t capacity) {
  uint8_t der[SESP_ENROL_SEC1_BYTES];
  sesp_der_writer_t writer = sesp_der_write(der, sizeof(der));
  sesp_der_put(&writer, key->public_key, sizeof(key->public_key));
  sesp_der_put(&writer, SEC1_MIDDLE, sizeof(SEC1_MIDDLE));
  sesp_der_put(&writer, key->private_key, sizeof(key->private_key));
  sesp_der_put(&writer, SEC1_FRONT, sizeof(SEC1_FRONT));
  const bool written =
      writer.ok && writer.at == 0u && sesp_pem_write("EC PRIVATE KEY", der, sizeof(der), pem, capacity);
  sesp_enrol_forget(der, sizeof(der));
  return written;
}

static bool read_as(sesp_slice_t der, sesp_slice_t front, sesp_slice_t middle, sesp_enrol_key_t *key) {
  const size_t middle_at = front.len + sizeof(key->private_key);
  const size_t public_at = middle_at + middle.len;
  if (der.len != public_at + sizeof(key->public_key) || memcmp(der.data, front.data, front.len) != 0 ||
      memcmp(der.data + middle_at, middle.data, middle.len) != 0 || der.data[public_at] != 0x04u) {
    return false;
  }
  memcpy(key->private_key, der.data + front.len, sizeof(key->private_key));
  memcpy(key->public_key, der.data + public_at, sizeof(key->public_key));
  return true;
}

bool sesp_enrol_key_read(const char *pem, sesp_enrol_key_t *key) {
  uint8_t der[KEY_DER_MAX];
  size_t len = 0;
  bool good = false;
  if (sesp_pem_read(pem, "EC PRIVATE KEY", der, sizeof(der), &len)) {
    good = read_as((sesp_slice_t){der, len}, (sesp_slice_t){SEC1_FRONT, sizeof(SEC1_FRONT)},
                   (sesp_slice_t){SEC1_MIDDLE, sizeof(SEC1_MIDDLE)}, key);
  } else if (sesp_pem_read(pem, "PRIVATE KEY", der, sizeof(der), &len)) {
    good = read_as((sesp_slice_t){der, len}, (sesp_slice_t){PKCS8_FRONT, sizeof(PKCS8_FRONT)},
                   (sesp_slice_t){PKCS8_MIDDLE, sizeof(PKCS8_MIDDLE)}, key);
  }
  sesp_enrol_forget(der, sizeof(der));
  return good;
}
