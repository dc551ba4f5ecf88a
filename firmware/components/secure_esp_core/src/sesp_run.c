/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_internal.h"
#include "sesp_text.h"

#define LOG_TEXT_BYTES (160u)

bool sesp_run_active(const sesp_core_t *core) {
  /* A restart that waits for its reply would cut a new run short. */
  return core->phase != SESP_PHASE_IDLE || core->restart_ms != SESP_NEVER_MS;
}

sesp_update_state_reason_t sesp_run_reason(sesp_update_state_reason_t reason, sesp_update_state_reason_t otherwise) {
  return (uint32_t)reason < (uint32_t)SESP_UPDATE_STATE_REASON_COUNT ? reason : otherwise;
}

sesp_result_t sesp_run_number(sesp_core_t *core) {
  const uint32_t number = core->run_counter == UINT32_MAX ? 1u : core->run_counter + 1u;
  if (sesp_store_run_counter(core, number) != SESP_OK) {
    return SESP_ERR_PORT;
  }
  core->run_counter = number;
  return SESP_OK;
}

void sesp_run_begin(sesp_core_t *core) {
  core->delayed_run_ms = SESP_NEVER_MS;
  memset(&core->offer, 0, sizeof(core->offer));
  memset(&core->report, 0, sizeof(core->report));
  core->report.run = core->run_counter;
  memcpy(core->report.from, core->version, sizeof(core->version));
  core->report.to_is_null = true;
  core->report.reason_is_null = true;
  core->phase = SESP_PHASE_CHECKING;
  (void)sesp_log_line(core, SESP_LOG_SUCCESS, "OTA-Update started");
  sesp_run_report(core, SESP_UPDATE_STATE_STATE_CHECKING);
  sesp_run_ask(core);
}

void sesp_run_ask(sesp_core_t *core) {
  const bool fetch = core->offer.has_manifest;
  const char *url = fetch ? core->offer.manifest.url : sesp_settings_url(core);
  core->phase = fetch ? SESP_PHASE_FETCHING : SESP_PHASE_CHECKING;
  if (url == NULL) {
    /* The settings changed while the run waited. */
    sesp_run_fail(core, SESP_UPDATE_STATE_REASON_UNREACHABLE, "there is no URL to update from");
    return;
  }
  sesp_resume_plan(core);
  if (sesp_request(core, url, !fetch, fetch ? core->offer.manifest.size : core->config.slot_size) != SESP_OK) {
    sesp_retry_or_fail(core, SESP_UPDATE_STATE_REASON_UNREACHABLE, "the request could not be started");
  }
}

void sesp_run_report(sesp_core_t *core, sesp_update_state_state_t state) {
  core->report.state = state;
  core->offer.progress_ms = sesp_now(core);
  core->offer.progress_bytes = core->report.bytes;
  sesp_events_mark(core, SESP_DIRTY_STATE);
  sesp_events_flush(core);
}

void sesp_run_outcome(sesp_core_t *core, sesp_update_state_state_t state, sesp_verdict_t reason) {
  core->report.state = state;
  core->report.reason_is_null = reason == SESP_VERDICT_GOOD;
  core->report.reason = (sesp_update_state_reason_t)(reason == SESP_VERDICT_GOOD ? 0 : reason);
  /* If this cannot be stored, the next boot reports the run as interrupted: never as a success. */
  (void)sesp_store_outcome(core, &core->report);
  sesp_events_mark(core, SESP_DIRTY_STATE);
  sesp_events_flush(core);
}

void sesp_run_fail(sesp_core_t *core, sesp_update_state_reason_t reason, const char *detail) {
  char text[LOG_TEXT_BYTES];
  sesp_text_t line = sesp_text_begin(text, sizeof(text));
  const bool harmless =
      reason == SESP_UPDATE_STATE_REASON_SAME_VERSION || reason == SESP_UPDATE_STATE_REASON_LOWER_VERSION;
  core->phase = SESP_PHASE_IDLE;
  sesp_schedule_repeat(core, reason);
  sesp_run_outcome(core, SESP_UPDATE_STATE_STATE_FAILED, (sesp_verdict_t)reason);
  sesp_text_add(&line, "OTA-Update failed: ");
  sesp_text_add(&line, sesp_update_state_reason_to_string(reason));
  if (detail != NULL) {
    sesp_text_add(&line, ", ");
    sesp_text_add(&line, detail);
  }
  (void)sesp_log_line(core, harmless ? SESP_LOG_WARNING : SESP_LOG_ERROR, text);
}

void sesp_run_abort(sesp_core_t *core, sesp_update_state_reason_t reason, const char *detail) {
  if (core->phase == SESP_PHASE_DOWNLOADING || core->phase == SESP_PHASE_VERIFYING) {
    (void)sesp_resume_forget(core);
  }
  sesp_call_download_abort(core);
  sesp_run_fail(core, reason, detail);
}

void sesp_run_none_newer(sesp_core_t *core, const char *text) {
  core->phase = SESP_PHASE_IDLE;
  core->repeats = 0;
  sesp_run_outcome(core, SESP_UPDATE_STATE_STATE_IDLE, (sesp_verdict_t)SESP_UPDATE_STATE_REASON_NONE_NEWER);
  (void)sesp_log_line(core, SESP_LOG_SUCCESS, text);
}
