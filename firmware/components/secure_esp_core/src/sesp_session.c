/* SPDX-License-Identifier: MIT */
#include "sesp_internal.h"
#include "sesp_text.h"

#define ALL_DIRTY \
  ((uint8_t)(SESP_DIRTY_SUBSCRIPTIONS + SESP_DIRTY_STATUS + SESP_DIRTY_SETTINGS + SESP_DIRTY_STATE))

/** Once per boot, as the first words on the log topic. */
static void greet(sesp_core_t *core) {
  char text[96];
  if (core->greeted) {
    return;
  }
  core->greeted = true;
  sesp_text_t line = sesp_text_begin(text, sizeof(text));
  sesp_text_add(&line, "ESP32 successfully booted and connected. Running firmware version: ");
  sesp_text_add(&line, core->version);
  (void)sesp_log_line(core, SESP_LOG_SUCCESS, text);
  if (core->rolled_back) {
    line = sesp_text_begin(text, sizeof(text));
    sesp_text_add(&line, "OTA-Update was rolled back: ");
    sesp_text_add(&line, core->rolled_back_version);
    (void)sesp_log_line(core, SESP_LOG_ERROR, text);
  }
}

void sesp_on_connected(sesp_core_t *core) {
  if (core->phase == SESP_PHASE_HALTED) {
    return;
  }
  core->connected = true;
  core->subscribed = 0;
  core->confirm.connected_ms = sesp_now(core);
  core->confirm.failure = SESP_CONNECT_UNREACHABLE;
  sesp_probe_stop(core);
  sesp_events_mark(core, ALL_DIRTY);
  sesp_events_flush(core);
  greet(core);
}

void sesp_on_disconnected(sesp_core_t *core) {
  core->connected = false;
  core->status_token = 0;
  core->state_token = 0;
  core->restart_token = 0;
  core->flush_ms = SESP_NEVER_MS;
  core->confirm.connected_ms = SESP_NEVER_MS;
}

void sesp_on_connect_failed(sesp_core_t *core, sesp_connect_failure_t failure) {
  if (!core->connected) {
    core->confirm.failure = failure;
  }
}

void sesp_on_published(sesp_core_t *core, uint32_t token) {
  if (core->phase == SESP_PHASE_HALTED || token == 0u) {
    return;
  }
  if (token == core->status_token) {
    core->confirm.status_acked = true;
    sesp_confirm_evaluate(core);
  }
  if (token == core->restart_token && core->restart_ms != SESP_NEVER_MS) {
    sesp_restart_now(core);
  }
}
