/* SPDX-License-Identifier: MIT */
/* Any bytes as a certs-only message: what is found lies within them, one after another, and can be found again. */
#include <stdlib.h>

#include "enrol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lies_within(sesp_slice_t inner, const uint8_t *from, const uint8_t *to) {
  return inner.data >= from && inner.data <= to && inner.len <= (size_t)(to - inner.data);
}

static void check_certificate(sesp_slice_t der) {
  sesp_certificate_t certificate;
  const uint8_t *end = der.data + der.len;
  if (!sesp_certificate_read(der, &certificate)) {
    return;
  }
  if (!lies_within(certificate.spki, der.data, end) || !lies_within(certificate.common_name, der.data, end) ||
      certificate.common_name.len == 0u || certificate.not_after_s > 253402300799 ||
      certificate.not_before_s < -62135596800) {
    abort();
  }
  static const uint8_t key[SESP_ENROL_PUBLIC_KEY_BYTES] = {4};
  (void)sesp_certificate_is_of_key(&certificate, key);
  (void)sesp_certificate_renewal_wait_s(&certificate, 1767225600);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sesp_certs_only_t message;
  const bool good = sesp_certs_only_read((sesp_slice_t){data, size}, &message);
  if (!good) {
    check_certificate((sesp_slice_t){data, size});
    return 0;
  }
  if (message.count == 0u || message.count > SESP_ENROL_CERTIFICATES_MAX) {
    abort();
  }
  const uint8_t *from = data;
  for (size_t at = 0; at < message.count; at++) {
    const sesp_slice_t certificate = message.certificates[at];
    if (!lies_within(certificate, from, data + size) || certificate.len < 2u) {
      abort();
    }
    check_certificate(certificate);
    from = certificate.data + certificate.len;
  }
  return 0;
}
