/* SPDX-License-Identifier: MIT */
/*
 * Topic match and dispatch. Input: flags, topic length, response topic length, correlation length, then these parts and
 * the payload. Whatever comes, the core publishes only on its own topics and stays within the contract.
 */
#include <stdlib.h>
#include <string.h>

#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static world_t world;

static size_t take(const uint8_t **data, size_t *size, size_t wanted) {
  const size_t len = wanted < *size ? wanted : *size;
  *data += len;
  *size -= len;
  return len;
}

static void check_messages(void) {
  for (size_t at = 0; at < world.message_count; at++) {
    sesp_topic_match_t match;
    const world_message_t *message = &world.messages[at];
    if (!sesp_topic_match(message->topic, strlen(message->topic), &match)) {
      abort();
    }
    if (match.scope == SESP_SCOPE_DEVICE &&
        strncmp(message->topic, DEVICE_TOPIC, strlen(DEVICE_TOPIC)) != 0) {
      abort();
    }
    if (match.topic == SESP_TOPIC_REPLIES) {
      sesp_replies_t reply;
      if (sesp_replies_decode((const uint8_t *)message->payload, strlen(message->payload), &reply) != SESP_CODEC_OK) {
        abort();
      }
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sesp_inbound_t in;
  if (size < 4u) {
    return 0;
  }
  memset(&in, 0, sizeof(in));
  const uint8_t *head = data;
  (void)take(&data, &size, 4);
  in.retained = head[0] % 16u == 15u;
  in.topic = (const char *)data;
  in.topic_len = take(&data, &size, head[1]);
  in.response_topic = (const char *)data;
  in.response_topic_len = take(&data, &size, head[2]);
  in.correlation = data;
  in.correlation_len = take(&data, &size, head[3] % 64u);
  in.payload = data;
  in.payload_len = size;
  world_ready(&world);
  sesp_on_message(&world.core, &in);
  sesp_on_message(&world.core, &in);
  check_messages();
  world_run(&world, 3000);
  if (world.violations != 0u || world.next != 0u) {
    abort();
  }
  return 0;
}
