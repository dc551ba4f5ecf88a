/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_internal.h"
#include "sesp_text.h"

#define LINE_BYTES (256u)
_Static_assert(LINE_BYTES - 1u <= SESP_LOG_MAX_BYTES, "a log line does not fit the contract");

static const char *level_text(sesp_log_level_t level) {
  switch (level) {
    case SESP_LOG_SUCCESS:
      return "[SUCCESS] ";
    case SESP_LOG_WARNING:
      return "[WARNING] ";
    case SESP_LOG_ERROR:
    default:
      return "[ERROR] ";
  }
}

static uint32_t send(sesp_core_t *core, sesp_scope_t scope, const char *line, size_t len) {
  sesp_publish_t message;
  memset(&message, 0, sizeof(message));
  message.payload = (const uint8_t *)line;
  message.payload_len = len;
  message.qos = SESP_TOPIC_LOG_QOS;
  message.retain = SESP_TOPIC_LOG_RETAIN;
  return sesp_send(core, SESP_TOPIC_LOG, scope, NULL, &message) == SESP_OK ? message.token : 0u;
}

uint32_t sesp_log_line(sesp_core_t *core, sesp_log_level_t level, const char *text) {
  char line[LINE_BYTES];
  sesp_text_t out = sesp_text_begin(line, sizeof(line));
  sesp_text_add(&out, "secure_esp: ");
  sesp_text_add(&out, level_text(level));
  sesp_text_add(&out, text);
  sesp_text_add(&out, " (");
  sesp_text_add(&out, core->config.device_id);
  sesp_text_add(&out, ")");
  sesp_call_log(core, level, line);
  if (core->config.broadcast_log) {
    (void)send(core, SESP_SCOPE_ALL, line, out.len);
  }
  return send(core, SESP_SCOPE_DEVICE, line, out.len);
}
