/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "enrol.h"

#define SEQUENCE (0x30u)
#define SET (0x31u)
#define UTF8_STRING (0x0Cu)
#define BIT_STRING (0x03u)
#define INFO_MAX (224u)

static const uint8_t VERSION[] = {0x02, 0x01, 0x00};
static const uint8_t NO_ATTRIBUTES[] = {0xA0, 0x00};
static const uint8_t COMMON_NAME[] = {0x06, 0x03, 0x55, 0x04, 0x03};
static const uint8_t ECDSA_WITH_SHA256[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};
static const uint8_t NO_UNUSED_BITS[] = {0x00};

static bool is_name_character(char character) {
  return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
         (character >= '0' && character <= '9') || character == '_' || character == '-';
}

bool sesp_enrol_is_device_id(const char *text) {
  size_t len = 0;
  while (text[len] != '\0') {
    if (len == SESP_ENROL_DEVICE_ID_MAX || !is_name_character(text[len])) {
      return false;
    }
    len++;
  }
  return len > 0u;
}

static void put_subject(sesp_der_writer_t *writer, const char *device_id) {
  const size_t end = writer->at;
  sesp_der_put(writer, (const uint8_t *)device_id, strlen(device_id));
  sesp_der_wrap(writer, UTF8_STRING, end);
  sesp_der_put(writer, COMMON_NAME, sizeof(COMMON_NAME));
  sesp_der_wrap(writer, SEQUENCE, end);
  sesp_der_wrap(writer, SET, end);
  sesp_der_wrap(writer, SEQUENCE, end);
}

/** CertificationRequestInfo, what is signed. */
static sesp_slice_t put_info(uint8_t *data, size_t capacity, const char *device_id, const sesp_enrol_key_t *key) {
  uint8_t spki[SESP_ENROL_SPKI_BYTES];
  sesp_enrol_spki(key->public_key, spki);
  sesp_der_writer_t writer = sesp_der_write(data, capacity);
  sesp_der_put(&writer, NO_ATTRIBUTES, sizeof(NO_ATTRIBUTES));
  sesp_der_put(&writer, spki, sizeof(spki));
  put_subject(&writer, device_id);
  sesp_der_put(&writer, VERSION, sizeof(VERSION));
  sesp_der_wrap(&writer, SEQUENCE, capacity);
  return (sesp_slice_t){data + writer.at, writer.ok ? capacity - writer.at : 0u};
}

size_t sesp_enrol_csr(const char *device_id, const sesp_enrol_key_t *key, sesp_enrol_sign_t sign, void *ctx,
                      uint8_t *der, size_t capacity) {
  uint8_t info_bytes[INFO_MAX];
  uint8_t signature[SESP_ENROL_SIGNATURE_BYTES];
  if (!sesp_enrol_is_device_id(device_id)) {
    return 0;
  }
  const sesp_slice_t info = put_info(info_bytes, sizeof(info_bytes), device_id, key);
  if (info.len == 0u || !sign(ctx, key, info.data, info.len, signature)) {
    return 0;
  }
  sesp_der_writer_t writer = sesp_der_write(der, capacity);
  sesp_der_put_positive(&writer, signature + 32u, 32u);
  sesp_der_put_positive(&writer, signature, 32u);
  sesp_der_wrap(&writer, SEQUENCE, capacity);
  sesp_der_put(&writer, NO_UNUSED_BITS, sizeof(NO_UNUSED_BITS));
  sesp_der_wrap(&writer, BIT_STRING, capacity);
  sesp_der_put(&writer, ECDSA_WITH_SHA256, sizeof(ECDSA_WITH_SHA256));
  sesp_der_put(&writer, info.data, info.len);
  sesp_der_wrap(&writer, SEQUENCE, capacity);
  if (!writer.ok) {
    return 0;
  }
  memmove(der, der + writer.at, capacity - writer.at);
  return capacity - writer.at;
}

static const char SCHEME[] = "https://";
#define SCHEME_LEN (sizeof(SCHEME) - 1u)

bool sesp_enrol_is_url(const char *text) {
  if (strncmp(text, SCHEME, SCHEME_LEN) != 0) {
    return false;
  }
  size_t len = SCHEME_LEN;
  while (text[len] != '\0') {
    if (len == SESP_ENROL_URL_MAX || text[len] <= ' ' || text[len] > '~' || strchr("?#@\\\"", text[len]) != NULL) {
      return false;
    }
    len++;
  }
  return text[SCHEME_LEN] != '\0' && text[SCHEME_LEN] != '/' && text[SCHEME_LEN] != ':';
}

static bool append(char *text, size_t capacity, size_t *len, const char *more, size_t more_len) {
  if (more_len >= capacity - *len) {
    return false;
  }
  memcpy(text + *len, more, more_len);
  *len += more_len;
  text[*len] = '\0';
  return true;
}

bool sesp_enrol_target(const char *base, const char *operation, char *url, size_t capacity) {
  if (capacity == 0u || !sesp_enrol_is_url(base)) {
    return false;
  }
  size_t base_len = strlen(base);
  while (base[base_len - 1u] == '/') {
    base_len--;
  }
  const char *slash = strchr(base + SCHEME_LEN, '/');
  const bool has_path = slash != NULL && (size_t)(slash - base) < base_len;
  const char *path = has_path ? "/" : "/.well-known/est/";
  size_t len = 0;
  return append(url, capacity, &len, base, base_len) && append(url, capacity, &len, path, strlen(path)) &&
         append(url, capacity, &len, operation, strlen(operation));
}

static bool is_claim(const char *claim) {
  size_t len = 0;
  while (claim[len] != '\0') {
    if (len == SESP_ENROL_CLAIM_MAX || claim[len] <= ' ' || claim[len] > '~') {
      return false;
    }
    len++;
  }
  return len > 0u;
}

bool sesp_enrol_authorization(const char *device_id, const char *claim, char *text, size_t capacity) {
  char pair[SESP_ENROL_DEVICE_ID_MAX + SESP_ENROL_CLAIM_MAX + 2u];
  size_t pair_len = 0;
  size_t len = 0;
  if (capacity == 0u || !sesp_enrol_is_device_id(device_id) || !is_claim(claim)) {
    return false;
  }
  const bool written = append(pair, sizeof(pair), &pair_len, device_id, strlen(device_id)) &&
                       append(pair, sizeof(pair), &pair_len, ":", 1) &&
                       append(pair, sizeof(pair), &pair_len, claim, strlen(claim)) &&
                       append(text, capacity, &len, "Basic ", 6) &&
                       sesp_base64_encode((const uint8_t *)pair, pair_len, text + len, capacity - len);
  sesp_enrol_forget(pair, sizeof(pair));
  return written;
}
