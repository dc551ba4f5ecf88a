/* SPDX-License-Identifier: MIT */
#include "sesp_internal.h"
#include "sesp_text.h"

#define NOT_STORED "the setting could not be stored"

/** Stores the payload as it came. False after refusing the command. */
/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command);
    requires command->in->payload_len <= SESP_PAYLOAD_MAX_BYTES;
    assigns *core;
    ensures SESP_CORE_OK(core); */
static bool store(sesp_core_t *core, const sesp_command_t *command, const char *key) {
  const sesp_inbound_t *in = command->in;
  if (sesp_call_kv_set(core, key, in->payload, in->payload_len) == SESP_OK) {
    return true;
  }
  sesp_refuse(core, command, SESP_REPLIES_CODE_UNSUPPORTED, NOT_STORED);
  return false;
}

/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command);
    assigns *core;
    ensures SESP_CORE_OK(core); */
static void done(sesp_core_t *core, const sesp_command_t *command, const char *text) {
  sesp_events_mark(core, SESP_DIRTY_SETTINGS);
  sesp_events_flush(core);
  (void)sesp_reply_ok(core, command, NULL);
  (void)sesp_log_line(core, SESP_LOG_SUCCESS, text);
}

void sesp_command_url(sesp_core_t *core, const sesp_command_t *command) {
  sesp_update_url_t url;
  const sesp_codec_t fault = sesp_update_url_decode(command->in->payload, command->in->payload_len, &url);
  if (fault != SESP_CODEC_OK) {
    sesp_refuse_payload(core, command, fault,
                        "the message must be an https URL of at most 255 bytes without user name and fragment");
    return;
  }
  if (!store(core, command, SESP_KEY_URL)) {
    return;
  }
  sesp_text_assign(core->settings.url, url.value, sizeof(core->settings.url));
  done(core, command, "Custom URL is written to storage");
  if (core->settings.use_url == 0u) {
    (void)sesp_log_line(core, SESP_LOG_WARNING,
                        "Custom url is not activated, because use_url is set to 0. "
                        "Set use_url to 1 to activate the custom url.");
  }
}

void sesp_command_use_url(sesp_core_t *core, const sesp_command_t *command) {
  sesp_update_use_url_t use_url;
  const sesp_codec_t fault = sesp_update_use_url_decode(command->in->payload, command->in->payload_len, &use_url);
  if (fault != SESP_CODEC_OK) {
    sesp_refuse_payload(core, command, fault, "Message is not 0 or 1");
    return;
  }
  if (use_url.value == 1u && core->settings.url[0] == '\0') {
    sesp_refuse(core, command, SESP_REPLIES_CODE_NO_URL, "no custom URL is stored, use_url stays 0");
    return;
  }
  if (!store(core, command, SESP_KEY_USE_URL)) {
    return;
  }
  core->settings.use_url = use_url.value;
  done(core, command, use_url.value == 1u ? "use_url is now set to 1" : "use_url is now set to 0");
}

/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command);
    assigns *core;
    ensures SESP_CORE_OK(core); */
static void interval_done(sesp_core_t *core, const sesp_command_t *command, uint32_t seconds) {
  static const char set[] = "Update Interval set: ";
  char text[48];
  sesp_text_t line = sesp_text_begin(text, sizeof(text));
  /*@ assert sesp_addable_to(&line, &set[0], sizeof(set) - 1); */
  sesp_text_add(&line, set);
  sesp_text_add_u32(&line, seconds);
  done(core, command, text);
}

void sesp_command_interval(sesp_core_t *core, const sesp_command_t *command) {
  sesp_update_interval_t interval;
  const sesp_codec_t fault = sesp_update_interval_decode(command->in->payload, command->in->payload_len, &interval);
  if (fault != SESP_CODEC_OK) {
    sesp_refuse_payload(core, command, fault, "Update Interval must be a whole number of seconds from 300 to 9999999");
    return;
  }
  if (!store(core, command, SESP_KEY_INTERVAL)) {
    return;
  }
  core->settings.interval_s = interval.value;
  sesp_schedule_next_check(core);
  interval_done(core, command, interval.value);
}
