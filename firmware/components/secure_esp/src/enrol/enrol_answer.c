/* SPDX-License-Identifier: MIT */
#include "enrol.h"

#define DAY_S (86400u)
#define RETRY_FIRST_S (5u)
#define RETRY_LAST_S (600u)
#define REFUSED_FIRST_S (3600u)
#define FAILURES_MAX (20u)

uint32_t sesp_enrol_retry_after(const char *value) {
  uint32_t seconds = 0;
  size_t at = 0;
  while (value[at] == ' ') {
    at++;
  }
  const size_t from = at;
  while (value[at] >= '0' && value[at] <= '9') {
    const uint32_t digit = (uint32_t)(value[at] - '0');
    seconds = seconds >= DAY_S ? DAY_S : seconds * 10u + digit;
    at++;
  }
  while (value[at] == ' ') {
    at++;
  }
  if (at == from || value[at] != '\0') {
    return 0;
  }
  return seconds > DAY_S ? DAY_S : seconds;
}

static char lower(char character) {
  if (character >= 'A' && character <= 'Z') {
    return (char)(character - 'A' + 'a');
  }
  return character;
}

bool sesp_enrol_is_pkcs7(const char *value) {
  static const char TYPE[] = "application/pkcs7-mime";
  size_t at = 0;
  while (at < sizeof(TYPE) - 1u) {
    if (lower(value[at]) != TYPE[at]) {
      return false;
    }
    at++;
  }
  return value[at] == '\0' || value[at] == ';' || value[at] == ' ';
}

sesp_enrol_reason_t sesp_enrol_judge(const sesp_enrol_answer_t *answer, bool is_renewal) {
  const uint32_t status = answer->status;
  if (status == 0u) {
    return SESP_ENROL_REASON_UNREACHABLE;
  }
  if (status == 200u) {
    return answer->is_pkcs7 && !answer->is_cut && answer->len > 0u ? SESP_ENROL_REASON_NONE
                                                                   : SESP_ENROL_REASON_ANSWER;
  }
  if (status == 202u || status == 408u || status == 429u || (status >= 500u && status <= 599u)) {
    return SESP_ENROL_REASON_LATER;
  }
  if (status == 401u || status == 403u) {
    return is_renewal ? SESP_ENROL_REASON_CERTIFICATE : SESP_ENROL_REASON_CLAIM;
  }
  return SESP_ENROL_REASON_STATUS;
}

/** `first` doubled `times` times, at most `last`. */
static uint32_t doubled(uint32_t first, uint32_t times, uint32_t last) {
  uint32_t wait_s = first;
  for (uint32_t at = 0; at < times && wait_s < last; at++) {
    wait_s *= 2u;
  }
  return wait_s < last ? wait_s : last;
}

static uint32_t counted(uint8_t *count) {
  const uint8_t before = *count;
  if (before < FAILURES_MAX) {
    *count = (uint8_t)(before + 1u);
  }
  return before;
}

uint32_t sesp_enrol_wait_s(sesp_enrol_schedule_t *schedule, sesp_enrol_reason_t reason, uint32_t retry_after_s,
                           uint16_t jitter) {
  const bool is_refusal = reason == SESP_ENROL_REASON_CLAIM || reason == SESP_ENROL_REASON_CERTIFICATE ||
                          reason == SESP_ENROL_REASON_STATUS;
  const uint32_t wait_s = is_refusal ? doubled(REFUSED_FIRST_S, counted(&schedule->refusals), DAY_S)
                                     : doubled(RETRY_FIRST_S, counted(&schedule->failures), RETRY_LAST_S);
  if (!is_refusal && retry_after_s > 0u) {
    const uint32_t asked_s = retry_after_s < DAY_S ? retry_after_s : DAY_S;
    return asked_s > RETRY_FIRST_S ? asked_s : RETRY_FIRST_S;
  }
  return wait_s + wait_s / 2u * (jitter / 256u) / 255u;
}

const char *sesp_enrol_reason_text(sesp_enrol_reason_t reason) {
  switch (reason) {
    case SESP_ENROL_REASON_NONE:
      return "none";
    case SESP_ENROL_REASON_UNREACHABLE:
      return "the server cannot be reached";
    case SESP_ENROL_REASON_LATER:
      return "the server asks to come back later";
    case SESP_ENROL_REASON_CLAIM:
      return "the claim is refused: wrong, over, or used for another key";
    case SESP_ENROL_REASON_CERTIFICATE:
      return "the certificate is refused: revoked, over or unknown";
    case SESP_ENROL_REASON_STATUS:
      return "the server refuses the request";
    case SESP_ENROL_REASON_ANSWER:
      return "the answer has no certificate for this device";
    case SESP_ENROL_REASON_KEY:
      return "the key cannot be made or used";
    case SESP_ENROL_REASON_STORAGE:
      return "the storage fails";
    case SESP_ENROL_REASON_SETTINGS:
      return "the provisioning partition has no claim, device id or URL for it";
  }
  return "unknown";
}
