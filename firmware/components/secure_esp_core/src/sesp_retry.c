/* SPDX-License-Identifier: MIT */
/* A run goes on after its connection was lost: with the rest of the file where that is possible. */
#include "sesp_config_defaults.h"
#include "sesp_internal.h"
#include "sesp_text.h"

#define LOG_TEXT_BYTES (96u)

/** The connection's fault: nothing that was received is to blame. */
/*@ assigns \nothing; */
static bool is_lost_connection(sesp_update_state_reason_t reason) {
  return reason == SESP_UPDATE_STATE_REASON_UNREACHABLE || reason == SESP_UPDATE_STATE_REASON_TLS ||
         reason == SESP_UPDATE_STATE_REASON_STALLED || reason == SESP_UPDATE_STATE_REASON_TRUNCATED;
}

/**
 * Counts one more attempt. Progress is measured from the furthest byte at which attempts began to count, so that a file
 * that starts from its beginning again and again is given up as well.
 */
/*@ requires SESP_CORE_OK(core);
    assigns core->offer.best_bytes, core->offer.attempts;
    ensures SESP_CORE_OK(core) && (\result ==> core->offer.attempts > 0); */
static bool has_attempt_left(sesp_core_t *core) {
  sesp_offer_t *offer = &core->offer;
  if (core->report.bytes > offer->best_bytes && core->report.bytes - offer->best_bytes >= SESP_RESUME_STEP_BYTES) {
    offer->best_bytes = core->report.bytes;
    offer->attempts = 0;
  }
  if (offer->attempts >= core->config.download_retries) {
    return false;
  }
  offer->attempts++;
  return true;
}

/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
static void say_when(sesp_core_t *core, sesp_update_state_reason_t reason, uint32_t pause_s) {
  char text[LOG_TEXT_BYTES];
  sesp_text_t line = sesp_text_begin(text, sizeof(text));
  sesp_text_add(&line, "OTA-Update interrupted: ");
  sesp_text_add(&line, sesp_update_state_reason_to_string(reason));
  sesp_text_add(&line, ". Next attempt in ");
  sesp_text_add_u32(&line, pause_s);
  sesp_text_add(&line, " s");
  (void)sesp_log_line(core, SESP_LOG_WARNING, text);
}

/*@ requires SESP_CORE_OK(core) && core->offer.attempts > 0; assigns *core; ensures SESP_CORE_OK(core); */
static void wait(sesp_core_t *core, sesp_update_state_reason_t reason) {
  const uint32_t pause_ms =
      sesp_backoff(core, SESP_RETRY_MIN_MS, SESP_RETRY_MAX_MS, (uint8_t)(core->offer.attempts - 1u));
  core->phase = SESP_PHASE_RETRYING;
  core->offer.retry_ms = sesp_now(core) + pause_ms;
  say_when(core, reason, (pause_ms + 999u) / 1000u);
  sesp_run_report(core, SESP_UPDATE_STATE_STATE_DOWNLOADING);
}

void sesp_retry_or_fail(sesp_core_t *core, sesp_update_state_reason_t reason, const char *detail) {
  const bool lost = is_lost_connection(reason);
  if (core->phase == SESP_PHASE_DOWNLOADING) {
    if (lost) {
      sesp_resume_keep(core, SESP_SECTOR_BYTES);
    } else {
      (void)sesp_resume_forget(core);
    }
  }
  if (lost && core->offer.begun && has_attempt_left(core)) {
    wait(core, reason);
  } else {
    sesp_run_fail(core, reason, detail);
  }
}

void sesp_retry_from_start(sesp_core_t *core) {
  core->offer.from_start = true;
  /* If the record stays, this run does not use it, and erases it before the slot is written. */
  (void)sesp_resume_forget(core);
  sesp_call_download_abort(core);
  sesp_run_ask(core);
}
