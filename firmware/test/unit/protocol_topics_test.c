/* SPDX-License-Identifier: MIT */
#include "protocol.h"
#include "suites.h"

#define DEVICE_64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CLIENT_16 "client_012345678"
#define CLIENT_64 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

/** Matches from a block of exactly the topic's size. */
static bool match(const char *topic, size_t len, sesp_topic_match_t *out) {
  char *const exact = malloc(len > 0u ? len : 1u);
  if (exact == NULL) {
    abort();
  }
  memcpy(exact, topic, len);
  memset(out, 0xA5, sizeof(*out));
  const bool known = sesp_topic_match(exact, len, out);
  free(exact);
  return known;
}

static bool matches(const char *topic, sesp_topic_t expected, sesp_scope_t scope) {
  sesp_topic_match_t out;
  return match(topic, strlen(topic), &out) && out.topic == expected && out.scope == scope;
}

static bool refused(const char *topic) {
  sesp_topic_match_t out;
  return !match(topic, strlen(topic), &out) && out.topic == SESP_TOPIC_NONE;
}

static void every_topic_is_matched_in_its_scopes(void) {
  static const struct {
    const char *leaf;
    sesp_topic_t topic;
    bool all;
  } topics[] = {
      {"update/url", SESP_TOPIC_UPDATE_URL, true},
      {"update/use_url", SESP_TOPIC_UPDATE_USE_URL, true},
      {"update/interval", SESP_TOPIC_UPDATE_INTERVAL, true},
      {"update/run", SESP_TOPIC_UPDATE_RUN, true},
      {"restart", SESP_TOPIC_RESTART, true},
      {"log", SESP_TOPIC_LOG, true},
      {"status", SESP_TOPIC_STATUS, false},
      {"update/state", SESP_TOPIC_UPDATE_STATE, false},
      {"settings", SESP_TOPIC_SETTINGS, false},
      {"replies/" CLIENT_16, SESP_TOPIC_REPLIES, false},
  };
  CHECK(COUNT_OF(topics) + 1u == (size_t)SESP_TOPIC_COUNT);
  for (size_t at = 0; at < COUNT_OF(topics); at++) {
    char topic[SESP_TOPIC_MAX_BYTES + 1u];
    (void)snprintf(topic, sizeof(topic), "/esp/devices/d/%s", topics[at].leaf);
    check_report(matches(topic, topics[at].topic, SESP_SCOPE_DEVICE), topic, __FILE__, __LINE__);
    (void)snprintf(topic, sizeof(topic), "/esp/%s", topics[at].leaf);
    const bool known = topics[at].all ? matches(topic, topics[at].topic, SESP_SCOPE_ALL) : refused(topic);
    check_report(known, topic, __FILE__, __LINE__);
  }
}

static void no_prefix_no_suffix_and_no_neighbour_is_matched(void) {
  static const char whole[] = "/esp/devices/d/update/url";
  for (size_t len = 0; len < sizeof(whole) - 1u; len++) {
    sesp_topic_match_t out;
    check_report(!match(whole, len, &out) && out.topic == SESP_TOPIC_NONE, whole, __FILE__, __LINE__);
  }
  static const char *const others[] = {
      "/esp/update/urls", "/esp/update/ur", "/esp/update/url/", "/esp/update/url/x", "/esp/update//url",
      "esp/update/url",
      "/esp/update/Url", "/ESP/update/url", "/esp2/update/url", "/es/update/url", " /esp/update/url",
      "/esp/update/use-url",
      "/esp", "/esp/", "/", "/esp/devices", "/esp/devices/", "/esp/devices/d", "/esp/devices/d/", "/esp/devices//log",
      "/esp/device/d/log", "/esp/devices/d/e/log", "/esp/devices/d/logs", "/esp/restart/now", "/esp/update",
      "/esp/replies",
  };
  for (size_t at = 0; at < COUNT_OF(others); at++) {
    check_report(refused(others[at]), others[at], __FILE__, __LINE__);
  }
}

