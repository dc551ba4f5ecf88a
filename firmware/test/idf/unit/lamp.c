/* SPDX-License-Identifier: MIT */
#include "lamp.h"

#include <stdio.h>
#include <string.h>

static const struct {
  const char *leaf;
  bool all;
  bool device;
} TOPICS[LAMP_TOPIC_COUNT] = {
    {"", false, false},           {"update/run", true, true}, {"update/interval", true, true}, {"status", false, true},
    {"app/level", false, true}, {"app/scene", true, true},  {"app/state", false, true},      {"app/alarm", true, false},
};

lamp_codec_t lamp_topic_build(lamp_topic_t topic, lamp_scope_t scope, const char *device, const char *client, char *out,
                              size_t out_cap, size_t *out_len) {
  const bool all = scope == LAMP_SCOPE_ALL;
  (void)client;
  out[0] = '\0';
  if (topic <= LAMP_TOPIC_NONE || topic >= LAMP_TOPIC_COUNT || !(all ? TOPICS[topic].all : TOPICS[topic].device)) {
    return LAMP_CODEC_BAD_VALUE;
  }
  const int len = all ? snprintf(out, out_cap, LAMP_TOPIC_ROOT "/%s", TOPICS[topic].leaf)
                      : snprintf(out, out_cap, LAMP_TOPIC_ROOT "/devices/%s/%s", device, TOPICS[topic].leaf);
  *out_len = (size_t)len;
  return *out_len < out_cap ? LAMP_CODEC_OK : LAMP_CODEC_NO_SPACE;
}

bool lamp_topic_match(const char *topic, size_t topic_len, lamp_topic_match_t *out) {
  static const char DEVICES[] = LAMP_TOPIC_ROOT "/devices/";
  const bool one = topic_len >= sizeof(DEVICES) && memcmp(topic, DEVICES, sizeof(DEVICES) - 1u) == 0;
  const char *const slash = one ? memchr(topic + sizeof(DEVICES) - 1u, '/', topic_len - sizeof(DEVICES) + 1u) : NULL;
  const size_t start = slash != NULL ? (size_t)(slash - topic) + 1u : sizeof(LAMP_TOPIC_ROOT);
  memset(out, 0, sizeof(*out));
  out->scope = one ? LAMP_SCOPE_DEVICE : LAMP_SCOPE_ALL;
  for (unsigned at = 1; start <= topic_len && at < LAMP_TOPIC_COUNT; at++) {
    const char *const leaf = TOPICS[at].leaf;
    if ((one ? TOPICS[at].device : TOPICS[at].all) && strlen(leaf) == topic_len - start &&
        memcmp(leaf, topic + start, topic_len - start) == 0) {
      out->topic = (lamp_topic_t)at;
      return true;
    }
  }
  return false;
}
