/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_config_defaults.h"
#include "sesp_internal.h"
#include "sesp_text.h"

/*@ requires \valid_read(a + (0 .. SESP_IDENTITY_BYTES - 1)) && \valid_read(b + (0 .. SESP_IDENTITY_BYTES - 1));
    assigns \nothing; */
static bool same_identity(const uint8_t *a, const uint8_t *b) {
  return memcmp(a, b, SESP_IDENTITY_BYTES) == 0;
}

/** A reset that says nothing about the image: somebody took the power away. */
/*@ assigns \nothing; */
static bool is_excused(sesp_status_reset_reason_t reason) {
  return reason != SESP_STATUS_RESET_REASON_PANIC && reason != SESP_STATUS_RESET_REASON_WATCHDOG &&
         reason != SESP_STATUS_RESET_REASON_SOFTWARE;
}

/** A reset that the image itself caused. */
/*@ assigns \nothing; */
static bool is_crash(sesp_status_reset_reason_t reason) {
  return reason == SESP_STATUS_RESET_REASON_PANIC || reason == SESP_STATUS_RESET_REASON_WATCHDOG;
}

/*@ requires \valid_read(core) && \valid_read(pending); assigns \nothing; */
static void block(const sesp_core_t *core, const sesp_pending_t *pending) {
  sesp_blocked_t blocked;
  memcpy(blocked.identity, pending->identity, SESP_IDENTITY_BYTES);
  memcpy(blocked.etag, pending->etag, sizeof(blocked.etag));
  (void)sesp_store_blocked(core, &blocked);
}

/** Blocks the image, or counts one more power loss. Counting the same run twice changes nothing. */
/*@ requires \valid_read(core) && \valid_read(pending); assigns \nothing; */
static void judge(const sesp_core_t *core, const sesp_pending_t *pending) {
  sesp_attempts_t attempts;
  if (pending->failed || !is_excused(core->config.reset_reason)) {
    block(core, pending);
    return;
  }
  if (sesp_load_attempts(core, &attempts) != SESP_KV_OK || !same_identity(attempts.identity, pending->identity)) {
    attempts.run = 0;
    attempts.count = 0;
    memcpy(attempts.identity, pending->identity, SESP_IDENTITY_BYTES);
  }
  if (attempts.count == 0u || attempts.run != pending->run) {
    attempts.count = (uint8_t)(attempts.count < UINT8_MAX ? attempts.count + 1u : UINT8_MAX);
    attempts.run = pending->run;
    (void)sesp_store_attempts(core, &attempts);
  }
  if (attempts.count > SESP_POWER_LOSS_RETRIES) {
    block(core, pending);
  }
}

/*@ requires \valid(out + (0 .. SESP_VERSION_MAX_BYTES));
    requires text != \null ==> \valid_read(text + (0 .. SESP_VERSION_MAX_BYTES)) &&
      \separated(out + (0 .. SESP_VERSION_MAX_BYTES), text + (0 .. SESP_VERSION_MAX_BYTES));
    assigns out[0 .. SESP_VERSION_MAX_BYTES];
    ensures out[SESP_VERSION_MAX_BYTES] == 0; */
static void report_text(char *out, const char *text) {
  if (text != NULL) {
    sesp_text_printable(out, SESP_VERSION_MAX_BYTES + 1u, text);
  } else {
    memset(out, 0, SESP_VERSION_MAX_BYTES + 1u);
  }
}

/** `from` and `to` may be NULL: unknown. */
/*@ requires SESP_CORE_OK(core);
    requires from != \null ==> \valid_read(from + (0 .. SESP_VERSION_MAX_BYTES)) &&
      \separated(&core->report, from + (0 .. SESP_VERSION_MAX_BYTES));
    requires to != \null ==> \valid_read(to + (0 .. SESP_VERSION_MAX_BYTES)) &&
      \separated(&core->report, to + (0 .. SESP_VERSION_MAX_BYTES));
    assigns core->report;
    ensures SESP_CORE_OK(core); */
static void report(sesp_core_t *core, uint32_t run, const char *from, const char *to) {
  core->report.run = run;
  core->report.state = SESP_UPDATE_STATE_STATE_IDLE;
  core->report.bytes = 0;
  core->report.total = 0;
  core->report.reason = SESP_UPDATE_STATE_REASON_NONE_NEWER;
  core->report.reason_is_null = true;
  core->report.to_is_null = to == NULL;
  report_text(core->report.from, from);
  report_text(core->report.to, to);
}

/*@ requires SESP_CORE_OK(core) && \valid_read(installed) && \separated(core, installed) &&
      installed->etag[SESP_ETAG_MAX_BYTES] == 0;
    assigns core->version[0 .. SESP_VERSION_MAX_BYTES], core->installed_etag[0 .. SESP_ETAG_MAX_BYTES];
    ensures SESP_CORE_OK(core); */
