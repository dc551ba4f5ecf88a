/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_text.h
 * @brief Builds bounded ASCII texts. Always NUL-terminated, silently cut at the buffer's end.
 */
#ifndef SESP_TEXT_H
#define SESP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  char *data;
  size_t capacity; /* with terminator, at least 1 */
  size_t len;
} sesp_text_t;

#ifdef SESP_EVA
/*@ predicate sesp_text_ok(char *text, integer max) = \valid_read(text + (0 .. max - 1)) || sesp_ends(text);
    predicate sesp_text_apart(char *out, integer capacity, char *text) = \true;
    predicate sesp_line_ok(sesp_text_t *text) = \true;
    predicate sesp_addable_to(sesp_text_t *text, char *more, integer end) = \true;
    predicate sesp_addable(sesp_text_t *text, char *more) = \true; */
#else
/*@ predicate sesp_text_ok(char *text, integer max) =
      \valid_read(text + (0 .. max - 1)) ||
      \exists integer end; 0 <= end < max && \valid_read(text + (0 .. end)) && text[end] == 0;
    // The part of the text that is read, up to its end or `capacity` bytes, is valid and not what is written.
    predicate sesp_text_apart(char *out, integer capacity, char *text) =
      \separated(out + (0 .. capacity - 1), text + (0 .. capacity - 1)) ||
      \exists integer end; 0 <= end && \valid_read(text + (0 .. end)) && text[end] == 0 &&
        \separated(out + (0 .. capacity - 1), text + (0 .. end)); */
/*@ predicate sesp_line_ok(sesp_text_t *text) =
      \valid(text) && text->len < text->capacity && \valid(text->data + (0 .. text->capacity - 1)) &&
      \separated(text, text->data + (0 .. text->capacity - 1));
    // It ends, and writing to the line does not change that.
    predicate sesp_addable_to(sesp_text_t *text, char *more, integer end) =
      0 <= end && \valid_read(more + (0 .. end)) && more[end] == 0 &&
      \separated(text, more + (0 .. end)) && \separated(text->data + (0 .. text->capacity - 1), more + (0 .. end));
    predicate sesp_addable(sesp_text_t *text, char *more) =
      \exists integer end; sesp_addable_to(text, more, end); */
#endif

/*@ requires capacity > 0 && \valid(data + (0 .. capacity - 1));
    assigns data[0 .. capacity - 1];
    ensures \result.data == data && \result.capacity == capacity && \result.len == 0 && data[0] == 0; */
sesp_text_t sesp_text_begin(char *data, size_t capacity);
/*@ requires sesp_line_ok(text) && sesp_addable(text, more);
    assigns text->len, text->data[0 .. text->capacity - 1];
    ensures text->len < text->capacity && text->data[text->len] == 0; */
void sesp_text_add(sesp_text_t *text, const char *more);
/*@ requires sesp_line_ok(text);
    assigns text->len, text->data[0 .. text->capacity - 1];
    ensures text->len < text->capacity && text->data[text->len] == 0; */
void sesp_text_add_u32(sesp_text_t *text, uint32_t value);

/** Zeros. */
/*@ requires \valid(out + (0 .. size - 1));
    assigns out[0 .. size - 1];
    ensures \forall integer at; 0 <= at < size ==> out[at] == 0; */
void sesp_text_clear(char *out, size_t size);

/** Copies the whole array that holds a text. */
/*@ requires \valid(out + (0 .. size - 1)) && \valid_read(in + (0 .. size - 1));
    requires \separated(out + (0 .. size - 1), in + (0 .. size - 1));
    assigns out[0 .. size - 1];
    ensures \forall integer at; 0 <= at < size ==> out[at] == in[at]; */
void sesp_text_assign(char *out, const char *in, size_t size);

/** The same for bytes. */
/*@ requires \valid(out + (0 .. len - 1)) && \valid_read(in + (0 .. len - 1));
    requires \separated(out + (0 .. len - 1), in + (0 .. len - 1));
    assigns out[0 .. len - 1]; */
void sesp_bytes_assign(uint8_t *out, const uint8_t *in, size_t len);
/*@ requires \valid(out + (0 .. len - 1)); assigns out[0 .. len - 1]; */
void sesp_bytes_clear(uint8_t *out, size_t len);
/*@ requires \valid_read(a + (0 .. len - 1)) && \valid_read(b + (0 .. len - 1)); assigns \nothing; */
bool sesp_bytes_same(const uint8_t *a, const uint8_t *b, size_t len);

/** Copies `len` bytes and ends them with NUL. */
/*@ requires capacity > 0 && \valid(out + (0 .. capacity - 1)) && \valid_read(bytes + (0 .. len - 1));
    requires \separated(out + (0 .. capacity - 1), bytes + (0 .. len - 1));
    assigns out[0 .. capacity - 1];
    ensures out[capacity - 1] == 0; */
void sesp_text_copy(char *out, size_t capacity, const char *bytes, size_t len);

/** Copies `text` with every byte outside 0x20..0x7E replaced by '?', so that it is fit for JSON and HTTP headers. */
/*@ requires capacity > 0 && \valid(out + (0 .. capacity - 1)) && sesp_text_ok(text, capacity);
    requires sesp_text_apart(out, capacity, text);
    assigns out[0 .. capacity - 1];
    ensures out[capacity - 1] == 0; */
void sesp_text_printable(char *out, size_t capacity, const char *text);

/** True if both texts are the same up to their NUL or `max`. */
/*@ requires \valid_read(a + (0 .. max - 1)) && \valid_read(b + (0 .. max - 1));
    assigns \result \from a[0 .. max - 1], b[0 .. max - 1]; */
bool sesp_text_same(const char *a, const char *b, size_t max);

/** Length up to NUL, at most `max`. */
/*@ requires sesp_text_ok(text, max);
    assigns \result \from text[0 .. max - 1];
    ensures \result <= max && \valid_read(text + (0 .. \result - 1));
    ensures \forall integer at; 0 <= at < \result ==> text[at] != 0; */
size_t sesp_text_length(const char *text, size_t max);

/** 64 lower-case hex digits and NUL. */
/*@ requires len <= 32 && \valid(out + (0 .. 2 * len)) && \valid_read(bytes + (0 .. len - 1));
    requires \separated(out + (0 .. 2 * len), bytes + (0 .. len - 1));
    assigns out[0 .. 2 * len];
    ensures out[2 * len] == 0; */
void sesp_text_hex(char *out, const uint8_t *bytes, size_t len);

/** Reads `2 * len` lower-case hex digits. The caller has checked them. */
/*@ requires len <= 32 && \valid(out + (0 .. len - 1)) && \valid_read(hex + (0 .. 2 * len - 1));
    requires \separated(out + (0 .. len - 1), hex + (0 .. 2 * len - 1));
    assigns out[0 .. len - 1]; */
void sesp_text_unhex(uint8_t *out, size_t len, const char *hex);

#endif
