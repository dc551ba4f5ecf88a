/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_internal.h"
#include "sesp_text.h"

_Static_assert(SESP_REPLIES_MAX_BYTES <= SESP_EVENT_MAX_BYTES, "a reply does not fit the scratch buffer");

#define LOG_TEXT_BYTES (160u)

/** True if `text` is exactly this device's id. */
static bool is_own_id(const sesp_core_t *core, const char *text, size_t len) {
  return sesp_text_length(core->config.device_id, SESP_DEVICE_ID_MAX_BYTES) == len &&
         memcmp(core->config.device_id, text, len) == 0;
}

void sesp_command_begin(const sesp_core_t *core, const sesp_inbound_t *in, const sesp_topic_match_t *match,
                        sesp_command_t *out) {
  sesp_topic_match_t reply;
  out->in = in;
  out->topic = match->topic;
  out->scope = match->scope;
  memset(out->client, 0, sizeof(out->client));
  if (match->scope != SESP_SCOPE_DEVICE || in->response_topic == NULL ||
      !sesp_topic_match(in->response_topic, in->response_topic_len, &reply)) {
    return;
  }
  /* Only below the own reply topic: a command must not make the device publish anywhere else. */
  if (reply.topic != SESP_TOPIC_REPLIES ||
      !is_own_id(core, in->response_topic + reply.device_offset, reply.device_len)) {
    return;
  }
  sesp_text_copy(out->client, sizeof(out->client), in->response_topic + reply.client_offset, reply.client_len);
}

static uint32_t send(sesp_core_t *core, const sesp_command_t *command, const sesp_replies_t *reply) {
  sesp_publish_t message;
  if (command->client[0] == '\0') {
    return 0;
  }
  memset(&message, 0, sizeof(message));
  if (sesp_replies_encode(reply, core->payload, sizeof(core->payload), &message.payload_len) != SESP_CODEC_OK) {
    return 0;
  }
  message.payload = (const uint8_t *)core->payload;
  message.qos = SESP_TOPIC_REPLIES_QOS;
  message.retain = SESP_TOPIC_REPLIES_RETAIN;
  if (command->in->correlation != NULL) {
    message.correlation = command->in->correlation;
    message.correlation_len = command->in->correlation_len;
  }
  const sesp_result_t result = sesp_send(core, SESP_TOPIC_REPLIES, SESP_SCOPE_DEVICE, command->client, &message);
  return result == SESP_OK ? message.token : 0u;
}

uint32_t sesp_reply_ok(sesp_core_t *core, const sesp_command_t *command, const uint32_t *run) {
  sesp_replies_t reply;
  memset(&reply, 0, sizeof(reply));
  reply.kind = SESP_REPLIES_KIND_OK_TRUE;
  reply.as.ok_true.has_run = run != NULL;
  reply.as.ok_true.run = run != NULL ? *run : 0u;
  return send(core, command, &reply);
}

static const char *command_name(sesp_topic_t topic) {
  switch (topic) {
    case SESP_TOPIC_UPDATE_URL:
      return "update/url";
    case SESP_TOPIC_UPDATE_USE_URL:
      return "update/use_url";
    case SESP_TOPIC_UPDATE_INTERVAL:
      return "update/interval";
    case SESP_TOPIC_UPDATE_RUN:
      return "update/run";
    case SESP_TOPIC_RESTART:
      return "restart";
    default:
      return "command";
  }
}

void sesp_refuse(sesp_core_t *core, const sesp_command_t *command, sesp_replies_code_t code, const char *detail) {
  char text[LOG_TEXT_BYTES];
  sesp_replies_t reply;
  memset(&reply, 0, sizeof(reply));
  reply.kind = SESP_REPLIES_KIND_OK_FALSE;
  reply.as.ok_false.code = code;
  sesp_text_printable(reply.as.ok_false.detail, sizeof(reply.as.ok_false.detail), detail);
  (void)send(core, command, &reply);

  sesp_text_t line = sesp_text_begin(text, sizeof(text));
  sesp_text_add(&line, command_name(command->topic));
  sesp_text_add(&line, ": ");
  sesp_text_add(&line, detail);
  (void)sesp_log_line(core, SESP_LOG_ERROR, text);
}

void sesp_refuse_payload(sesp_core_t *core, const sesp_command_t *command, sesp_codec_t fault, const char *detail) {
  sesp_replies_code_t code = SESP_REPLIES_CODE_BAD_PAYLOAD;
  if (fault == SESP_CODEC_OUT_OF_RANGE) {
    code = SESP_REPLIES_CODE_OUT_OF_RANGE;
  } else if (fault == SESP_CODEC_TOO_LONG) {
    code = SESP_REPLIES_CODE_TOO_LONG;
  }
  sesp_refuse(core, command, code, detail);
}
