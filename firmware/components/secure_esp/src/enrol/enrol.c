/* SPDX-License-Identifier: MIT */
#include "enrol.h"

#include <string.h>

static sesp_enrol_result_t done(uint32_t renewal_wait_s) {
  return (sesp_enrol_result_t){.state = SESP_ENROL_DONE, .wait_s = renewal_wait_s};
}

static sesp_enrol_result_t stuck(sesp_enrol_reason_t reason) {
  return (sesp_enrol_result_t){.state = SESP_ENROL_STUCK, .reason = reason};
}

static sesp_enrol_result_t wait_for(sesp_enrol_t *enrol, sesp_enrol_reason_t reason,
                                    const sesp_enrol_answer_t *answer) {
  const uint16_t jitter = enrol->port->random(enrol->port->ctx);
  const uint32_t retry_after_s = answer != NULL ? answer->retry_after_s : 0u;
  return (sesp_enrol_result_t){
      .state = SESP_ENROL_WAIT,
      .reason = reason,
      .status = answer != NULL ? answer->status : 0u,
      .wait_s = sesp_enrol_wait_s(&enrol->schedule, reason, retry_after_s, jitter),
  };
}

static void forget_secrets(sesp_enrol_t *enrol) {
  sesp_enrol_forget(&enrol->key, sizeof(enrol->key));
  sesp_enrol_forget(enrol->key_pem, sizeof(enrol->key_pem));
  sesp_enrol_forget(enrol->claim, sizeof(enrol->claim));
  sesp_enrol_forget(enrol->authorization, sizeof(enrol->authorization));
}

bool sesp_enrol_begin(sesp_enrol_t *enrol, const sesp_enrol_port_t *port, const char *device_id, const char *est_url) {
  memset(enrol, 0, sizeof(*enrol));
  enrol->port = port;
  if (!sesp_enrol_is_device_id(device_id) || !sesp_enrol_is_url(est_url)) {
    return false;
  }
  memcpy(enrol->device_id, device_id, strlen(device_id));
  memcpy(enrol->url, est_url, strlen(est_url));
  return true;
}

static sesp_enrol_load_t load(const sesp_enrol_t *enrol, sesp_enrol_item_t item, char *text, size_t capacity) {
  return enrol->port->load(enrol->port->ctx, item, text, capacity);
}

static bool store(const sesp_enrol_t *enrol, sesp_enrol_item_t item, const char *text) {
  return enrol->port->store(enrol->port->ctx, item, text);
}

/** The key of the device, in `enrol->key` and `enrol->key_pem`: an earlier attempt's, or a new one that is stored first. */
static sesp_enrol_reason_t provide_key(sesp_enrol_t *enrol) {
  const sesp_enrol_load_t loaded = load(enrol, SESP_ENROL_KEY, enrol->key_pem, sizeof(enrol->key_pem));
  if (loaded == SESP_ENROL_FOUND) {
    /* one that is there and not understood is somebody's: it is never replaced */
    return sesp_enrol_key_read(enrol->key_pem, &enrol->key) ? SESP_ENROL_REASON_NONE : SESP_ENROL_REASON_KEY;
  }
  if (loaded == SESP_ENROL_UNREADABLE) {
    return SESP_ENROL_REASON_STORAGE;
  }
  if (!enrol->port->make_key(enrol->port->ctx, &enrol->key) ||
      !sesp_enrol_key_write(&enrol->key, enrol->key_pem, sizeof(enrol->key_pem))) {
    return SESP_ENROL_REASON_KEY;
  }
  return store(enrol, SESP_ENROL_KEY, enrol->key_pem) ? SESP_ENROL_REASON_NONE : SESP_ENROL_REASON_STORAGE;
}

static bool make_request_body(sesp_enrol_t *enrol) {
  const size_t len = sesp_enrol_csr(enrol->device_id, &enrol->key, enrol->port->sign, enrol->port->ctx, enrol->csr,
                                    sizeof(enrol->csr));
  return len > 0u && sesp_base64_encode(enrol->csr, len, enrol->request_body, sizeof(enrol->request_body));
}

static bool is_mine(const sesp_enrol_t *enrol, sesp_slice_t der) {
  sesp_certificate_t certificate;
  if (!sesp_certificate_read(der, &certificate)) {
    return false;
  }
  const sesp_slice_t name = certificate.common_name;
  return sesp_certificate_is_of_key(&certificate, enrol->key.public_key) && name.len == strlen(enrol->device_id) &&
         memcmp(name.data, enrol->device_id, name.len) == 0;
}

/** Puts the certificate of the answer that is for our key and name into `enrol->certificate_pem`. */
static bool read_answer(sesp_enrol_t *enrol, size_t len) {
  uint8_t *der = (uint8_t *)enrol->answer_body;
  size_t der_len = 0;
  sesp_certs_only_t message;
  if (len > sizeof(enrol->answer_body) ||
      !sesp_base64_decode(enrol->answer_body, len, der, sizeof(enrol->answer_body), &der_len) ||
      !sesp_certs_only_read((sesp_slice_t){der, der_len}, &message)) {
    return false;
  }
  for (size_t at = 0; at < message.count; at++) {
    const sesp_slice_t certificate = message.certificates[at];
    if (is_mine(enrol, certificate)) {
      return sesp_pem_write("CERTIFICATE", certificate.data, certificate.len, enrol->certificate_pem,
                            sizeof(enrol->certificate_pem));
    }
  }
  return false;
}

