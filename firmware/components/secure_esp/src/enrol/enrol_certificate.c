/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "enrol.h"

#define INTEGER (0x02u)
#define BIT_STRING (0x03u)
#define OID (0x06u)
#define UTF8_STRING (0x0Cu)
#define PRINTABLE_STRING (0x13u)
#define UTC_TIME (0x17u)
#define GENERALIZED_TIME (0x18u)
#define SEQUENCE (0x30u)
#define SET (0x31u)
#define CONTEXT_0 (0xA0u)
#define CONTEXT_1 (0xA1u)

#define RENEW_AT_PERCENT (66)
#define DAY_S (86400)

static const uint8_t SIGNED_DATA[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02};
static const uint8_t DATA[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01};
static const uint8_t COMMON_NAME[] = {0x55, 0x04, 0x03};

static bool is(sesp_slice_t slice, const uint8_t *bytes, size_t len) {
  return slice.len == len && memcmp(slice.data, bytes, len) == 0;
}

/** The content of the only element of this tag in `whole`. */
static bool only(sesp_slice_t whole, uint8_t tag, sesp_slice_t *content) {
  return sesp_der_take(&whole, tag, content) && whole.len == 0u;
}

static bool read_certificates(sesp_slice_t list, sesp_certs_only_t *out) {
  out->count = 0;
  while (list.len > 0u) {
    uint8_t tag = 0;
    sesp_slice_t element;
    sesp_slice_t content;
    if (out->count == SESP_ENROL_CERTIFICATES_MAX || !sesp_der_take_any(&list, &tag, &element, &content) ||
        tag != SEQUENCE) {
      return false;
    }
    out->certificates[out->count] = element;
    out->count++;
  }
  return out->count > 0u;
}

bool sesp_certs_only_read(sesp_slice_t message, sesp_certs_only_t *out) {
  sesp_slice_t info;
  sesp_slice_t type;
  sesp_slice_t wrapped;
  sesp_slice_t data;
  sesp_slice_t version;
  sesp_slice_t digests;
  sesp_slice_t encapsulated;
  sesp_slice_t data_type;
  sesp_slice_t certificates;
  sesp_slice_t skipped;
  sesp_slice_t signers;
  out->count = 0;
  if (!only(message, SEQUENCE, &info) || !sesp_der_take(&info, OID, &type) ||
      !is(type, SIGNED_DATA, sizeof(SIGNED_DATA)) || !only(info, CONTEXT_0, &wrapped) ||
      !only(wrapped, SEQUENCE, &data)) {
    return false;
  }
  if (!sesp_der_take(&data, INTEGER, &version) || version.len != 1u ||
      (version.data[0] != 1u && version.data[0] != 3u) || !sesp_der_take(&data, SET, &digests) ||
      !sesp_der_take(&data, SEQUENCE, &encapsulated) || !only(encapsulated, OID, &data_type) ||
      !is(data_type, DATA, sizeof(DATA)) || !sesp_der_take(&data, CONTEXT_0, &certificates)) {
    return false;
  }
  if (data.len > 0u && data.data[0] == CONTEXT_1 && !sesp_der_take(&data, CONTEXT_1, &skipped)) {
    return false;
  }
  return only(data, SET, &signers) && signers.len == 0u && read_certificates(certificates, out);
}

/** Takes one attribute of a name; `name` is set if it is a common name. */
static bool take_attribute(sesp_slice_t *rdn, sesp_slice_t *name) {
  sesp_slice_t attribute;
  sesp_slice_t type;
  sesp_slice_t element;
  sesp_slice_t value;
  uint8_t tag = 0;
  *name = (sesp_slice_t){NULL, 0};
  if (!sesp_der_take(rdn, SEQUENCE, &attribute) || !sesp_der_take(&attribute, OID, &type) ||
      !sesp_der_take_any(&attribute, &tag, &element, &value) || attribute.len != 0u) {
    return false;
  }
  if (!is(type, COMMON_NAME, sizeof(COMMON_NAME))) {
    return true;
  }
  *name = value;
  return value.len > 0u && (tag == UTF8_STRING || tag == PRINTABLE_STRING);
}

static bool read_common_name(sesp_slice_t subject, sesp_slice_t *common_name) {
  size_t found = 0;
  while (subject.len > 0u) {
    sesp_slice_t rdn;
    if (!sesp_der_take(&subject, SET, &rdn) || rdn.len == 0u) {
      return false;
    }
    while (rdn.len > 0u) {
      sesp_slice_t name;
      if (!take_attribute(&rdn, &name)) {
        return false;
      }
      if (name.len > 0u) {
        *common_name = name;
        found++;
      }
    }
  }
  return found == 1u;
}

