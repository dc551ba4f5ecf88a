/* SPDX-License-Identifier: MIT */
/*
 * Commands of the application, with the rules that the core has for its own: what is retained or repeated is not obeyed,
 * and replies go below this device's own topic for replies only.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sesp_idf.h"

/** A command while it is looked at. */
typedef struct {
  const sesp_inbound_t *in;
  secure_esp_command_t shown; /**< what the application sees */
  bool replied;
} command_t;

/** The task that runs the callback, 0 while none runs; its command is s_now. */
static atomic_uintptr_t s_task;
static command_t *s_now;
static sesp_correlation_t s_seen;

static bool seen_before(const uint8_t *data, size_t len) {
  for (size_t at = 0; at < SESP_CORRELATION_SLOTS; at++) {
    if (len > 0u && s_seen.len[at] == len && memcmp(s_seen.data[at], data, len) == 0) {
      return true;
    }
  }
  return false;
}

static void remember(const uint8_t *data, size_t len) {
  if (len == 0u) {
    return;
  }
  memcpy(s_seen.data[s_seen.next], data, len);
  s_seen.len[s_seen.next] = (uint8_t)len;
  s_seen.next = (uint8_t)((s_seen.next + 1u) % SESP_CORRELATION_SLOTS);
}

/** Only below the own topic for replies: a command must not make the device publish anywhere else. */
static bool wants_reply(const sesp_inbound_t *in, bool all) {
  sesp_topic_match_t match;
  const char *const id = sesp_idf_identity()->device_id;
  return !all && in->response_topic != NULL && sesp_topic_match(in->response_topic, in->response_topic_len, &match) &&
         match.topic == SESP_TOPIC_REPLIES && strlen(id) == match.device_len &&
         memcmp(id, in->response_topic + match.device_offset, match.device_len) == 0;
}

static sesp_result_t reply(const command_t *command, const void *payload, size_t len) {
  const sesp_inbound_t *const in = command->in;
  const sesp_publish_t message = {.topic = in->response_topic, .topic_len = in->response_topic_len,
                                  .payload = payload, .payload_len = len,
                                  .correlation = in->correlation, .correlation_len = in->correlation_len,
                                  .qos = SESP_TOPIC_REPLIES_QOS, .retain = SESP_TOPIC_REPLIES_RETAIN};
  return command->shown.wants_reply ? sesp_idf_publish(&message) : SESP_OK;
}

/** The topic without root and device. */
static void leaf_of(const command_t *command, const char **leaf, size_t *len) {
  const size_t root = sizeof(SESP_TOPIC_ROOT "/") - 1u;
  const size_t device = sizeof("devices/") + strlen(sesp_idf_identity()->device_id);
  const size_t before = command->shown.all ? root : root + device;
  *leaf = command->in->topic + before;
  *len = command->in->topic_len - before;
}

static void refuse(const command_t *command, sesp_replies_code_t code, const char *detail) {
  char text[SESP_REPLIES_MAX_BYTES];
  char line[SESP_IDF_LOG_TEXT_BYTES];
  const char *leaf = NULL;
  size_t len = 0;
  sesp_replies_t answer;
  memset(&answer, 0, sizeof(answer));
  answer.kind = SESP_REPLIES_KIND_OK_FALSE;
  answer.as.ok_false.code = code;
  (void)strlcpy(answer.as.ok_false.detail, detail, sizeof(answer.as.ok_false.detail));
  if (sesp_replies_encode(&answer, text, sizeof(text), &len) == SESP_CODEC_OK) {
    (void)reply(command, text, len);
  }
  leaf_of(command, &leaf, &len);
  (void)snprintf(line, sizeof(line), "%.*s: %s", (int)len, leaf, detail);
  sesp_idf_log_line(SESP_LOG_ERROR, line);
}

/** @return true after refusing it */
static bool refuse_unsafe(const command_t *command) {
  const sesp_inbound_t *const in = command->in;
  if (in->retained) {
    refuse(command, SESP_REPLIES_CODE_RETAINED, "a retained message is not obeyed");
    return true;
  }
  if (in->correlation_len > SESP_CORRELATION_MAX_BYTES) {
    refuse(command, SESP_REPLIES_CODE_TOO_LONG, "correlation data may have 40 bytes at most");
    return true;
  }
  if (seen_before(in->correlation, in->correlation_len)) {
    refuse(command, SESP_REPLIES_CODE_DUPLICATE, "this command was received before");
    return true;
  }
  remember(in->correlation, in->correlation_len);
  /* Its bytes were not kept. */
  if (in->payload_len > sesp_idf_application()->contract->payload_max_bytes) {
    refuse(command, SESP_REPLIES_CODE_TOO_LONG, "the payload is longer than any of the contract");
    return true;
  }
  return false;
}

bool sesp_idf_application_message(const sesp_inbound_t *in) {
  static const uint8_t EMPTY[1] = {0};
  const secure_esp_config_t *const application = sesp_idf_application();
  command_t command = {.in = in};
  command.shown.topic = sesp_idf_application_command(in->topic, in->topic_len, &command.shown.all);
  if (command.shown.topic == 0u) {
    return false;
  }
  command.shown.wants_reply = wants_reply(in, command.shown.all);
  command.shown.payload = in->payload != NULL ? in->payload : EMPTY;
  command.shown.payload_len = in->payload_len;
  if (!refuse_unsafe(&command)) {
    s_now = &command;
    atomic_store(&s_task, (uintptr_t)xTaskGetCurrentTaskHandle());
    application->on_command(application->user, &command.shown);
    atomic_store(&s_task, 0u);
    s_now = NULL;
  }
  return true;
}

esp_err_t secure_esp_reply(const secure_esp_command_t *command, const void *payload, size_t len) {
  if (command == NULL || payload == NULL || len == 0u) {
    return ESP_ERR_INVALID_ARG;
  }
  /* The rest is read on the task that wrote it. */
  const uintptr_t task = (uintptr_t)xTaskGetCurrentTaskHandle();
  if (task == 0u || atomic_load(&s_task) != task || command != &s_now->shown || s_now->replied) {
    return ESP_ERR_INVALID_STATE;
  }
  if (len > sesp_idf_application()->contract->payload_max_bytes) {
    return ESP_ERR_INVALID_SIZE;
  }
  s_now->replied = reply(s_now, payload, len) == SESP_OK;
  return s_now->replied ? ESP_OK : ESP_FAIL;
}
