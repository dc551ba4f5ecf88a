/* SPDX-License-Identifier: MIT */
/* What the JSON encoders write, and what they refuse to write. */
#include "protocol.h"
#include "suites.h"

DEFINE_DECODE(status)
DEFINE_DECODE(update_state)
DEFINE_DECODE(settings)
DEFINE_DECODE(replies)
DEFINE_ROUND_TRIP(status)
DEFINE_ROUND_TRIP(update_state)
DEFINE_ROUND_TRIP(settings)
DEFINE_ROUND_TRIP(replies)
DEFINE_ENCODE(status)
DEFINE_ENCODE(update_state)
DEFINE_ENCODE(settings)
DEFINE_ENCODE(replies)

#define ONLINE                                                                                                 \
  "{\"online\":true,\"project\":\"p\",\"version\":\"1\",\"chip\":\"esp32\",\"bootId\":4294967295,\"resetReason\":" \
  "\"brownout\",\"protocol\":65535,\"contract\":\"0123456789abcdef\"}"

static void what_is_encoded_is_the_shortest_json_in_the_order_of_the_contract(void) {
  round_trips_status("{\"online\":false}");
  round_trips_status(ONLINE);
  round_trips_update_state("{\"run\":0,\"state\":\"idle\",\"from\":\"\",\"to\":null,\"bytes\":0,\"total\":0,"
                           "\"reason\":null}");
  round_trips_update_state("{\"run\":10,\"state\":\"rolled_back\",\"from\":\"1\",\"to\":\"2\",\"bytes\":4294967295,"
                           "\"total\":1000000,\"reason\":\"flash\"}");
  round_trips_settings("{\"url\":null,\"useUrl\":0,\"interval\":0}");
  round_trips_settings("{\"url\":\"https://a/?b=%20&c='d'\",\"useUrl\":1,\"interval\":4294967295}");
  round_trips_replies("{\"ok\":true}");
  round_trips_replies("{\"ok\":true,\"run\":0}");
  round_trips_replies("{\"ok\":false,\"code\":\"unsupported\",\"detail\":\"\"}");
  round_trips_replies("{\"ok\":false,\"code\":\"busy\",\"detail\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa4"
                      "\xe2\x82\xac\xf0\x9f\x98\x80\"}");
}

static sesp_status_t online(void) {
  sesp_status_t value;
  CHECK(DECODE(status, ONLINE, &value) == SESP_CODEC_OK);
  return value;
}

static void a_status_outside_the_contract_is_not_encoded(void) {
  sesp_status_t value = online();
  value.kind = (sesp_status_kind_t)2;
  CHECK(encodes_status(&value) == SESP_CODEC_BAD_VALUE);
  value = online();
  value.as.online_true.reset_reason = (sesp_status_reset_reason_t)SESP_STATUS_RESET_REASON_COUNT;
  CHECK(encodes_status(&value) == SESP_CODEC_BAD_VALUE);
  value = online();
  value.as.online_true.protocol = 0;
  CHECK(encodes_status(&value) == SESP_CODEC_BAD_VALUE);
  value = online();
  value.as.online_true.chip[0] = '\0';
  CHECK(encodes_status(&value) == SESP_CODEC_BAD_VALUE);
  value = online();
  value.as.online_true.chip[0] = ' ';
  CHECK(encodes_status(&value) == SESP_CODEC_BAD_VALUE);
  value = online();
  value.as.online_true.contract[15] = '\0';
  CHECK(encodes_status(&value) == SESP_CODEC_BAD_VALUE);
  value = online();
  value.as.online_true.contract[15] = 'F';
  CHECK(encodes_status(&value) == SESP_CODEC_BAD_VALUE);
  value = online();
  memset(value.as.online_true.project, 'a', sizeof(value.as.online_true.project)); /* no terminator */
  CHECK(encodes_status(&value) == SESP_CODEC_BAD_VALUE);
  value = online();
  memcpy(value.as.online_true.version, "\xed\xa0\x80", 4);
  CHECK(encodes_status(&value) == SESP_CODEC_BAD_VALUE);
}

