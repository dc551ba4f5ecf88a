import type { Snippet } from './snippets.js';

/** Scalars that stand alone in a payload, and what JSON shares with them. */
export const TEXT_SNIPPETS: readonly Snippet[] = [
  {
    name: 'bytes_are',
    needs: [],
    code: `
/* True if the bytes are those of the C string. */
static bool bytes_are(const uint8_t *data, size_t len, const char *expected)
{
    return len == strlen(expected) && (len == 0u || memcmp(data, expected, len) == 0);
}`,
  },
  {
    name: 'max_digits',
    needs: [],
    code: `
/* Integers of contracts stay below 2^53, so 16 digits always do. */
#define MAX_DIGITS (16u)`,
  },
  {
    name: 'powers_of_ten',
    needs: ['max_digits'],
    code: `
static const uint64_t powers_of_ten[MAX_DIGITS + 1u] = {
    1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u, 100000000000u,
    1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u, 10000000000000000u};`,
  },
  {
    name: 'bounded_integer',
    needs: [],
    code: `
/* The magnitude has at most 16 digits. */
static sesp_codec_t bounded_integer(bool negative, uint64_t magnitude, int64_t min, int64_t max, int64_t *out)
{
    const int64_t value = negative ? -(int64_t)magnitude : (int64_t)magnitude;

    if (value < min || value > max) return SESP_CODEC_OUT_OF_RANGE;
    *out = value;
    return SESP_CODEC_OK;
}`,
  },
  {
    name: 'text_integer',
    needs: ['is_digit', 'bounded_integer', 'max_digits'],
    code: `
/* Canonical decimal: no plus sign, no leading zeros, no white space. */
static sesp_codec_t text_integer(const uint8_t *data, size_t len, int64_t min, int64_t max, int64_t *out)
{
    const bool negative = len > 0u && data[0] == (uint8_t)'-';
    const size_t start = negative ? 1u : 0u;
    uint64_t magnitude = 0u;
    size_t i;

    if (len == start || (data[start] == (uint8_t)'0' && len > start + 1u)) return SESP_CODEC_BAD_PAYLOAD;
    for (i = start; i < len; i++) {
        if (!is_digit(data[i])) return SESP_CODEC_BAD_PAYLOAD;
    }
    if (len - start > MAX_DIGITS) return SESP_CODEC_OUT_OF_RANGE;
    for (i = start; i < len; i++) magnitude = magnitude * 10u + ((uint64_t)data[i] - (uint64_t)'0');
    return bounded_integer(negative, magnitude, min, max, out);
}`,
  },
  {
    name: 'text_boolean',
    needs: ['bytes_are'],
    code: `
static sesp_codec_t text_boolean(const uint8_t *data, size_t len, bool *out)
{
    *out = bytes_are(data, len, "1");
    return *out || bytes_are(data, len, "0") ? SESP_CODEC_OK : SESP_CODEC_BAD_PAYLOAD;
}`,
  },
  {
    name: 'text_enum',
    needs: ['bytes_are'],
    code: `
static sesp_codec_t text_enum(const uint8_t *data, size_t len, const char *const *names, size_t count, size_t *out)
{
    size_t i;

    for (i = 0u; i < count; i++) {
        if (bytes_are(data, len, names[i])) {
            *out = i;
            return SESP_CODEC_OK;
        }
    }
    return SESP_CODEC_BAD_PAYLOAD;
}`,
  },
  {
    name: 'text_string',
    needs: ['utf8_valid', 'text_is'],
    code: `
/* \`out\` holds max + 1 bytes. */
static sesp_codec_t text_string(const uint8_t *data, size_t len, size_t min, size_t max, text_format_t format, char *out)
{
    if (len < min || !utf8_valid(data, len) || !text_is(format, data, len)) return SESP_CODEC_BAD_PAYLOAD;
    if (len > max) return SESP_CODEC_TOO_LONG;
    if (len > 0u) memcpy(out, data, len);
    out[len] = '\\0';
    return SESP_CODEC_OK;
}`,
  },
];