static void wildcards_and_foreign_characters_are_no_parameters(void) {
  static const char *const others[] = {
      "/esp/devices/+/log", "/esp/devices/#", "/esp/#", "#", "+/log", "/esp/+", "/esp/devices/a+b/log",
      "/esp/devices/a b/log", "/esp/devices/a.b/log", "/esp/devices/a@b/log", "/esp/devices/a[b/log",
      "/esp/devices/a`b/log", "/esp/devices/a{b/log", "/esp/devices/a:b/log", "/esp/devices/\xc3\xa4/log",
      "/esp/devices/d/replies/+", "/esp/devices/d/replies/client+012345678",
  };
  for (size_t at = 0; at < COUNT_OF(others); at++) {
    check_report(refused(others[at]), others[at], __FILE__, __LINE__);
  }
  sesp_topic_match_t out;
  CHECK(!match("/esp/devices/a\0b/log", 21, &out));
  CHECK(!match("/esp/log\0", 9, &out));
  CHECK(matches("/esp/devices/AZaz09_-/log", SESP_TOPIC_LOG, SESP_SCOPE_DEVICE));
}

static void parameters_have_bounds_and_a_place(void) {
  sesp_topic_match_t out;
  const char *const topic = "/esp/devices/" DEVICE_64 "/replies/" CLIENT_64;
  CHECK(strlen(topic) == SESP_TOPIC_MAX_BYTES);
  CHECK(match(topic, strlen(topic), &out));
  CHECK(out.device_offset == 13u && out.device_len == SESP_DEVICE_ID_MAX_BYTES);
  CHECK(out.client_offset == 13u + 64u + 9u && out.client_len == SESP_CLIENT_ID_MAX_BYTES);
  CHECK(matches("/esp/devices/d/replies/" CLIENT_16, SESP_TOPIC_REPLIES, SESP_SCOPE_DEVICE));
  CHECK(refused("/esp/devices/" DEVICE_64 "a/log"));
  CHECK(refused("/esp/devices/d/replies/" CLIENT_64 "c"));
  CHECK(refused("/esp/devices/d/replies/client_01234567"));
  CHECK(refused("/esp/devices/d/replies/"));
  CHECK(refused("/esp/devices/d/replies/" CLIENT_16 "/"));
  CHECK(match("/esp/log", 8, &out));
  CHECK(out.device_len == 0u && out.client_len == 0u);
  CHECK(match("/esp/devices/d/log", 18, &out));
  CHECK(out.device_offset == 13u && out.device_len == 1u && out.client_len == 0u);
}

static sesp_codec_t build(sesp_topic_t topic, sesp_scope_t scope, const char *device, const char *client,
                          const char *expected) {
  char out[SESP_TOPIC_MAX_BYTES + 1u] = "old";
  size_t len = 99;
  const sesp_codec_t verdict = sesp_topic_build(topic, scope, device, client, out, sizeof(out), &len);
  CHECK_TEXT(out, expected);
  CHECK(len == strlen(expected));
  return verdict;
}

static void built_topics_are_whole(void) {
  CHECK(build(SESP_TOPIC_LOG, SESP_SCOPE_ALL, NULL, NULL, "/esp/log") == SESP_CODEC_OK);
  CHECK(build(SESP_TOPIC_LOG, SESP_SCOPE_DEVICE, "d", NULL, "/esp/devices/d/log") == SESP_CODEC_OK);
  CHECK(build(SESP_TOPIC_UPDATE_URL, SESP_SCOPE_ALL, NULL, NULL, SESP_TOPIC_UPDATE_URL_ALL) == SESP_CODEC_OK);
  CHECK(build(SESP_TOPIC_REPLIES, SESP_SCOPE_DEVICE, DEVICE_64, CLIENT_64,
              "/esp/devices/" DEVICE_64 "/replies/" CLIENT_64) == SESP_CODEC_OK);
  CHECK(build(SESP_TOPIC_REPLIES, SESP_SCOPE_DEVICE, "d", CLIENT_16, "/esp/devices/d/replies/" CLIENT_16) ==
        SESP_CODEC_OK);
}

