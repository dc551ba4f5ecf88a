/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "enrol.h"
#include "suites.h"
#include "vectors.h"

#define MESSAGE_MAX (2048u)

static sesp_slice_t message_of(const char *text, uint8_t *out) {
  size_t len = 0;
  CHECK(sesp_base64_decode(text, strlen(text), out, MESSAGE_MAX, &len));
  return (sesp_slice_t){out, len};
}

static sesp_slice_t certificate_of(const char *pem, uint8_t *out) {
  size_t len = 0;
  CHECK(sesp_pem_read(pem, "CERTIFICATE", out, MESSAGE_MAX, &len));
  return (sesp_slice_t){out, len};
}

static void the_certificates_of_a_message_are_found(void) {
  uint8_t bytes[MESSAGE_MAX];
  uint8_t expected[MESSAGE_MAX];
  sesp_certs_only_t message;
  const sesp_slice_t certificate = certificate_of(VECTOR_CERTIFICATE, expected);
  CHECK(sesp_certs_only_read(message_of(VECTOR_ONE, bytes), &message) && message.count == 1u);
  CHECK(message.certificates[0].len == certificate.len);
  CHECK(memcmp(message.certificates[0].data, certificate.data, certificate.len) == 0);
  CHECK(sesp_certs_only_read(message_of(VECTOR_TWO, bytes), &message) && message.count == 2u);
  size_t found = 0;
  for (size_t at = 0; at < message.count; at++) {
    found += message.certificates[at].len == certificate.len &&
                     memcmp(message.certificates[at].data, certificate.data, certificate.len) == 0
                 ? 1u
                 : 0u;
  }
  CHECK(found == 1u);
}

static void a_certificate_is_read(void) {
  uint8_t bytes[MESSAGE_MAX];
  sesp_certificate_t certificate;
  sesp_enrol_key_t key;
  CHECK(sesp_enrol_key_read(VECTOR_KEY_SEC1, &key));
  CHECK(sesp_certificate_read(certificate_of(VECTOR_CERTIFICATE, bytes), &certificate));
  CHECK(certificate.common_name.len == 7u && memcmp(certificate.common_name.data, "esp-007", 7) == 0);
  CHECK(certificate.not_before_s == 1767225600);
  CHECK(certificate.not_after_s == 2082758400);
  CHECK(sesp_certificate_is_of_key(&certificate, key.public_key));
  key.public_key[64] = (uint8_t)(key.public_key[64] ^ 1u);
  CHECK(!sesp_certificate_is_of_key(&certificate, key.public_key));

  sesp_certs_only_t message;
  CHECK(sesp_certs_only_read(message_of(VECTOR_LATE, bytes), &message));
  CHECK(sesp_certificate_read(message.certificates[0], &certificate));
  CHECK(certificate.not_before_s == 2524608000);
  CHECK(certificate.not_after_s == 253402300799);
}

/** In a buffer of exactly its size: the sanitizer sees every byte that is read behind it. */
static bool reads_all(const uint8_t *bytes, size_t len) {
  uint8_t *exact = malloc(len > 0u ? len : 1u);
  sesp_certs_only_t message;
  if (exact == NULL) {
    abort();
  }
  memcpy(exact, bytes, len);
  const bool good = sesp_certs_only_read((sesp_slice_t){exact, len}, &message);
  bool all = good;
  for (size_t at = 0; good && at < message.count; at++) {
    sesp_certificate_t certificate;
    all = sesp_certificate_read(message.certificates[at], &certificate) && all;
  }
  free(exact);
  return all;
}

static void every_part_of_a_message_is_refused(void) {
  uint8_t bytes[MESSAGE_MAX];
  const sesp_slice_t message = message_of(VECTOR_TWO, bytes);
  for (size_t len = 0; len < message.len; len++) {
    CHECK(!reads_all(bytes, len));
  }
  CHECK(reads_all(bytes, message.len));
  bytes[message.len] = 0;
  CHECK(!reads_all(bytes, message.len + 1u));
}

static void no_changed_byte_makes_it_read_behind(void) {
  uint8_t bytes[MESSAGE_MAX];
  const sesp_slice_t message = message_of(VECTOR_TWO, bytes);
  size_t accepted = 0;
  for (size_t at = 0; at < message.len; at++) {
    const uint8_t before = bytes[at];
    for (unsigned value = 0; value < 256u; value++) {
      bytes[at] = (uint8_t)value;
      accepted += reads_all(bytes, message.len) ? 1u : 0u;
    }
    bytes[at] = before;
  }
  /* what is left are the contents that are not looked at: serial numbers, names, signatures, extensions */
  CHECK(accepted > message.len && accepted < message.len * 256u);
}

