/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_config_defaults.h"
#include "sesp_internal.h"

void sesp_confirm_begin(sesp_core_t *core) {
  core->phase = SESP_PHASE_PENDING_CONFIRM;
  core->confirm.poll_ms = core->boot_ms + SESP_CONFIRM_POLL_MS;
  core->confirm.probe_ms = 0;
}

/** The record of the running image; made up when its update left none. */
/*@ requires SESP_CORE_OK(core) && \valid(out) && \separated(core, out);
    assigns *out;
    ensures SESP_PENDING_OK(out); */
static void load_own_record(const sesp_core_t *core, sesp_pending_t *out) {
  if (sesp_load_pending(core, out) == SESP_KV_OK &&
      memcmp(out->identity, core->config.identity, SESP_IDENTITY_BYTES) == 0) {
    return;
  }
  out->run = core->report.run;
  out->stated = false;
  out->failed = false;
  memcpy(out->identity, core->config.identity, SESP_IDENTITY_BYTES);
  memcpy(out->from, core->report.from, sizeof(out->from));
  memcpy(out->to, core->version, sizeof(out->to));
  memset(out->etag, 0, sizeof(out->etag));
}

/*@ requires \valid_read(core) && \valid_read(pending); assigns \nothing; */
static void store_installed(const sesp_core_t *core, const sesp_pending_t *pending) {
  sesp_installed_t installed = {0};
  memcpy(installed.identity, pending->identity, SESP_IDENTITY_BYTES);
  memcpy(installed.etag, pending->etag, sizeof(installed.etag));
  if (pending->stated) {
    memcpy(installed.version, pending->to, sizeof(installed.version));
  }
  (void)sesp_store_installed(core, &installed);
}

/*@ requires SESP_CORE_OK(core) && \valid_read(pending) && \separated(core, pending) && SESP_PENDING_OK(pending);
    assigns core->report;
    ensures SESP_CORE_OK(core); */
static void report_update(sesp_core_t *core, const sesp_pending_t *pending) {
  core->report.run = pending->run;
  core->report.to_is_null = false;
  core->report.bytes = 0;
  core->report.total = 0;
  memcpy(core->report.from, pending->from, sizeof(core->report.from));
  memcpy(core->report.to, pending->to, sizeof(core->report.to));
}

/** Writes everything that follows a confirmed boot, in an order in which power may be lost anywhere. */
/*@ requires SESP_CORE_OK(core) && \valid_read(pending) && \separated(core, pending) && SESP_PENDING_OK(pending);
    assigns *core;
    ensures SESP_CORE_OK(core); */
static void settle(sesp_core_t *core, const sesp_pending_t *pending) {
  store_installed(core, pending);
  memcpy(core->installed_etag, pending->etag, sizeof(core->installed_etag));
  report_update(core, pending);
  sesp_run_outcome(core, SESP_UPDATE_STATE_STATE_CONFIRMED, SESP_VERDICT_GOOD);

  /* Last: until the record is gone, the next boot repeats what may have been missed. */
  (void)sesp_erase_attempts(core);
  (void)sesp_erase_blocked(core);
  (void)sesp_erase_pending(core);
}

/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
static void confirm(sesp_core_t *core) {
  sesp_pending_t pending;
  load_own_record(core, &pending);
  if (sesp_call_boot_confirm(core) != SESP_OK) {
    sesp_call_log(core, SESP_LOG_ERROR, "secure_esp: [ERROR] the boot could not be confirmed yet");
    return;
  }
  sesp_probe_stop(core);
  core->phase = SESP_PHASE_IDLE;
  settle(core, &pending);
  (void)sesp_log_line(core, SESP_LOG_SUCCESS, "OTA-Update confirmed");
}

void sesp_confirm_roll_back(sesp_core_t *core, const char *why) {
  sesp_pending_t pending;
  sesp_probe_stop(core);
  load_own_record(core, &pending);
  if (!pending.failed) {
    pending.failed = true;
    /* If this cannot be stored, the software reset that follows tells the previous image the same. */
    (void)sesp_store_pending(core, &pending);
  }
  if (sesp_call_boot_rollback(core) != SESP_OK) {
    core->confirm.poll_ms = sesp_now(core) + SESP_CONFIRM_GRACE_MS;
    sesp_call_log(core, SESP_LOG_ERROR, "secure_esp: [ERROR] there is no image to roll back to");
    return;
  }
  core->phase = SESP_PHASE_ROLLING_BACK;
  sesp_schedule_restart(core, sesp_log_line(core, SESP_LOG_ERROR, why));
}

/** Past the deadline, healthy and without an acknowledged status: is it us or is it the network? */
/*@ requires SESP_CORE_OK(core) && now <= SESP_CLOCK_MAX_MS; assigns *core; ensures SESP_CORE_OK(core); */
static void judge_silence(sesp_core_t *core, uint64_t now) {
  if (core->connected) {
    if (now >= core->confirm.connected_ms + SESP_CONFIRM_GRACE_MS) {
      sesp_confirm_roll_back(core, "OTA-Update not confirmed: the broker does not acknowledge. Rolling back");
    }
  } else if (core->confirm.failure != SESP_CONNECT_UNREACHABLE) {
    sesp_confirm_roll_back(core, "OTA-Update not confirmed: the broker refuses the connection. Rolling back");
  } else if (now >= core->boot_ms + (uint64_t)core->config.confirm_offline_max_s * 1000u) {
    sesp_confirm_roll_back(core, "OTA-Update not confirmed: the broker was not reachable for too long. Rolling back");
  } else if (!core->confirm.probing && now >= core->confirm.probe_ms) {
    sesp_probe_start(core, now);
  }
}

void sesp_confirm_evaluate(sesp_core_t *core) {
  if (core->phase != SESP_PHASE_PENDING_CONFIRM) {
    return;
  }
  const uint64_t now = sesp_now(core);
  const sesp_health_t health = sesp_call_health(core);
  core->confirm.poll_ms = now + SESP_CONFIRM_POLL_MS;
  if (core->confirm.given_up) {
    /* Once: where there is nothing to roll back to, it may still prove itself. */
    core->confirm.given_up = false;
    sesp_confirm_roll_back(core, "OTA-Update not confirmed: it failed before the last restart. Rolling back");
    return;
  }
  if (core->confirm.status_acked && health == SESP_HEALTH_GOOD) {
    confirm(core);
    return;
  }
  if (now < core->boot_ms + (uint64_t)core->config.confirm_deadline_s * 1000u) {
    return;
  }
  if (health != SESP_HEALTH_GOOD) {
    sesp_confirm_roll_back(core, "OTA-Update not confirmed: the health check failed. Rolling back");
    return;
  }
  judge_silence(core, now);
}
