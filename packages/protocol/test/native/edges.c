/* Edges of the generated C that a differential test cannot reach: buffers, structs that are not in the contract, NULL. */
#include "wide_lab_protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks;
static int failed;

static void check(bool holds, const char *what, int line)
{
    checks++;
    if (holds) return;
    failed++;
    fprintf(stderr, "line %d: %s\n", line, what);
}

#define CHECK(condition) check((condition), #condition, __LINE__)

static lab_json_optionals_t optionals(const char *json)
{
    lab_json_optionals_t value;
    CHECK(lab_json_optionals_decode((const uint8_t *)json, strlen(json), &value) == LAB_CODEC_OK);
    return value;
}

static void test_encode_every_capacity_below_the_needed_one_is_no_space(void)
{
    static const char json[] = "{\"both\":null,\"word\":\"\\n\\\"a\",\"mark\":\"x\",\"nested\":{\"mode\":\"on\"},\"list\":[true,false]}";
    const lab_json_optionals_t value = optionals(json);
    size_t cap;

    for (cap = 0; cap <= sizeof json; cap++) {
        char *out = malloc(cap > 0 ? cap : 1);
        size_t len = 99;
        const lab_codec_t code = lab_json_optionals_encode(&value, out, cap, &len);
        if (cap < sizeof json) {
            CHECK(code == LAB_CODEC_NO_SPACE && len == 0 && (cap == 0 || out[0] == '\0'));
        } else {
            CHECK(code == LAB_CODEC_OK && len == sizeof json - 1 && strcmp(out, json) == 0);
        }
        free(out);
    }
    CHECK(lab_json_optionals_encode(&value, NULL, 0, NULL) == LAB_CODEC_NO_SPACE);
}

static void test_encode_longer_than_the_payload_may_be_is_no_space(void)
{
    lab_tiny_document_t value = LAB_TINY_DOCUMENT_INIT;
    char out[64];

    CHECK(lab_tiny_document_encode(&value, out, sizeof out, NULL) == LAB_CODEC_OK && strcmp(out, "{\"n\":0}") == 0);
    CHECK(LAB_TINY_DOCUMENT_MAX_BYTES == 12u);
}

static lab_codec_t encode_optionals(const lab_json_optionals_t *value)
{
    char out[200] = "old";
    const lab_codec_t code = lab_json_optionals_encode(value, out, sizeof out, NULL);
    CHECK(code == LAB_CODEC_OK || out[0] == '\0');
    return code;
}

static void test_encode_refuses_structs_that_are_not_in_the_contract(void)
{
    static const char json[] = "{\"both\":1,\"word\":\"abcd\",\"nested\":{\"mode\":\"on\"},\"list\":[true]}";
    const lab_json_optionals_t good = optionals(json);
    lab_json_optionals_t value = good;

    CHECK(encode_optionals(&value) == LAB_CODEC_OK);
    value.both = 10;
    CHECK(encode_optionals(&value) == LAB_CODEC_BAD_VALUE);
    value.has_both = false;
    CHECK(encode_optionals(&value) == LAB_CODEC_OK);
    value = good;
    memset(value.word, 'a', sizeof value.word); /* no terminator */
    CHECK(encode_optionals(&value) == LAB_CODEC_BAD_VALUE);
    value.word_is_null = true;
    CHECK(encode_optionals(&value) == LAB_CODEC_OK);
    value = good;
    memcpy(value.word, "\xC3", 2); /* half a character */
    CHECK(encode_optionals(&value) == LAB_CODEC_BAD_VALUE);
    memcpy(value.word, "\xED\xA0\x80", 4); /* a surrogate */
    CHECK(encode_optionals(&value) == LAB_CODEC_BAD_VALUE);
    value = good;
    value.nested.mode = LAB_JSON_OPTIONALS_NESTED_MODE_OFF;
    CHECK(encode_optionals(&value) == LAB_CODEC_OK);
    value.nested.mode = (lab_json_optionals_nested_mode_t)2;
    CHECK(encode_optionals(&value) == LAB_CODEC_BAD_VALUE);
    value = good;
    value.list_count = 3;
    CHECK(encode_optionals(&value) == LAB_CODEC_BAD_VALUE);
    value.list_count = (size_t)-1;
    CHECK(encode_optionals(&value) == LAB_CODEC_BAD_VALUE);
}