/* Builds messages of parts, to try each rule. */
typedef struct {
  uint8_t version;
  bool has_content;
  size_t certificates;
  bool has_crls;
  bool has_signer;
  uint8_t certificate_tag;
  bool has_more;
} parts_t;

static const uint8_t OID_SIGNED[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02};
static const uint8_t OID_DATA[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01};

static bool accepts(parts_t parts) {
  uint8_t out[512];
  const uint8_t empty_certificate[2] = {parts.certificate_tag == 0u ? 0x30u : parts.certificate_tag, 0};
  static const uint8_t nothing[2] = {0x05, 0};
  sesp_der_writer_t writer = sesp_der_write(out, sizeof(out));
  if (parts.has_more) {
    sesp_der_put(&writer, nothing, 2);
  }
  size_t end = writer.at;
  if (parts.has_signer) {
    sesp_der_put(&writer, nothing, 2);
  }
  sesp_der_wrap(&writer, 0x31, end);
  if (parts.has_crls) {
    end = writer.at;
    sesp_der_wrap(&writer, 0xA1, end);
  }
  end = writer.at;
  for (size_t at = 0; at < parts.certificates; at++) {
    sesp_der_put(&writer, empty_certificate, 2);
  }
  sesp_der_wrap(&writer, 0xA0, end);
  end = writer.at;
  if (parts.has_content) {
    sesp_der_put(&writer, nothing, 2);
  }
  sesp_der_put(&writer, OID_DATA, sizeof(OID_DATA));
  sesp_der_wrap(&writer, 0x30, end);
  end = writer.at;
  sesp_der_wrap(&writer, 0x31, end);
  end = writer.at;
  sesp_der_put(&writer, &parts.version, 1);
  sesp_der_wrap(&writer, 0x02, end);
  sesp_der_wrap(&writer, 0x30, sizeof(out));
  sesp_der_wrap(&writer, 0xA0, sizeof(out));
  sesp_der_put(&writer, OID_SIGNED, sizeof(OID_SIGNED));
  sesp_der_wrap(&writer, 0x30, sizeof(out));
  CHECK(writer.ok);
  sesp_certs_only_t message;
  const bool good = sesp_certs_only_read((sesp_slice_t){out + writer.at, sizeof(out) - writer.at}, &message);
  CHECK(!good || message.count == parts.certificates);
  return good;
}

static void only_certs_only_messages_are_accepted(void) {
  CHECK(accepts((parts_t){.version = 1, .certificates = 1}));
  CHECK(accepts((parts_t){.version = 3, .certificates = SESP_ENROL_CERTIFICATES_MAX}));
  CHECK(accepts((parts_t){.version = 1, .certificates = 2, .has_crls = true}));
  CHECK(!accepts((parts_t){.version = 2, .certificates = 1}));
  CHECK(!accepts((parts_t){.version = 1, .certificates = 0}));
  CHECK(!accepts((parts_t){.version = 1, .certificates = SESP_ENROL_CERTIFICATES_MAX + 1u}));
  CHECK(!accepts((parts_t){.version = 1, .certificates = 1, .has_content = true}));
  CHECK(!accepts((parts_t){.version = 1, .certificates = 1, .has_signer = true}));
  CHECK(!accepts((parts_t){.version = 1, .certificates = 1, .has_more = true}));
  CHECK(!accepts((parts_t){.version = 1, .certificates = 1, .certificate_tag = 0xA0}));
}

/** A certificate of this subject and validity, with nothing else in it. */
static bool reads_certificate(const char *subject, size_t subject_len, const char *validity, size_t validity_len) {
  uint8_t out[256];
  static const uint8_t front[] = {0xA0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01, 0x30, 0x00, 0x30, 0x00};
  static const uint8_t spki[] = {0x30, 0x00};
  static const uint8_t back[] = {0x30, 0x00, 0x03, 0x01, 0x00};
  sesp_der_writer_t writer = sesp_der_write(out, sizeof(out));
  sesp_der_put(&writer, back, sizeof(back));
  const size_t tbs_end = writer.at;
  sesp_der_put(&writer, spki, sizeof(spki));
  size_t end = writer.at;
  sesp_der_put(&writer, (const uint8_t *)subject, subject_len);
  sesp_der_wrap(&writer, 0x30, end);
  end = writer.at;
  sesp_der_put(&writer, (const uint8_t *)validity, validity_len);
  sesp_der_wrap(&writer, 0x30, end);
  sesp_der_put(&writer, front, sizeof(front));
  sesp_der_wrap(&writer, 0x30, tbs_end);
  sesp_der_wrap(&writer, 0x30, sizeof(out));
  CHECK(writer.ok);
  sesp_certificate_t certificate;
  return sesp_certificate_read((sesp_slice_t){out + writer.at, sizeof(out) - writer.at}, &certificate);
}