static void what_is_no_topic_is_not_built(void) {
  CHECK(build(SESP_TOPIC_STATUS, SESP_SCOPE_ALL, NULL, NULL, "") == SESP_CODEC_BAD_VALUE);
  CHECK(build(SESP_TOPIC_NONE, SESP_SCOPE_ALL, NULL, NULL, "") == SESP_CODEC_BAD_VALUE);
  CHECK(build(SESP_TOPIC_NONE, SESP_SCOPE_DEVICE, "d", NULL, "") == SESP_CODEC_BAD_VALUE);
  CHECK(build(SESP_TOPIC_COUNT, SESP_SCOPE_DEVICE, "d", NULL, "") == SESP_CODEC_BAD_VALUE);
  CHECK(build((sesp_topic_t)77, SESP_SCOPE_ALL, NULL, NULL, "") == SESP_CODEC_BAD_VALUE);
  CHECK(build(SESP_TOPIC_LOG, (sesp_scope_t)2, "d", NULL, "") == SESP_CODEC_BAD_VALUE);
  static const char *const devices[] = {NULL, "", "+", "#", "a/b", "a b", "\xc3\xa4", DEVICE_64 "a"};
  for (size_t at = 0; at < COUNT_OF(devices); at++) {
    CHECK(build(SESP_TOPIC_LOG, SESP_SCOPE_DEVICE, devices[at], NULL, "") == SESP_CODEC_BAD_VALUE);
  }
  static const char *const clients[] = {NULL, "", "client_01234567", "client+012345678", CLIENT_64 "c"};
  for (size_t at = 0; at < COUNT_OF(clients); at++) {
    CHECK(build(SESP_TOPIC_REPLIES, SESP_SCOPE_DEVICE, "d", clients[at], "") == SESP_CODEC_BAD_VALUE);
  }
}

static void a_topic_needs_room_for_its_terminator(void) {
  static const char expected[] = "/esp/devices/d/log";
  for (size_t cap = 0; cap <= sizeof(expected); cap++) {
    char *const out = malloc(cap > 0u ? cap : 1u);
    size_t len = 99;
    if (out == NULL) {
      abort();
    }
    const sesp_codec_t verdict =
        sesp_topic_build(SESP_TOPIC_LOG, SESP_SCOPE_DEVICE, "d", NULL, cap > 0u ? out : NULL, cap, &len);
    if (cap < sizeof(expected)) {
      CHECK(verdict == SESP_CODEC_NO_SPACE && len == 0u && (cap == 0u || out[0] == '\0'));
    } else {
      CHECK(verdict == SESP_CODEC_OK && len == sizeof(expected) - 1u && strcmp(out, expected) == 0);
    }
    free(out);
  }
  char out[32];
  CHECK(sesp_topic_build(SESP_TOPIC_LOG, SESP_SCOPE_ALL, NULL, NULL, out, sizeof(out), NULL) == SESP_CODEC_OK);
}

static void device_ids_are_names_of_1_to_64_bytes(void) {
  CHECK(sesp_device_id_valid("d", 1));
  CHECK(sesp_device_id_valid("AZaz09_-", 8));
  CHECK(sesp_device_id_valid(DEVICE_64, 64));
  CHECK(!sesp_device_id_valid(DEVICE_64 "a", 65));
  CHECK(!sesp_device_id_valid("", 0));
  CHECK(!sesp_device_id_valid(NULL, 0));
  CHECK(!sesp_device_id_valid("a\0b", 3));
  for (int byte = 1; byte < 256; byte++) {
    const char id[2] = {(char)byte, '\0'};
    const bool valid = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       byte == '_' || byte == '-';
    CHECK(sesp_device_id_valid(id, 1) == valid);
  }
}

void protocol_topics_suite(void) {
  TEST(every_topic_is_matched_in_its_scopes);
  TEST(no_prefix_no_suffix_and_no_neighbour_is_matched);
  TEST(wildcards_and_foreign_characters_are_no_parameters);
  TEST(parameters_have_bounds_and_a_place);
  TEST(built_topics_are_whole);
  TEST(what_is_no_topic_is_not_built);
  TEST(a_topic_needs_room_for_its_terminator);
  TEST(device_ids_are_names_of_1_to_64_bytes);
}