static void use_installed(sesp_core_t *core, const sesp_installed_t *installed) {
  memcpy(core->installed_etag, installed->etag, sizeof(core->installed_etag));
  if (installed->version[0] != '\0') {
    sesp_text_printable(core->version, sizeof(core->version), installed->version);
  }
}

/*@ requires SESP_CORE_OK(core);
    assigns core->version[0 .. SESP_VERSION_MAX_BYTES], core->installed_etag[0 .. SESP_ETAG_MAX_BYTES];
    ensures SESP_CORE_OK(core); */
static void use_descriptor(sesp_core_t *core) {
  sesp_text_printable(core->version, sizeof(core->version), core->config.version);
  core->installed_etag[0] = '\0';
}

/*@ requires SESP_CORE_OK(core);
    assigns core->version[0 .. SESP_VERSION_MAX_BYTES], core->installed_etag[0 .. SESP_ETAG_MAX_BYTES];
    ensures SESP_CORE_OK(core); */
static void load_installed(sesp_core_t *core) {
  sesp_installed_t installed;
  use_descriptor(core);
  if (sesp_load_installed(core, &installed) == SESP_KV_OK &&
      same_identity(installed.identity, core->config.identity)) {
    use_installed(core, &installed);
  }
}

/*@ requires SESP_CORE_OK(core) && \valid_read(outcome) && \separated(core, outcome) &&
      outcome->from[SESP_VERSION_MAX_BYTES] == 0 && outcome->to[SESP_VERSION_MAX_BYTES] == 0;
    assigns core->report;
    ensures SESP_CORE_OK(core); */
static void report_again(sesp_core_t *core, const sesp_update_state_t *outcome) {
  core->report.run = outcome->run;
  core->report.state = outcome->state;
  core->report.to_is_null = outcome->to_is_null;
  core->report.bytes = outcome->bytes;
  core->report.total = outcome->total;
  core->report.reason_is_null = outcome->reason_is_null;
  core->report.reason = outcome->reason;
  memcpy(core->report.from, outcome->from, sizeof(core->report.from));
  memcpy(core->report.to, outcome->to, sizeof(core->report.to));
}

/** A run that had not written a record yet was cut short. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
static void report_interrupted(sesp_core_t *core) {
  if (core->run_counter > core->report.run) {
    report(core, core->run_counter, core->version, NULL);
    sesp_run_outcome(core, SESP_UPDATE_STATE_STATE_FAILED, (sesp_verdict_t)SESP_UPDATE_STATE_REASON_TRUNCATED);
  }
}

/** No update was under way at the last reset, or only one that had not written a record yet. */
/*@ requires SESP_CORE_OK(core) && \valid_read(outcome) && \separated(core, outcome);
    requires has_outcome ==> outcome->from[SESP_VERSION_MAX_BYTES] == 0 && outcome->to[SESP_VERSION_MAX_BYTES] == 0;
    assigns *core;
    ensures SESP_CORE_OK(core); */
static void restore_outcome(sesp_core_t *core, bool has_outcome, const sesp_update_state_t *outcome) {
  if (has_outcome) {
    report_again(core, outcome);
  } else {
    report(core, 0, core->version, NULL);
  }
  report_interrupted(core);
}

/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
static void await_confirmation(sesp_core_t *core) {
  core->report.state = SESP_UPDATE_STATE_STATE_PENDING_CONFIRM;
  sesp_confirm_begin(core);
}

/*@ requires SESP_CORE_OK(core) && \valid_read(own) && \separated(core, own) && SESP_PENDING_OK(own);
    assigns *core;
    ensures SESP_CORE_OK(core); */
static void await_own(sesp_core_t *core, const sesp_pending_t *own) {
  report(core, own->run, own->from, core->version);
  await_confirmation(core);
}

/** Installed by other means than this core, or its record was lost: still to be confirmed. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
static void await_unknown(sesp_core_t *core) {
  (void)sesp_erase_pending(core);
  report(core, core->run_counter, NULL, core->version);
  await_confirmation(core);
}

/*@ requires SESP_CORE_OK(core) && \valid_read(pending) && \separated(core, pending) && SESP_PENDING_OK(pending);
    assigns *core;
    ensures SESP_CORE_OK(core); */
static void report_rolled_back(sesp_core_t *core, const sesp_pending_t *pending) {
  judge(core, pending);
  report(core, pending->run, pending->from, pending->to);
  core->rolled_back = true;
  memcpy(core->rolled_back_version, core->report.to, sizeof(core->rolled_back_version));
  sesp_run_outcome(core, SESP_UPDATE_STATE_STATE_ROLLED_BACK, (sesp_verdict_t)SESP_UPDATE_STATE_REASON_NOT_CONFIRMED);
  (void)sesp_erase_pending(core);
}

/*@ assigns \nothing; */
static uint32_t larger(uint32_t a, uint32_t b) {
  return a > b ? a : b;
}

