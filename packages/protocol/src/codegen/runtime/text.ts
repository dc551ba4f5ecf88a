import type { Snippet } from './snippets.js';

/** Scalars that stand alone in a payload. */
export const TEXT_SNIPPETS: readonly Snippet[] = [
  {
    name: 'text_integer',
    needs: ['is_digit', 'bounded_integer'],
    code: String.raw`
/* Canonical decimal: no plus sign, no leading zeros, no white space. */
/*@ requires \valid_read(data + (0 .. len - 1)) && min <= max && \valid(out);
    assigns *out;
    ensures \result == SESP_CODEC_OK ==> min <= *out <= max; */
static sesp_codec_t text_integer(const uint8_t *data, size_t len, int64_t min, int64_t max, int64_t *out)
{
    const bool negative = len > 0u && data[0] == '-';
    const size_t start = negative ? 1u : 0u;
    uint64_t magnitude = 0u;
    bool fits = false;
    size_t i;

    if (len == start || (data[start] == '0' && len > start + 1u)) return SESP_CODEC_BAD_PAYLOAD;
    /*@ loop invariant start <= i <= len && magnitude <= MAGNITUDE_LIMIT;
        loop assigns i, magnitude;
        loop variant len - i; */
    for (i = start; i < len; i++) {
        if (!is_digit(data[i])) return SESP_CODEC_BAD_PAYLOAD;
        magnitude = shift_in(magnitude, (uint64_t)data[i] - '0');
    }
    *out = bounded_integer(negative, magnitude, min, max, &fits);
    return fits ? SESP_CODEC_OK : SESP_CODEC_OUT_OF_RANGE;
}`,
  },
  {
    name: 'text_decimal',
    needs: ['is_digit', 'bounded_integer'],
    code: String.raw`
/* The same with a point and up to 'decimals' digits behind it; the value times 10^decimals. */
/*@ requires \valid_read(data + (0 .. len - 1)) && min <= max && decimals <= 9 && \valid(out);
    assigns *out;
    ensures \result == SESP_CODEC_OK ==> min <= *out <= max; */
static sesp_codec_t text_decimal(const uint8_t *data, size_t len, int64_t min, int64_t max, size_t decimals, int64_t *out)
{
    const bool negative = len > 0u && data[0] == '-';
    const size_t start = negative ? 1u : 0u;
    uint64_t magnitude = 0u;
    size_t fraction = 0u; /* digits behind the point, and the point */
    bool fits = false;
    size_t i;

    if (len == start || (data[start] == '0' && len > start + 1u && data[start + 1u] != '.')) return SESP_CODEC_BAD_PAYLOAD;
    /*@ loop invariant start <= i <= len && magnitude <= MAGNITUDE_LIMIT && fraction <= decimals + 1;
        loop invariant i == start ==> fraction == 0;
        loop assigns i, magnitude, fraction;
        loop variant len - i; */
    for (i = start; i < len; i++) {
        if (data[i] == '.' && i > start && fraction == 0u) {
            fraction = 1u;
            continue;
        }
        if (!is_digit(data[i]) || fraction > decimals) return SESP_CODEC_BAD_PAYLOAD;
        if (fraction > 0u) fraction++;
        magnitude = shift_in(magnitude, (uint64_t)data[i] - '0');
    }
    if (fraction == 1u) return SESP_CODEC_BAD_PAYLOAD;
    /*@ loop invariant i <= decimals + 1 && magnitude <= MAGNITUDE_LIMIT;
        loop assigns i, magnitude;
        loop variant decimals + 1 - i; */
    for (i = fraction > 0u ? fraction : 1u; i <= decimals; i++) magnitude = shift_in(magnitude, 0u);
    *out = bounded_integer(negative, magnitude, min, max, &fits);
    return fits ? SESP_CODEC_OK : SESP_CODEC_OUT_OF_RANGE;
}`,
  },
  {
    name: 'text_name',
    needs: [],
    code: String.raw`
/* Index of the name that the text is; their number if it is none of them. See json_name(). */
/*@ requires \valid_read(data + (0 .. len - 1)) && \valid_read(names + (0 .. size - 1));
    assigns \nothing; */
static size_t text_name(const uint8_t *data, size_t len, const char *names, size_t size)
{
    size_t index = 0u;
    size_t start = 0u;

    /*@ loop invariant start <= size && index <= start;
        loop assigns index, start;
        loop variant size - start; */
    while (start < size && size - start > (uint8_t)names[start] + 1u) {
        const size_t length = (uint8_t)names[start];
        size_t same = 0u;
        /*@ loop invariant same <= length;
            loop assigns same;
            loop variant length - same; */
        while (same < length && same < len && data[same] == (uint8_t)names[start + 1u + same]) same++;
        if (same == length && same == len) return index;
        start += length + 2u;
        index++;
    }
    return index;
}`,
  },
  {
    name: 'text_boolean',
    needs: [],
    code: String.raw`
/* 0 or 1. */
/*@ requires \valid_read(data + (0 .. len - 1)) && \valid(out);
    assigns *out; */
static sesp_codec_t text_boolean(const uint8_t *data, size_t len, bool *out)
{
    if (len != 1u || (data[0] != '0' && data[0] != '1')) return SESP_CODEC_BAD_PAYLOAD;
    *out = data[0] == '1';
    return SESP_CODEC_OK;
}`,
  },
  {
    name: 'text_string',
    needs: ['text_is'],
    code: String.raw`
/* 'out' holds max + 1 bytes. */
/*@ requires \valid_read(data + (0 .. len - 1)) && \valid(out + (0 .. max));
    assigns out[0 .. max]; */
static sesp_codec_t text_string(const uint8_t *data, size_t len, size_t min, size_t max, text_format_t format, char *out)
{
    size_t i;

    if (len < min || !text_is(format, data, len)) return SESP_CODEC_BAD_PAYLOAD;
    if (len > max) return SESP_CODEC_TOO_LONG;
    /*@ loop invariant i <= len;
        loop assigns i, out[0 .. max];
        loop variant len - i; */
    for (i = 0u; i < len; i++) out[i] = (char)data[i];
    out[len] = '\0';
    return SESP_CODEC_OK;
}`,
  },
];