#define NAME_A "\x31\x0A\x30\x08\x06\x03\x55\x04\x03\x0C\x01\x61"
#define OU_A "\x31\x0A\x30\x08\x06\x03\x55\x04\x0B\x0C\x01\x61"
#define TIMES "\x17\x0D" "260101000000Z" "\x17\x0D" "360101000000Z"
#define READS(subject, times) reads_certificate((subject), sizeof(subject) - 1u, (times), sizeof(times) - 1u)

static void a_name_has_one_common_name(void) {
  CHECK(READS(NAME_A, TIMES));
  CHECK(READS(OU_A NAME_A, TIMES));
  CHECK(!READS("", TIMES));
  CHECK(!READS(OU_A, TIMES));
  CHECK(!READS(NAME_A NAME_A, TIMES));
  CHECK(!READS("\x31\x00", TIMES));
  CHECK(!READS(NAME_A "\x31\x00", TIMES));
  CHECK(!READS("\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0C\x00", TIMES));             /* empty */
  CHECK(!READS("\x31\x0A\x30\x08\x06\x03\x55\x04\x03\x1E\x01\x61", TIMES));         /* BMPString */
  CHECK(!READS("\x31\x0C\x30\x0A\x06\x03\x55\x04\x03\x0C\x01\x61\x05\x00", TIMES)); /* more than a pair */
}

static void times_are_as_rfc_5280_has_them(void) {
  static const char *const good[] = {"260101000000Z", "491231235959Z", "500101000000Z", "240229120000Z"};
  static const char *const bad[] = {"2601010000Z",   "260101000000",   "260101000000+0000", "261301000000Z",
                                    "260001000000Z", "260132000000Z",  "260100000000Z",     "260101240000Z",
                                    "260101006000Z", "260101000060Z",  "26010100000aZ",     "-60101000000Z",
                                    "260101000000z", "2601010000000Z", ""};
  char times[64];
  for (size_t at = 0; at < sizeof(good) / sizeof(good[0]); at++) {
    const int len = snprintf(times, sizeof(times), "\x17%c%s\x17\x0D%s", 13, good[at], "360101000000Z");
    check_report(reads_certificate(NAME_A, sizeof(NAME_A) - 1u, times, (size_t)len), good[at], __FILE__, __LINE__);
  }
  for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++) {
    const int tail = snprintf(times + 2, sizeof(times) - 2u, "%s\x17\x0D%s", bad[at], "360101000000Z");
    times[0] = 0x17;
    times[1] = (char)strlen(bad[at]);
    check_report(!reads_certificate(NAME_A, sizeof(NAME_A) - 1u, times, (size_t)tail + 2u), bad[at], __FILE__,
                 __LINE__);
  }
  CHECK(READS(NAME_A, "\x18\x0F" "20500101000000Z" "\x18\x0F" "99991231235959Z"));
  CHECK(!READS(NAME_A, "\x18\x0F" "00000101000000Z" "\x18\x0F" "99991231235959Z"));
  CHECK(!READS(NAME_A, "\x18\x11" "20500101000000.1Z" "\x18\x0F" "99991231235959Z"));
  CHECK(!READS(NAME_A, TIMES "\x05\x00"));
}

static void renewal_is_due_when_two_thirds_of_the_time_are_spent(void) {
  sesp_certificate_t certificate = {.not_before_s = 1000, .not_after_s = 2000};
  CHECK(sesp_certificate_renewal_wait_s(&certificate, 0) == 1660u);
  CHECK(sesp_certificate_renewal_wait_s(&certificate, 1659) == 1u);
  CHECK(sesp_certificate_renewal_wait_s(&certificate, 1660) == 0u);
  CHECK(sesp_certificate_renewal_wait_s(&certificate, 9999) == 0u);
  certificate.not_after_s = 1000;
  CHECK(sesp_certificate_renewal_wait_s(&certificate, 0) == 0u);
  certificate.not_after_s = 253402300799;
  CHECK(sesp_certificate_renewal_wait_s(&certificate, 0) == UINT32_MAX);
}

void certificate_suite(void) {
  TEST(the_certificates_of_a_message_are_found);
  TEST(a_certificate_is_read);
  TEST(every_part_of_a_message_is_refused);
  TEST(no_changed_byte_makes_it_read_behind);
  TEST(only_certs_only_messages_are_accepted);
  TEST(a_name_has_one_common_name);
  TEST(times_are_as_rfc_5280_has_them);
  TEST(renewal_is_due_when_two_thirds_of_the_time_are_spent);
}