/** A counter that was lost must not repeat a number that was already reported. */
/*@ requires SESP_CORE_OK(core); assigns core->run_counter; ensures SESP_CORE_OK(core); */
static void restore_counter(sesp_core_t *core, uint32_t pending, uint32_t outcome) {
  uint32_t counter = 0;
  if (sesp_load_run_counter(core, &counter) != SESP_KV_OK) {
    counter = 0;
  }
  core->run_counter = larger(larger(counter, outcome), pending);
}

/** An update was under way, and its outcome is not known. */
/*@ requires SESP_CORE_OK(core) && \valid_read(pending) && \separated(core, pending) && SESP_PENDING_OK(pending);
    assigns *core;
    ensures SESP_CORE_OK(core); */
static void resolve_update(sesp_core_t *core, bool is_own, const sesp_pending_t *pending) {
  if (!is_own) {
    report_rolled_back(core, pending);
    return;
  }
  /*
   * Confirmed just before the power went; or the boot record lost its state, as its checksum covers the sequence number
   * only, so that the bootloader boots the image for ever without a judgement. Nothing here tells the one from the
   * other, so the image proves itself again.
   */
  await_own(core, pending);
  core->confirm.given_up = pending->failed || is_crash(core->config.reset_reason);
}

/** The bootloader waits for a confirmation. */
/*@ requires SESP_CORE_OK(core) && \valid_read(pending) && \separated(core, pending);
    requires is_own ==> SESP_PENDING_OK(pending);
    assigns *core;
    ensures SESP_CORE_OK(core); */
static void resolve_unconfirmed(sesp_core_t *core, bool is_own, const sesp_pending_t *pending) {
  if (is_own) {
    await_own(core, pending);
  } else {
    await_unknown(core);
  }
}

/** What runs: as its manifest stated it, or its descriptor. */
/*@ requires SESP_CORE_OK(core) && \valid_read(pending) && \separated(core, pending);
    assigns core->version[0 .. SESP_VERSION_MAX_BYTES], core->installed_etag[0 .. SESP_ETAG_MAX_BYTES];
    ensures SESP_CORE_OK(core); */
static void restore_version(sesp_core_t *core, bool is_own, const sesp_pending_t *pending) {
  load_installed(core);
  if (is_own && pending->stated) {
    sesp_text_printable(core->version, sizeof(core->version), pending->to);
  }
}

/*@ requires \valid_read(core) && \valid_read(pending);
    assigns \nothing;
    ensures \result ==> has_pending; */
static bool is_own_record(const sesp_core_t *core, bool has_pending, const sesp_pending_t *pending) {
  return has_pending && same_identity(pending->identity, core->config.identity);
}

/*@ requires \valid_read(pending) && \valid_read(outcome); assigns \nothing; */
static bool is_settled(const sesp_pending_t *pending, bool has_outcome, const sesp_update_state_t *outcome) {
  return has_outcome && outcome->run >= pending->run;
}

/*@ requires \valid_read(pending); assigns \nothing; */
static uint32_t pending_run(bool has_pending, const sesp_pending_t *pending) {
  return has_pending ? pending->run : 0u;
}

/*@ requires \valid_read(outcome); assigns \nothing; */
static uint32_t outcome_run(bool has_outcome, const sesp_update_state_t *outcome) {
  return has_outcome ? outcome->run : 0u;
}

/** The record of an update, once the outcome of the run before is known. `pending` counts with `has_pending` only. */
/*@ requires SESP_CORE_OK(core) && \valid_read(pending) && \separated(core, pending);
    requires has_pending ==> SESP_PENDING_OK(pending);
    requires \valid_read(outcome) && \separated(core, outcome);
    requires has_outcome ==> outcome->from[SESP_VERSION_MAX_BYTES] == 0 && outcome->to[SESP_VERSION_MAX_BYTES] == 0;
    assigns *core;
    ensures SESP_CORE_OK(core); */
static void resolve(sesp_core_t *core, bool has_pending, const sesp_pending_t *pending, bool has_outcome,
                    const sesp_update_state_t *outcome) {
  const bool is_own = is_own_record(core, has_pending, pending);
  restore_counter(core, pending_run(has_pending, pending), outcome_run(has_outcome, outcome));
  restore_version(core, is_own, pending);
  if (core->config.boot_pending) {
    resolve_unconfirmed(core, is_own, pending);
    return;
  }
  if (!has_pending) {
    restore_outcome(core, has_outcome, outcome);
    return;
  }
  /* The record outlived its outcome: power was lost between writing the one and erasing the other. */
  if (is_settled(pending, has_outcome, outcome)) {
    (void)sesp_erase_pending(core);
    restore_outcome(core, has_outcome, outcome);
    return;
  }
  resolve_update(core, is_own, pending);
}

void sesp_boot_resolve(sesp_core_t *core) {
  sesp_pending_t pending;
  sesp_update_state_t outcome;
  const bool has_pending = sesp_load_pending(core, &pending) == SESP_KV_OK;
  const bool has_outcome = sesp_load_outcome(core, &outcome) == SESP_KV_OK;
  resolve(core, has_pending, &pending, has_outcome, &outcome);
}
