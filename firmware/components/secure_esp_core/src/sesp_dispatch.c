/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_internal.h"
#include "sesp_text.h"

static bool is_command(sesp_topic_t topic) {
  switch (topic) {
    case SESP_TOPIC_UPDATE_URL:
    case SESP_TOPIC_UPDATE_USE_URL:
    case SESP_TOPIC_UPDATE_INTERVAL:
    case SESP_TOPIC_UPDATE_RUN:
    case SESP_TOPIC_RESTART:
      return true;
    default:
      return false;
  }
}

static bool is_for_us(const sesp_core_t *core, const sesp_inbound_t *in, const sesp_topic_match_t *match) {
  if (match->scope == SESP_SCOPE_ALL) {
    return true;
  }
  return sesp_text_length(core->config.device_id, SESP_DEVICE_ID_MAX_BYTES) == match->device_len &&
         memcmp(core->config.device_id, in->topic + match->device_offset, match->device_len) == 0;
}

/** What may not be obeyed whatever the command is. True after refusing it. */
static bool refuse_unsafe(sesp_core_t *core, const sesp_command_t *command) {
  const sesp_inbound_t *in = command->in;
  /* A retained command would fire again at every connect: a restart loop. */
  if (in->retained) {
    sesp_refuse(core, command, SESP_REPLIES_CODE_RETAINED, "a retained message is not obeyed");
    return true;
  }
  if (in->correlation_len > SESP_CORRELATION_MAX_BYTES) {
    sesp_refuse(core, command, SESP_REPLIES_CODE_TOO_LONG, "correlation data may have 40 bytes at most");
    return true;
  }
  if (sesp_correlation_seen(&core->correlation, in->correlation, in->correlation_len)) {
    sesp_refuse(core, command, SESP_REPLIES_CODE_DUPLICATE, "this command was received before");
    return true;
  }
  return false;
}

void sesp_on_message(sesp_core_t *core, const sesp_inbound_t *in) {
  sesp_topic_match_t match;
  sesp_command_t command;
  if (core->phase == SESP_PHASE_HALTED || in->topic == NULL || !sesp_topic_match(in->topic, in->topic_len, &match) ||
      !is_command(match.topic) || !is_for_us(core, in, &match)) {
    return;
  }
  sesp_inbound_t clean = *in;
  if (clean.correlation == NULL) {
    clean.correlation_len = 0;
  }
  sesp_command_begin(core, &clean, &match, &command);
  if (refuse_unsafe(core, &command)) {
    return;
  }
  sesp_correlation_remember(&core->correlation, clean.correlation, clean.correlation_len);
  if (match.topic == SESP_TOPIC_UPDATE_URL) {
    sesp_command_url(core, &command);
  } else if (match.topic == SESP_TOPIC_UPDATE_USE_URL) {
    sesp_command_use_url(core, &command);
  } else if (match.topic == SESP_TOPIC_UPDATE_INTERVAL) {
    sesp_command_interval(core, &command);
  } else if (match.topic == SESP_TOPIC_UPDATE_RUN) {
    sesp_command_run(core, &command);
  } else {
    sesp_command_restart(core, &command); /* is_command() leaves no other */
  }
}