/** Sends the request, and stores the certificate that comes back. */
static sesp_enrol_result_t ask(sesp_enrol_t *enrol, sesp_enrol_request_t request) {
  sesp_enrol_answer_t answer = {0};
  if (!make_request_body(enrol)) {
    return wait_for(enrol, SESP_ENROL_REASON_KEY, NULL);
  }
  request.url = enrol->target;
  request.body = enrol->request_body;
  request.body_len = strlen(enrol->request_body);
  enrol->port->request(enrol->port->ctx, &request, enrol->answer_body, sizeof(enrol->answer_body), &answer);
  const sesp_enrol_reason_t verdict = sesp_enrol_judge(&answer, request.authorization == NULL);
  if (verdict != SESP_ENROL_REASON_NONE) {
    return wait_for(enrol, verdict, &answer);
  }
  if (!read_answer(enrol, answer.len)) {
    return wait_for(enrol, SESP_ENROL_REASON_ANSWER, &answer);
  }
  if (!store(enrol, SESP_ENROL_CERTIFICATE, enrol->certificate_pem)) {
    return wait_for(enrol, SESP_ENROL_REASON_STORAGE, &answer);
  }
  enrol->schedule = (sesp_enrol_schedule_t){0};
  return done(0);
}

static sesp_enrol_result_t enrol_by_claim(sesp_enrol_t *enrol) {
  const sesp_enrol_load_t claim = load(enrol, SESP_ENROL_CLAIM, enrol->claim, sizeof(enrol->claim));
  if (claim != SESP_ENROL_FOUND ||
      !sesp_enrol_authorization(enrol->device_id, enrol->claim, enrol->authorization, sizeof(enrol->authorization)) ||
      !sesp_enrol_target(enrol->url, "simpleenroll", enrol->target, sizeof(enrol->target))) {
    return stuck(SESP_ENROL_REASON_SETTINGS);
  }
  const sesp_enrol_reason_t key = provide_key(enrol);
  if (key != SESP_ENROL_REASON_NONE) {
    return wait_for(enrol, key, NULL);
  }
  const sesp_enrol_result_t result = ask(enrol, (sesp_enrol_request_t){.authorization = enrol->authorization});
  if (result.state == SESP_ENROL_DONE) {
    /* if this fails, the next start does it */
    (void)store(enrol, SESP_ENROL_CLAIM, NULL);
  }
  return result;
}

sesp_enrol_result_t sesp_enrol_step(sesp_enrol_t *enrol) {
  const sesp_enrol_load_t certificate =
      load(enrol, SESP_ENROL_CERTIFICATE, enrol->certificate_pem, sizeof(enrol->certificate_pem));
  if (certificate == SESP_ENROL_UNREADABLE) {
    return wait_for(enrol, SESP_ENROL_REASON_STORAGE, NULL);
  }
  sesp_enrol_result_t result = done(0);
  if (certificate == SESP_ENROL_ABSENT) {
    result = enrol_by_claim(enrol);
  } else if (load(enrol, SESP_ENROL_CLAIM, enrol->claim, sizeof(enrol->claim)) == SESP_ENROL_FOUND) {
    /* the power went between the certificate and this */
    (void)store(enrol, SESP_ENROL_CLAIM, NULL);
  }
  forget_secrets(enrol);
  return result;
}

static sesp_enrol_result_t renew(sesp_enrol_t *enrol, int64_t now_s) {
  size_t len = 0;
  sesp_certificate_t certificate;
  uint8_t *der = (uint8_t *)enrol->answer_body;
  if (load(enrol, SESP_ENROL_CERTIFICATE, enrol->certificate_pem, sizeof(enrol->certificate_pem)) !=
          SESP_ENROL_FOUND ||
      load(enrol, SESP_ENROL_KEY, enrol->key_pem, sizeof(enrol->key_pem)) != SESP_ENROL_FOUND) {
    return wait_for(enrol, SESP_ENROL_REASON_STORAGE, NULL);
  }
  if (!sesp_pem_read(enrol->certificate_pem, "CERTIFICATE", der, sizeof(enrol->answer_body), &len) ||
      !sesp_certificate_read((sesp_slice_t){der, len}, &certificate)) {
    return stuck(SESP_ENROL_REASON_CERTIFICATE);
  }
  if (!sesp_enrol_key_read(enrol->key_pem, &enrol->key) ||
      !sesp_certificate_is_of_key(&certificate, enrol->key.public_key)) {
    return stuck(SESP_ENROL_REASON_KEY);
  }
  const uint32_t wait_s = sesp_certificate_renewal_wait_s(&certificate, now_s);
  if (wait_s > 0u) {
    return done(wait_s);
  }
  if (!sesp_enrol_target(enrol->url, "simplereenroll", enrol->target, sizeof(enrol->target))) {
    return stuck(SESP_ENROL_REASON_SETTINGS);
  }
  return ask(enrol, (sesp_enrol_request_t){.client_certificate = enrol->certificate_pem,
                                           .client_key = enrol->key_pem});
}

sesp_enrol_result_t sesp_enrol_renew_step(sesp_enrol_t *enrol, int64_t now_s) {
  const sesp_enrol_result_t result = renew(enrol, now_s);
  forget_secrets(enrol);
  return result;
}
