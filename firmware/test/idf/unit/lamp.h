/* SPDX-License-Identifier: MIT */
/* A product's contract as `secure-esp codegen c` would write it, as far as the component looks at it. */
#ifndef LAMP_H
#define LAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAMP_TOPIC_ROOT "/esp"
#define LAMP_TOPIC_MAX_BYTES (150u)
#define LAMP_PAYLOAD_MAX_BYTES (700u)

typedef enum { LAMP_CODEC_OK = 0, LAMP_CODEC_NO_SPACE = 4, LAMP_CODEC_BAD_VALUE = 5 } lamp_codec_t;

typedef enum {
  LAMP_TOPIC_NONE = 0,
  LAMP_TOPIC_UPDATE_RUN,      /* the component's: command */
  LAMP_TOPIC_UPDATE_INTERVAL, /* the component's: command */
  LAMP_TOPIC_STATUS,          /* the component's: event */
  LAMP_TOPIC_LEVEL,           /* command, one device */
  LAMP_TOPIC_SCENE,           /* command, one or all */
  LAMP_TOPIC_STATE,           /* event, retained */
  LAMP_TOPIC_ALARM,           /* event, on the topic of all */
  LAMP_TOPIC_COUNT
} lamp_topic_t;

typedef enum { LAMP_SCOPE_ALL = 0, LAMP_SCOPE_DEVICE = 1 } lamp_scope_t;

#define LAMP_TOPIC_STATE_QOS (1u)
#define LAMP_TOPIC_STATE_RETAIN (1u)
#define LAMP_TOPIC_ALARM_QOS (0u)
#define LAMP_TOPIC_ALARM_RETAIN (0u)

#define LAMP_TOPICS(X)                      \
  X(UPDATE_RUN, update_run, COMMAND)        \
  X(UPDATE_INTERVAL, update_interval, COMMAND) \
  X(STATUS, status, EVENT)                  \
  X(LEVEL, level, COMMAND)                  \
  X(SCENE, scene, COMMAND)                  \
  X(STATE, state, EVENT)                    \
  X(ALARM, alarm, EVENT)

typedef struct {
  lamp_topic_t topic;
  lamp_scope_t scope;
  size_t device_offset;
  size_t device_len;
  size_t client_offset;
  size_t client_len;
} lamp_topic_match_t;

bool lamp_topic_match(const char *topic, size_t topic_len, lamp_topic_match_t *out);
lamp_codec_t lamp_topic_build(lamp_topic_t topic, lamp_scope_t scope, const char *device, const char *client, char *out,
                              size_t out_cap, size_t *out_len);

#endif
