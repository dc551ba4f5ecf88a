/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "enrol.h"
#include "suites.h"

static void lengths_are_as_short_as_they_can_be(void) {
  static const struct {
    size_t len;
    uint8_t header[4];
    size_t header_len;
  } cases[] = {
      {0, {0x04, 0x00}, 2},           {127, {0x04, 0x7F}, 2},         {128, {0x04, 0x81, 0x80}, 3},
      {255, {0x04, 0x81, 0xFF}, 3},   {256, {0x04, 0x82, 1, 0}, 4},   {65535, {0x04, 0x82, 0xFF, 0xFF}, 4},
  };
  for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
    const size_t total = cases[at].len + cases[at].header_len;
    uint8_t *data = malloc(total); /* of this size, so that the sanitizer sees one byte too many */
    uint8_t *content = calloc(1, cases[at].len + 1u);
    if (data == NULL || content == NULL) {
      abort();
    }
    sesp_der_writer_t writer = sesp_der_write(data, total);
    sesp_der_put(&writer, content, cases[at].len);
    sesp_der_wrap(&writer, 0x04, total);
    CHECK(writer.ok && writer.at == 0u && memcmp(data, cases[at].header, cases[at].header_len) == 0);
    sesp_slice_t rest = {data, total};
    sesp_slice_t taken;
    CHECK(sesp_der_take(&rest, 0x04, &taken) && taken.len == cases[at].len && rest.len == 0u);
    for (size_t cut = 0; cut < 5u && cut < total; cut++) {
      rest = (sesp_slice_t){data, cut};
      CHECK(!sesp_der_take(&rest, 0x04, &taken));
    }
    rest = (sesp_slice_t){data, total - 1u};
    CHECK(!sesp_der_take(&rest, 0x04, &taken) && rest.len == total - 1u);
    writer = sesp_der_write(data, total - 1u);
    sesp_der_put(&writer, content, cases[at].len);
    sesp_der_wrap(&writer, 0x04, total - 1u);
    CHECK(!writer.ok);
    free(content);
    free(data);
  }
}

static void what_is_not_der_is_refused(void) {
  static const struct {
    uint8_t bytes[6];
    size_t len;
  } cases[] = {
      {{0x30}, 1},                         /* no length */
      {{0x30, 0x80, 0x00, 0x00}, 4},       /* indefinite */
      {{0x30, 0x81, 0x7F}, 3},             /* longer than needed */
      {{0x30, 0x81, 0x00}, 3},             /* longer than needed */
      {{0x30, 0x82, 0x00, 0xFF}, 4},       /* longer than needed */
      {{0x30, 0x83, 0x01, 0x00, 0x00}, 5}, /* too long */
      {{0x30, 0xFF, 0xFF}, 3},             /* reserved */
      {{0x3F, 0x1F, 0x00}, 3},             /* tag of several bytes */
      {{0x30, 0x05, 0x00, 0x00, 0x00, 0x00}, 6},
  };
  for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
    sesp_slice_t rest = {cases[at].bytes, cases[at].len};
    sesp_slice_t element;
    sesp_slice_t content;
    uint8_t tag = 0;
    CHECK(!sesp_der_take_any(&rest, &tag, &element, &content) && rest.len == cases[at].len);
  }
  sesp_slice_t nothing = {NULL, 0};
  sesp_slice_t content;
  CHECK(!sesp_der_take(&nothing, 0x30, &content));
}

static void elements_come_one_after_another(void) {
  static const uint8_t bytes[] = {0x02, 0x01, 0x07, 0x31, 0x00, 0x04, 0x02, 0xAA, 0xBB};
  sesp_slice_t rest = {bytes, sizeof(bytes)};
  sesp_slice_t content;
  sesp_slice_t element;
  uint8_t tag = 0;
  CHECK(!sesp_der_take(&rest, 0x31, &content));
  CHECK(sesp_der_take(&rest, 0x02, &content) && content.len == 1u && content.data[0] == 7u);
  CHECK(sesp_der_take(&rest, 0x31, &content) && content.len == 0u);
  CHECK(sesp_der_take_any(&rest, &tag, &element, &content) && tag == 0x04u);
  CHECK(element.data == bytes + 5 && element.len == 4u && content.data == bytes + 7 && content.len == 2u);
  CHECK(rest.len == 0u);
}

static void integers_are_positive_and_minimal(void) {
  static const struct {
    uint8_t number[3];
    uint8_t der[6];
    size_t len;
  } cases[] = {
      {{0x00, 0x00, 0x01}, {0x02, 0x01, 0x01}, 3},
      {{0x00, 0x00, 0x80}, {0x02, 0x02, 0x00, 0x80}, 4},
      {{0x7F, 0xFF, 0xFF}, {0x02, 0x03, 0x7F, 0xFF, 0xFF}, 5},
      {{0x80, 0x00, 0x00}, {0x02, 0x04, 0x00, 0x80, 0x00, 0x00}, 6},
      {{0x00, 0x01, 0x00}, {0x02, 0x02, 0x01, 0x00}, 4},
  };
  uint8_t out[8];
  for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
    sesp_der_writer_t writer = sesp_der_write(out, sizeof(out));
    sesp_der_put_positive(&writer, cases[at].number, 3);
    CHECK(writer.ok && sizeof(out) - writer.at == cases[at].len);
    CHECK(memcmp(out + writer.at, cases[at].der, cases[at].len) == 0);
  }
  static const uint8_t zero[3] = {0};
  sesp_der_writer_t writer = sesp_der_write(out, sizeof(out));
  sesp_der_put_positive(&writer, zero, sizeof(zero));
  CHECK(!writer.ok);
}

static void a_writer_that_failed_stays_failed(void) {
  uint8_t out[4];
  static const uint8_t five[5] = {1, 2, 3, 4, 5};
  sesp_der_writer_t writer = sesp_der_write(out, sizeof(out));
  sesp_der_put(&writer, five, sizeof(five));
  sesp_der_put(&writer, five, 1);
  CHECK(!writer.ok && writer.at == sizeof(out));
  sesp_der_wrap(&writer, 0x30, sizeof(out));
  CHECK(!writer.ok);
  writer = sesp_der_write(out, sizeof(out));
  sesp_der_put(&writer, five, 2);
  sesp_der_wrap(&writer, 0x30, 1); /* an end before the beginning */
  CHECK(!writer.ok);
}

void der_suite(void) {
  TEST(lengths_are_as_short_as_they_can_be);
  TEST(what_is_not_der_is_refused);
  TEST(elements_come_one_after_another);
  TEST(integers_are_positive_and_minimal);
  TEST(a_writer_that_failed_stays_failed);
}
