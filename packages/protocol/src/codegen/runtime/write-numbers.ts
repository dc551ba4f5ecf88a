import type { Snippet } from './snippets.js';

/** Numbers as text. */
export const WRITE_NUMBER_SNIPPETS: readonly Snippet[] = [
  {
    name: 'write_u32',
    needs: ['writer_t'],
    code: String.raw`
/*@ requires writer_ok(writer);
    assigns writer->code, writer->len, writer->out[0 .. writer->cap - 1];
    ensures writer_ok(writer); */
static void write_u32(writer_t *writer, uint32_t value, uint32_t min, uint32_t max)
{
    char digits[10];
    size_t size = 0u;

    if (value < min || value > max) {
        write_fault(writer, SESP_CODEC_BAD_VALUE);
        return;
    }
    /*@ loop invariant size < 10;
        loop assigns size, value, digits[0 .. 9];
        loop variant 10 - size; */
    do {
        digits[size] = (char)('0' + (char)(value % 10u));
        value /= 10u;
        size++;
    } while (value > 0u && size < 10u);
    /*@ loop invariant size <= 10 && writer_ok(writer);
        loop assigns size, writer->code, writer->len, writer->out[0 .. writer->cap - 1];
        loop variant size; */
    while (size > 0u) {
        size--;
        write_char(writer, digits[size]);
    }
}`,
  },
  {
    name: 'write_integer',
    needs: ['writer_t', 'shift_in'],
    code: String.raw`
#define MAX_DIGITS (16u)

/* value / 10^decimals, as short as it can be written. No division: 64-bit ones are calls on 32-bit machines. */
/*@ requires writer_ok(writer) && decimals <= 9;
    requires -MAGNITUDE_LIMIT < min && max < MAGNITUDE_LIMIT;
    assigns writer->code, writer->len, writer->out[0 .. writer->cap - 1];
    ensures writer_ok(writer); */
static void write_integer(writer_t *writer, int64_t value, int64_t min, int64_t max, size_t decimals)
{
    static const uint64_t powers[MAX_DIGITS] = {
        1000000000000000u, 100000000000000u, 10000000000000u, 1000000000000u, 100000000000u, 10000000000u, 1000000000u,
        100000000u, 10000000u, 1000000u, 100000u, 10000u, 1000u, 100u, 10u, 1u};
    char digits[MAX_DIGITS];
    const size_t ones = MAX_DIGITS - 1u - decimals;
    size_t first = ones;
    size_t last = ones;
    uint64_t rest;
    size_t i;

    if (value < min || value > max) {
        write_fault(writer, SESP_CODEC_BAD_VALUE);
        return;
    }
    rest = value < 0 ? (uint64_t)-value : (uint64_t)value;
    /*@ loop invariant i <= MAX_DIGITS && first <= ones && ones <= last < MAX_DIGITS;
        loop assigns i, first, last, rest, digits[0 .. MAX_DIGITS - 1];
        loop variant MAX_DIGITS - i; */
    for (i = 0u; i < MAX_DIGITS; i++) {
        uint8_t digit = 0u;
        /*@ loop invariant digit <= 9;
            loop assigns digit, rest;
            loop variant 9 - digit; */
        while (digit < 9u && rest >= powers[i]) {
            rest -= powers[i];
            digit++;
        }
        digits[i] = (char)('0' + digit);
        if (digit > 0u && i < first) first = i;
        if (digit > 0u && i > last) last = i;
    }
    if (value < 0) write_char(writer, '-');
    /*@ loop invariant first <= i <= MAX_DIGITS && writer_ok(writer);
        loop assigns i, writer->code, writer->len, writer->out[0 .. writer->cap - 1];
        loop variant MAX_DIGITS - i; */
    for (i = first; i <= last; i++) {
        if (i == ones + 1u) write_char(writer, '.');
        write_char(writer, digits[i]);
    }
}`,
  },
];
