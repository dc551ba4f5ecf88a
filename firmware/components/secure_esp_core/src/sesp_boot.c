/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_config_defaults.h"
#include "sesp_internal.h"
#include "sesp_text.h"

static bool same_identity(const uint8_t *a, const uint8_t *b) {
  return memcmp(a, b, SESP_IDENTITY_BYTES) == 0;
}

/** A reset that says nothing about the image: somebody took the power away. */
static bool is_excused(sesp_status_reset_reason_t reason) {
  return reason != SESP_STATUS_RESET_REASON_PANIC && reason != SESP_STATUS_RESET_REASON_WATCHDOG &&
         reason != SESP_STATUS_RESET_REASON_SOFTWARE;
}

/** A reset that the image itself caused. */
static bool is_crash(sesp_status_reset_reason_t reason) {
  return reason == SESP_STATUS_RESET_REASON_PANIC || reason == SESP_STATUS_RESET_REASON_WATCHDOG;
}

static void block(const sesp_core_t *core, const sesp_pending_t *pending) {
  sesp_blocked_t blocked;
  memset(&blocked, 0, sizeof(blocked));
  memcpy(blocked.identity, pending->identity, SESP_IDENTITY_BYTES);
  memcpy(blocked.etag, pending->etag, sizeof(blocked.etag));
  (void)sesp_store_blocked(core, &blocked);
}

/** Blocks the image, or counts one more power loss. Counting the same run twice changes nothing. */
static void judge(const sesp_core_t *core, const sesp_pending_t *pending) {
  sesp_attempts_t attempts;
  if (pending->failed || !is_excused(core->config.reset_reason)) {
    block(core, pending);
    return;
  }
  if (sesp_load_attempts(core, &attempts) != SESP_KV_OK || !same_identity(attempts.identity, pending->identity)) {
    memset(&attempts, 0, sizeof(attempts));
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

static void report(sesp_core_t *core, uint32_t run, const char *from, const char *to) {
  memset(&core->report, 0, sizeof(core->report));
  core->report.run = run;
  core->report.reason_is_null = true;
  sesp_text_printable(core->report.from, sizeof(core->report.from), from);
  core->report.to_is_null = to == NULL;
  if (to != NULL) {
    sesp_text_printable(core->report.to, sizeof(core->report.to), to);
  }
}

static void load_installed(sesp_core_t *core) {
  sesp_installed_t installed;
  sesp_text_printable(core->version, sizeof(core->version), core->config.version);
  core->installed_etag[0] = '\0';
  if (sesp_load_installed(core, &installed) != SESP_KV_OK ||
      !same_identity(installed.identity, core->config.identity)) {
    return;
  }
  memcpy(core->installed_etag, installed.etag, sizeof(core->installed_etag));
  if (installed.version[0] != '\0') {
    sesp_text_printable(core->version, sizeof(core->version), installed.version);
  }
}

/** No update was under way at the last reset, or only one that had not written a record yet. */
static void restore_outcome(sesp_core_t *core, const sesp_update_state_t *outcome) {
  if (outcome != NULL) {
    core->report = *outcome;
  } else {
    report(core, 0, core->version, NULL);
    core->report.state = SESP_UPDATE_STATE_STATE_IDLE;
  }
  if (core->run_counter > core->report.run) {
    report(core, core->run_counter, core->version, NULL);
    sesp_run_outcome(core, SESP_UPDATE_STATE_STATE_FAILED, (sesp_verdict_t)SESP_UPDATE_STATE_REASON_TRUNCATED);
  }
}

static void await_confirmation(sesp_core_t *core, const sesp_pending_t *own) {
  if (own != NULL) {
    report(core, own->run, own->from, core->version);
  } else {
    /* Installed by other means than this core, or its record was lost: still to be confirmed. */
    (void)sesp_erase_pending(core);
    report(core, core->run_counter, "", core->version);
  }
  core->report.state = SESP_UPDATE_STATE_STATE_PENDING_CONFIRM;
  sesp_confirm_begin(core);
}

static void report_rolled_back(sesp_core_t *core, const sesp_pending_t *pending) {
  judge(core, pending);
  report(core, pending->run, pending->from, pending->to);
  core->rolled_back = true;
  memcpy(core->rolled_back_version, core->report.to, sizeof(core->rolled_back_version));
  sesp_run_outcome(core, SESP_UPDATE_STATE_STATE_ROLLED_BACK, (sesp_verdict_t)SESP_UPDATE_STATE_REASON_NOT_CONFIRMED);
  (void)sesp_erase_pending(core);
}

static uint32_t larger(uint32_t a, uint32_t b) {
  return a > b ? a : b;
}

void sesp_boot_resolve(sesp_core_t *core) {
  sesp_pending_t pending;
  sesp_update_state_t outcome;
  uint32_t counter = 0;
  const bool has_pending = sesp_load_pending(core, &pending) == SESP_KV_OK;
  const bool has_outcome = sesp_load_outcome(core, &outcome) == SESP_KV_OK;
  const bool is_own = has_pending && same_identity(pending.identity, core->config.identity);
  if (sesp_load_run_counter(core, &counter) != SESP_KV_OK) {
    counter = 0;
  }
  /* A counter that was lost must not repeat a number that was already reported. */
  counter = larger(counter, has_outcome ? outcome.run : 0u);
  core->run_counter = larger(counter, has_pending ? pending.run : 0u);

  load_installed(core);
  if (is_own && pending.stated) {
    sesp_text_printable(core->version, sizeof(core->version), pending.to);
  }
  /* The record outlived its outcome: power was lost between writing the one and erasing the other. */
  const bool is_settled = has_pending && has_outcome && outcome.run >= pending.run;
  if (core->config.boot_pending) {
    await_confirmation(core, is_own ? &pending : NULL);
  } else if (has_pending && !is_settled && is_own) {
    /*
     * Confirmed just before the power went; or the boot record lost its state, as its checksum covers the sequence number
     * only, so that the bootloader boots the image for ever without a judgement. Nothing here tells the one from the
     * other, so the image proves itself again.
     */
    await_confirmation(core, &pending);
    core->confirm.given_up = pending.failed || is_crash(core->config.reset_reason);
  } else if (has_pending && !is_settled) {
    report_rolled_back(core, &pending);
  } else {
    if (has_pending) {
      (void)sesp_erase_pending(core);
    }
    restore_outcome(core, has_outcome ? &outcome : NULL);
  }
}