static void an_update_state_outside_the_contract_is_not_encoded(void) {
  sesp_update_state_t value = SESP_UPDATE_STATE_INIT;
  CHECK(encodes_update_state(&value) == SESP_CODEC_OK);
  value.state = (sesp_update_state_state_t)SESP_UPDATE_STATE_STATE_COUNT;
  CHECK(encodes_update_state(&value) == SESP_CODEC_BAD_VALUE);
  value.state = SESP_UPDATE_STATE_STATE_IDLE;
  value.reason = (sesp_update_state_reason_t)SESP_UPDATE_STATE_REASON_COUNT;
  CHECK(encodes_update_state(&value) == SESP_CODEC_BAD_VALUE);
  value.reason_is_null = true; /* what is null is not looked at */
  CHECK(encodes_update_state(&value) == SESP_CODEC_OK);
  memset(value.to, '\xff', sizeof(value.to));
  CHECK(encodes_update_state(&value) == SESP_CODEC_BAD_VALUE);
  value.to_is_null = true;
  CHECK(encodes_update_state(&value) == SESP_CODEC_OK);
}

static void settings_outside_the_contract_are_not_encoded(void) {
  sesp_settings_t value = SESP_SETTINGS_INIT;
  CHECK(encodes_settings(&value) == SESP_CODEC_BAD_VALUE); /* an empty URL */
  value.url_is_null = true;
  CHECK(encodes_settings(&value) == SESP_CODEC_OK);
  value.use_url = 2;
  CHECK(encodes_settings(&value) == SESP_CODEC_BAD_VALUE);
}

static void a_reply_outside_the_contract_is_not_encoded(void) {
  sesp_replies_t value = SESP_REPLIES_INIT;
  CHECK(encodes_replies(&value) == SESP_CODEC_OK);
  value.kind = (sesp_replies_kind_t)2;
  CHECK(encodes_replies(&value) == SESP_CODEC_BAD_VALUE);
  value.kind = SESP_REPLIES_KIND_OK_FALSE;
  CHECK(encodes_replies(&value) == SESP_CODEC_OK);
  value.as.ok_false.code = (sesp_replies_code_t)SESP_REPLIES_CODE_COUNT;
  CHECK(encodes_replies(&value) == SESP_CODEC_BAD_VALUE);
  value.as.ok_false.code = SESP_REPLIES_CODE_BUSY;
  memset(value.as.ok_false.detail, 'a', sizeof(value.as.ok_false.detail)); /* no terminator */
  CHECK(encodes_replies(&value) == SESP_CODEC_BAD_VALUE);
}

static void a_value_longer_than_its_payload_is_no_space(void) {
  sesp_replies_t reply = SESP_REPLIES_INIT;
  reply.kind = SESP_REPLIES_KIND_OK_FALSE;
  memset(reply.as.ok_false.detail, 'a', SESP_REPLIES_DETAIL_MAX_BYTES);
  CHECK(encodes_replies(&reply) == SESP_CODEC_OK);
  memset(reply.as.ok_false.detail, '\x01', SESP_REPLIES_DETAIL_MAX_BYTES); /* six bytes each, escaped */
  CHECK(encodes_replies(&reply) == SESP_CODEC_NO_SPACE);
}

/** `count` control characters and as many letters as make the payload `total` bytes long. */
static sesp_codec_t reply_of(size_t total) {
  static const char frame[] = "{\"ok\":false,\"code\":\"bad_payload\",\"detail\":\"\"}";
  sesp_replies_t reply = SESP_REPLIES_INIT;
  size_t rest = total - (sizeof(frame) - 1u);
  char *out = reply.as.ok_false.detail;
  reply.kind = SESP_REPLIES_KIND_OK_FALSE;
  while (rest > 100u) {
    *out++ = '\x02';
    rest -= 6u;
  }
  memset(out, 'a', rest);
  return encodes_replies(&reply);
}

static void a_payload_may_have_exactly_its_size(void) {
  CHECK(reply_of(SESP_REPLIES_MAX_BYTES - 1u) == SESP_CODEC_OK);
  CHECK(reply_of(SESP_REPLIES_MAX_BYTES) == SESP_CODEC_OK);
  CHECK(reply_of(SESP_REPLIES_MAX_BYTES + 1u) == SESP_CODEC_NO_SPACE);
}

void protocol_encoders_suite(void) {
  TEST(what_is_encoded_is_the_shortest_json_in_the_order_of_the_contract);
  TEST(a_status_outside_the_contract_is_not_encoded);
  TEST(an_update_state_outside_the_contract_is_not_encoded);
  TEST(settings_outside_the_contract_are_not_encoded);
  TEST(a_reply_outside_the_contract_is_not_encoded);
  TEST(a_value_longer_than_its_payload_is_no_space);
  TEST(a_payload_may_have_exactly_its_size);
}