static void test_encode_refuses_kinds_and_counts_out_of_range(void)
{
    char out[300];
    lab_json_shape_t shape = LAB_JSON_SHAPE_INIT;

    shape.kind = (lab_json_shape_kind_t)3;
    CHECK(lab_json_shape_encode(&shape, out, sizeof out, NULL) == LAB_CODEC_BAD_VALUE);
    shape.kind = LAB_JSON_SHAPE_KIND_KIND_LINE;
    CHECK(lab_json_shape_encode(&shape, out, sizeof out, NULL) == LAB_CODEC_BAD_VALUE); /* at least one point */
    shape.as.kind_line.at_count = 1;
    CHECK(lab_json_shape_encode(&shape, out, sizeof out, NULL) == LAB_CODEC_OK);
    CHECK(strcmp(out, "{\"kind\":\"line\",\"size\":\"\",\"at\":[{\"x\":0}]}") == 0);
    shape.as.kind_line.at[0].x = -10;
    CHECK(lab_json_shape_encode(&shape, out, sizeof out, NULL) == LAB_CODEC_BAD_VALUE);
}

static void test_encode_refuses_text_out_of_range(void)
{
    char out[64];
    lab_text_signed_t number = {1001};
    lab_text_mode_t mode = {LAB_TEXT_MODE_VALUE_3RD};
    lab_text_name_t name = {"a"};
    lab_text_flag_t flag = {true};
    lab_text_safe_t safe = {INT64_MIN};

    CHECK(lab_text_signed_encode(&number, out, sizeof out, NULL) == LAB_CODEC_BAD_VALUE);
    number.value = -1000;
    CHECK(lab_text_signed_encode(&number, out, sizeof out, NULL) == LAB_CODEC_OK && strcmp(out, "-1000") == 0);
    CHECK(lab_text_mode_encode(&mode, out, sizeof out, NULL) == LAB_CODEC_OK && strcmp(out, "3rd") == 0);
    mode.value = (lab_text_mode_value_t)LAB_TEXT_MODE_VALUE_COUNT;
    CHECK(lab_text_mode_encode(&mode, out, sizeof out, NULL) == LAB_CODEC_BAD_VALUE);
    CHECK(lab_text_name_encode(&name, out, sizeof out, NULL) == LAB_CODEC_BAD_VALUE);
    CHECK(lab_text_flag_encode(&flag, out, sizeof out, NULL) == LAB_CODEC_OK && strcmp(out, "1") == 0);
    CHECK(lab_text_safe_encode(&safe, out, sizeof out, NULL) == LAB_CODEC_BAD_VALUE);
    safe.value = -9007199254740991;
    CHECK(lab_text_safe_encode(&safe, out, sizeof out, NULL) == LAB_CODEC_OK && strcmp(out, "-9007199254740991") == 0);
}

static void test_decode_leaves_zeros_after_a_refusal(void)
{
    static const char json[] = "{\"kind\":\"circle\",\"at\":{\"x\":1},\"size\":10,\"mode\":\"b\"}";
    static const lab_json_shape_t zero = LAB_JSON_SHAPE_INIT;
    lab_json_shape_t shape;

    memset(&shape, 0xAA, sizeof shape);
    CHECK(lab_json_shape_decode((const uint8_t *)json, sizeof json - 1, &shape) == LAB_CODEC_OUT_OF_RANGE);
    CHECK(memcmp(&shape, &zero, sizeof shape) == 0);
    CHECK(lab_json_shape_decode(NULL, 0, &shape) == LAB_CODEC_BAD_PAYLOAD);
}

