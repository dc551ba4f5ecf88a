/* SPDX-License-Identifier: MIT */
#include "sesp_internal.h"

/** The commands a device listens to, in both scopes. */
static const sesp_topic_t COMMANDS[] = {SESP_TOPIC_UPDATE_URL, SESP_TOPIC_UPDATE_USE_URL, SESP_TOPIC_UPDATE_INTERVAL,
                                        SESP_TOPIC_UPDATE_RUN, SESP_TOPIC_RESTART};
#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(COMMANDS[0]))

sesp_result_t sesp_send(sesp_core_t *core, sesp_topic_t topic, sesp_scope_t scope, const char *client,
                        sesp_publish_t *message) {
  char name[SESP_TOPIC_MAX_BYTES + 1u] = {0};
  const char *device = scope == SESP_SCOPE_DEVICE ? core->config.device_id : NULL;
  if (!core->connected) {
    return SESP_ERR_PORT;
  }
  if (sesp_topic_build(topic, scope, device, client, name, sizeof(name), &message->topic_len) != SESP_CODEC_OK) {
    return SESP_ERR_ARGUMENT;
  }
  core->next_token = core->next_token == UINT32_MAX ? 1u : core->next_token + 1u;
  message->token = core->next_token;
  message->topic = name;
  const sesp_result_t result = sesp_call_publish(core, message);
  message->topic = NULL;
  return result;
}

bool sesp_subscribe_next(sesp_core_t *core, sesp_result_t *result) {
  char filter[SESP_TOPIC_MAX_BYTES + 1u] = {0};
  size_t len = 0;
  *result = SESP_OK;
  if (core->subscribed >= 2u * COMMAND_COUNT) {
    return false;
  }
  const sesp_scope_t scope = core->subscribed < COMMAND_COUNT ? SESP_SCOPE_DEVICE : SESP_SCOPE_ALL;
  const char *device = scope == SESP_SCOPE_DEVICE ? core->config.device_id : NULL;
  const sesp_topic_t topic = COMMANDS[core->subscribed % COMMAND_COUNT];
  if (sesp_topic_build(topic, scope, device, NULL, filter, sizeof(filter), &len) == SESP_CODEC_OK) {
    *result = sesp_call_subscribe(core, filter, len);
  }
  if (*result == SESP_OK) {
    core->subscribed++;
  }
  return true;
}