static bool two_digits(const uint8_t *text, int64_t *out) {
  if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
    return false;
  }
  *out = (int64_t)(text[0] - '0') * 10 + (text[1] - '0');
  return true;
}

/** Days from 1970-01-01 to a day of the Gregorian calendar; years 1..9999. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  static const int64_t BEFORE[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  const int64_t years = year - 1;
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const int64_t leap_day = is_leap && month > 2 ? 1 : 0;
  return years * 365 + years / 4 - years / 100 + years / 400 + BEFORE[month - 1] + leap_day + day - 1 - 719162;
}

/** UTCTime with seconds and Z, or GeneralizedTime without fractions, as RFC 5280 4.1.2.5 has them. */
static bool take_time(sesp_slice_t *validity, int64_t *out_s) {
  uint8_t tag = 0;
  sesp_slice_t element;
  sesp_slice_t text;
  if (!sesp_der_take_any(validity, &tag, &element, &text)) {
    return false;
  }
  const bool is_utc = tag == UTC_TIME && text.len == 13u;
  const bool is_generalized = tag == GENERALIZED_TIME && text.len == 15u;
  if ((!is_utc && !is_generalized) || text.data[text.len - 1u] != 'Z') {
    return false;
  }
  int64_t parts[7] = {0};
  const size_t first = is_utc ? 1u : 0u;
  for (size_t at = first; at < 7u; at++) {
    if (!two_digits(text.data + (at - first) * 2u, &parts[at])) {
      return false;
    }
  }
  if (is_utc) {
    parts[0] = parts[1] < 50 ? 20 : 19;
  }
  const int64_t year = parts[0] * 100 + parts[1];
  if (year < 1 || parts[2] < 1 || parts[2] > 12 || parts[3] < 1 || parts[3] > 31 || parts[4] > 23 || parts[5] > 59 ||
      parts[6] > 59) {
    return false;
  }
  *out_s = days_from_civil(year, parts[2], parts[3]) * DAY_S + parts[4] * 3600 + parts[5] * 60 + parts[6];
  return true;
}

bool sesp_certificate_read(sesp_slice_t der, sesp_certificate_t *out) {
  sesp_slice_t whole;
  sesp_slice_t tbs;
  sesp_slice_t skipped;
  sesp_slice_t validity;
  sesp_slice_t subject;
  uint8_t tag = 0;
  if (!only(der, SEQUENCE, &whole) || !sesp_der_take(&whole, SEQUENCE, &tbs) ||
      !sesp_der_take(&whole, SEQUENCE, &skipped) || !only(whole, BIT_STRING, &skipped)) {
    return false;
  }
  /* version, serial number, algorithm, issuer */
  if (!sesp_der_take(&tbs, CONTEXT_0, &skipped) || !sesp_der_take(&tbs, INTEGER, &skipped) ||
      !sesp_der_take(&tbs, SEQUENCE, &skipped) || !sesp_der_take(&tbs, SEQUENCE, &skipped)) {
    return false;
  }
  return sesp_der_take(&tbs, SEQUENCE, &validity) && take_time(&validity, &out->not_before_s) &&
         take_time(&validity, &out->not_after_s) && validity.len == 0u && sesp_der_take(&tbs, SEQUENCE, &subject) &&
         read_common_name(subject, &out->common_name) && sesp_der_take_any(&tbs, &tag, &out->spki, &skipped) &&
         tag == SEQUENCE;
}

bool sesp_certificate_is_of_key(const sesp_certificate_t *certificate,
                                const uint8_t public_key[SESP_ENROL_PUBLIC_KEY_BYTES]) {
  uint8_t spki[SESP_ENROL_SPKI_BYTES];
  sesp_enrol_spki(public_key, spki);
  return is(certificate->spki, spki, sizeof(spki));
}

uint32_t sesp_certificate_renewal_wait_s(const sesp_certificate_t *certificate, int64_t now_s) {
  const int64_t lasts_s = certificate->not_after_s - certificate->not_before_s;
  if (lasts_s <= 0) {
    return 0;
  }
  const int64_t due_s = certificate->not_before_s + lasts_s / 100 * RENEW_AT_PERCENT;
  if (now_s >= due_s) {
    return 0;
  }
  const int64_t wait_s = due_s - now_s;
  return wait_s > UINT32_MAX ? UINT32_MAX : (uint32_t)wait_s;
}
