/* SPDX-License-Identifier: MIT */
#include "sesp_internal.h"

#define NOT_EMPTY "the message must be empty"
#define NOT_REMEMBERED "the command could not be remembered"
#define RUNNING "Update Process is running"
#define RESTARTING "the device is about to restart"

/** A run, a restart or an update that awaits its confirmation. True after refusing the command. */
/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command);
    assigns *core;
    ensures SESP_CORE_OK(core); */
static bool refuse_if_busy(sesp_core_t *core, const sesp_command_t *command) {
  if (!sesp_run_active(core)) {
    return false;
  }
  sesp_refuse(core, command, SESP_REPLIES_CODE_BUSY, core->phase == SESP_PHASE_IDLE ? RESTARTING : RUNNING);
  return true;
}

/** Makes a repeat of this command recognisable even after a restart. False after refusing the command. */
/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command);
    assigns *core;
    ensures SESP_CORE_OK(core); */
static bool remember_durably(sesp_core_t *core, const sesp_command_t *command) {
  if (command->in->correlation_len == 0u || sesp_store_correlation(core, &core->correlation) == SESP_OK) {
    return true;
  }
  sesp_refuse(core, command, SESP_REPLIES_CODE_UNSUPPORTED, NOT_REMEMBERED);
  return false;
}

void sesp_command_run(sesp_core_t *core, const sesp_command_t *command) {
  const sesp_codec_t fault = sesp_update_run_decode(command->in->payload, command->in->payload_len);
  if (fault != SESP_CODEC_OK) {
    sesp_refuse_payload(core, command, fault, NOT_EMPTY);
    return;
  }
  if (refuse_if_busy(core, command)) {
    return;
  }
  if (sesp_settings_url(core) == NULL) {
    sesp_refuse(core, command, SESP_REPLIES_CODE_NO_URL, "there is no URL to update from");
    return;
  }
  if (!remember_durably(core, command)) {
    return;
  }
  if (command->scope == SESP_SCOPE_ALL && core->config.broadcast_run_spread_s > 0u) {
    if (core->delayed_run_ms == SESP_NEVER_MS) {
      core->delayed_run_ms =
          sesp_now(core) + sesp_random_below(core, core->config.broadcast_run_spread_s * 1000u + 1u);
    }
    return;
  }
  if (command->scope == SESP_SCOPE_DEVICE) {
    /* An operator who addresses this device knows what he does: a blocked image gets another chance. */
    (void)sesp_erase_attempts(core);
    (void)sesp_erase_blocked(core);
  }
  if (sesp_run_number(core) != SESP_OK) {
    sesp_refuse(core, command, SESP_REPLIES_CODE_UNSUPPORTED, "the run could not be counted");
    return;
  }
  (void)sesp_reply_ok(core, command, &core->run_counter);
  sesp_run_begin(core);
}

void sesp_command_restart(sesp_core_t *core, const sesp_command_t *command) {
  const sesp_codec_t fault = sesp_restart_decode(command->in->payload, command->in->payload_len);
  if (fault != SESP_CODEC_OK) {
    sesp_refuse_payload(core, command, fault, NOT_EMPTY);
    return;
  }
  /* The bootloader would take a restart now for a failed update. */
  if (core->phase == SESP_PHASE_PENDING_CONFIRM) {
    sesp_refuse(core, command, SESP_REPLIES_CODE_BUSY, "an update awaits its confirmation");
    return;
  }
  if (!remember_durably(core, command)) {
    return;
  }
  const uint32_t reply = sesp_reply_ok(core, command, NULL);
  const uint32_t line = sesp_log_line(core, SESP_LOG_SUCCESS, "Restart ESP32...");
  sesp_schedule_restart(core, reply != 0u ? reply : line);
}
