/* SPDX-License-Identifier: MIT */
#include "sesp_config_defaults.h"
#include "sesp_internal.h"

uint64_t sesp_now(const sesp_core_t *core) {
  return sesp_call_now_ms(core);
}

uint32_t sesp_random_below(const sesp_core_t *core, uint32_t bound) {
  /* The bias of 2^-32 per value does not matter for jitter. */
  return (uint32_t)((uint64_t)sesp_call_random_u32(core) * bound / 4294967296u);
}

void sesp_schedule_first_check(sesp_core_t *core) {
  const uint32_t interval_s = core->settings.interval_s;
  const uint32_t window_s = interval_s < SESP_FIRST_CHECK_MAX_S ? interval_s : SESP_FIRST_CHECK_MAX_S;
  core->check_ms = SESP_NEVER_MS;
  if (core->config.automatic_checks) {
    core->check_ms = core->boot_ms + sesp_random_below(core, window_s * 1000u + 1u);
  }
}

void sesp_schedule_next_check(sesp_core_t *core) {
  core->check_ms = SESP_NEVER_MS;
  if (core->config.automatic_checks) {
    core->check_ms = sesp_now(core) + (uint64_t)core->settings.interval_s * 1000u;
  }
}

uint32_t sesp_backoff(const sesp_core_t *core, uint32_t min, uint32_t max, uint8_t times) {
  uint32_t pause = min;
  /*@ loop invariant pause <= 2000000000;
      loop assigns time, pause;
      loop variant times - time; */
  for (uint8_t time = 0; time < times && pause < max; time++) {
    pause *= 2u;
  }
  pause = pause < max ? pause : max;
  return pause + sesp_random_below(core, pause / 2u + 1u);
}

/** The network's or the server's fault, which may be gone soon. */
/*@ assigns \nothing; */
static bool is_transient(sesp_update_state_reason_t reason) {
  return reason == SESP_UPDATE_STATE_REASON_UNREACHABLE || reason == SESP_UPDATE_STATE_REASON_TLS ||
         reason == SESP_UPDATE_STATE_REASON_STALLED || reason == SESP_UPDATE_STATE_REASON_TRUNCATED ||
         reason == SESP_UPDATE_STATE_REASON_HTTP_STATUS;
}

void sesp_schedule_repeat(sesp_core_t *core, sesp_update_state_reason_t reason) {
  if (!is_transient(reason)) {
    core->repeats = 0;
    return;
  }
  const uint32_t pause_ms =
      sesp_backoff(core, SESP_REPEAT_MIN_S * 1000u, SESP_REPEAT_MAX_S * 1000u, core->repeats);
  const uint64_t next_ms = sesp_now(core) + pause_ms;
  core->repeats = (uint8_t)(core->repeats < UINT8_MAX ? core->repeats + 1u : UINT8_MAX);
  /* SESP_NEVER_MS: only commands start runs. */
  if (core->check_ms != SESP_NEVER_MS && next_ms < core->check_ms) {
    core->check_ms = next_ms;
  }
}

void sesp_schedule_restart(sesp_core_t *core, uint32_t token) {
  const uint64_t latest = sesp_now(core) + SESP_RESTART_WAIT_MS;
  core->restart_token = token;
  if (latest < core->restart_ms) {
    core->restart_ms = latest;
  }
}

void sesp_restart_now(sesp_core_t *core) {
  core->phase = SESP_PHASE_HALTED;
  sesp_call_restart(core);
}

/** Starts a run that no command waits for. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
static void run_unasked(sesp_core_t *core) {
  if (!sesp_run_active(core) && sesp_settings_url(core) != NULL && sesp_run_number(core) == SESP_OK) {
    sesp_run_begin(core);
  }
}

/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_on_tick(sesp_core_t *core) {
  if (core->phase == SESP_PHASE_HALTED) {
    return;
  }
  const uint64_t now = sesp_now(core);
  if (now >= core->restart_ms) {
    sesp_restart_now(core);
    return;
  }
  if (now >= core->flush_ms) {
    sesp_events_flush(core);
  }
  if (now >= core->delayed_run_ms) {
    core->delayed_run_ms = SESP_NEVER_MS;
    run_unasked(core);
  }
  if (now >= core->check_ms) {
    sesp_schedule_next_check(core);
    run_unasked(core);
  }
  if (core->phase == SESP_PHASE_RETRYING && now >= core->offer.retry_ms) {
    sesp_run_ask(core);
  }
  if (core->phase == SESP_PHASE_PENDING_CONFIRM && now >= core->confirm.poll_ms) {
    sesp_confirm_evaluate(core);
  }
}

/*@ assigns \nothing; */
static uint64_t earlier(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/*@ requires \valid_read(core); assigns \nothing; */
uint64_t sesp_next_tick_ms(const sesp_core_t *core) {
  if (core->phase == SESP_PHASE_HALTED) {
    return SESP_NEVER_MS;
  }
  uint64_t next = earlier(core->restart_ms, core->flush_ms);
  next = earlier(next, earlier(core->delayed_run_ms, core->check_ms));
  if (core->phase == SESP_PHASE_RETRYING) {
    next = earlier(next, core->offer.retry_ms);
  }
  if (core->phase == SESP_PHASE_PENDING_CONFIRM) {
    next = earlier(next, core->confirm.poll_ms);
  }
  return next;
}