static void test_names_beyond_an_enum_are_unknown(void)
{
    CHECK(strcmp(lab_text_mode_value_to_string(LAB_TEXT_MODE_VALUE_FULL_POWER), "full_power") == 0);
    CHECK(strcmp(lab_text_mode_value_to_string((lab_text_mode_value_t)4), "unknown") == 0);
    CHECK(strcmp(lab_text_mode_value_to_string((lab_text_mode_value_t)-1), "unknown") == 0);
}

static void test_topics(void)
{
    static const char topic[] = "/lab/wide/devices/esp-1/answers/0123456789abcdef/last";
    lab_topic_match_t match;
    char out[LAB_TOPIC_MAX_BYTES + 1];
    char longest[LAB_DEVICE_ID_MAX_BYTES + 2];
    size_t len = 0;

    CHECK(lab_topic_match(topic, sizeof topic - 1, &match) && match.topic == LAB_TOPIC_ANSWERS_LAST);
    CHECK(match.device_len == 5 && memcmp(&topic[match.device_offset], "esp-1", 5) == 0);
    CHECK(match.client_len == 16 && memcmp(&topic[match.client_offset], "0123456789abcdef", 16) == 0);
    CHECK(!lab_topic_match(topic, sizeof topic, &match) && match.topic == LAB_TOPIC_NONE && match.device_len == 0);
    CHECK(!lab_topic_match(NULL, 0, &match));
    CHECK(lab_topic_build(LAB_TOPIC_GO, LAB_SCOPE_ALL, NULL, NULL, out, sizeof out, &len) == LAB_CODEC_OK);
    CHECK(len == 12 && strcmp(out, LAB_TOPIC_GO_ALL) == 0);
    CHECK(lab_topic_build(LAB_TOPIC_GO, LAB_SCOPE_DEVICE, "a", NULL, out, sizeof out, &len) == LAB_CODEC_BAD_VALUE && len == 0);
    CHECK(lab_topic_build(LAB_TOPIC_GO, (lab_scope_t)7, "a", NULL, out, sizeof out, NULL) == LAB_CODEC_BAD_VALUE);
    CHECK(lab_topic_build(LAB_TOPIC_TAGGED, LAB_SCOPE_DEVICE, "+", NULL, out, sizeof out, NULL) == LAB_CODEC_BAD_VALUE);
    CHECK(lab_topic_build(LAB_TOPIC_TAGGED, LAB_SCOPE_DEVICE, NULL, NULL, out, sizeof out, NULL) == LAB_CODEC_BAD_VALUE);
    memset(longest, 'x', sizeof longest);
    longest[LAB_DEVICE_ID_MAX_BYTES + 1] = '\0';
    CHECK(lab_topic_build(LAB_TOPIC_TAGGED, LAB_SCOPE_DEVICE, longest, NULL, out, sizeof out, NULL) == LAB_CODEC_BAD_VALUE);
    CHECK(!lab_device_id_valid(longest, LAB_DEVICE_ID_MAX_BYTES + 1));
    longest[LAB_DEVICE_ID_MAX_BYTES] = '\0';
    CHECK(lab_device_id_valid(longest, LAB_DEVICE_ID_MAX_BYTES) && !lab_device_id_valid(longest, 0));
    CHECK(!lab_device_id_valid(longest, LAB_DEVICE_ID_MAX_BYTES + 1) && !lab_device_id_valid(NULL, 0));
    CHECK(lab_topic_build(LAB_TOPIC_ANSWERS_LAST, LAB_SCOPE_DEVICE, longest, longest, out, sizeof out, &len) == LAB_CODEC_OK);
    CHECK(len == LAB_TOPIC_MAX_BYTES);
}

int main(void)
{
    test_encode_every_capacity_below_the_needed_one_is_no_space();
    test_encode_longer_than_the_payload_may_be_is_no_space();
    test_encode_refuses_structs_that_are_not_in_the_contract();
    test_encode_refuses_kinds_and_counts_out_of_range();
    test_encode_refuses_text_out_of_range();
    test_decode_leaves_zeros_after_a_refusal();
    test_names_beyond_an_enum_are_unknown();
    test_topics();
    printf("%d checks, %d failed\n", checks, failed);
    return failed == 0 ? 0 : 1;
}
