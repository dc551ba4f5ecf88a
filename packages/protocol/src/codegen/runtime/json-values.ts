import type { Snippet } from './snippets.js';

/**
 * The second step: values are looked up in place. So a duplicate key may be ill-typed where it is overridden, and a
 * discriminator may stand anywhere.
 */
export const JSON_VALUE_SNIPPETS: readonly Snippet[] = [
  {
    name: 'json_string_is',
    needs: ['json_char'],
    code: `
/* True if the string at \`at\`, escapes resolved, is \`expected\`. */
static bool json_string_is(const json_t *json, size_t at, const char *expected)
{
    const size_t size = strlen(expected);
    size_t matched = 0u;
    json_char_t character;

    if (!json_at(json, at, '"')) return false;
    at++;
    while (at < json->len && json->data[at] != (uint8_t)'"') {
        if (!json_char(json, &at, &character) || size - matched < character.size) return false;
        if (memcmp(&expected[matched], character.bytes, character.size) != 0) return false;
        matched += character.size;
    }
    return matched == size;
}`,
  },
  {
    name: 'json_members',
    needs: ['json_skip', 'json_string_is'],
    code: `
/*
 * Finds the members of the object at \`at\`: values[i] is where the last value of names[i] starts, JSON_ABSENT without one.
 * False if there is no object, one of the first \`required\` members is absent, or a strict object has another one.
 */
static bool json_members(const json_t *json, size_t at, const char *const *names, size_t count, size_t required,
                         bool strict, size_t *values)
{
    size_t i;

    for (i = 0u; i < count; i++) values[i] = JSON_ABSENT;
    if (!json_at(json, at, '{')) return false;
    at = json_space(json, at + 1u);
    while (!json_at(json, at, '}')) {
        size_t known = 0u;
        while (known < count && !json_string_is(json, at, names[known])) known++;
        if (known == count && strict) return false;
        if (!json_skip_key(json, &at)) return false;
        if (known < count) values[known] = at;
        if (!json_skip_value(json, &at)) return false;
        at = json_space(json, at);
        if (json_at(json, at, ',')) at = json_space(json, at + 1u);
    }
    for (i = 0u; i < required; i++) {
        if (values[i] == JSON_ABSENT) return false;
    }
    return true;
}`,
  },
  {
    name: 'json_next_item',
    needs: ['json_skip'],
    code: `
/* Steps from the value at *at to the next one of the array; false behind the last. */
static bool json_next_item(const json_t *json, size_t *at)
{
    if (!json_skip_value(json, at)) return false;
    *at = json_space(json, *at);
    if (!json_at(json, *at, ',')) return false;
    *at = json_space(json, *at + 1u);
    return true;
}`,
  },
  {
    name: 'json_integer',
    needs: ['json_skip', 'powers_of_ten', 'bounded_integer'],
    code: `
/* The digits of a number from its first to its last one that is not 0, and how many zeros follow. */
typedef struct {
    uint64_t value; /* while size <= MAX_DIGITS */
    size_t size;
    size_t zeros;
} json_number_t;

static void json_number_digits(const json_t *json, size_t *at, json_number_t *number)
{
    while (*at < json->len && is_digit(json->data[*at])) {
        const uint64_t digit = (uint64_t)json->data[*at] - (uint64_t)'0';
        *at += 1u;
        if (digit > 0u) {
            number->size += number->zeros + 1u;
            if (number->size <= MAX_DIGITS) number->value = number->value * powers_of_ten[number->zeros + 1u] + digit;
            number->zeros = 0u;
        } else if (number->size > 0u) {
            number->zeros += 1u;
        }
    }
}

/* The exponent that may stand at \`at\`. Beyond a million its size no longer matters: payloads are shorter. */
static int32_t json_exponent(const json_t *json, size_t at)
{
    bool negative;
    int32_t exponent = 0;

    if (!json_at(json, at, 'e') && !json_at(json, at, 'E')) return 0;
    at++;
    negative = json_at(json, at, '-');
    if (negative || json_at(json, at, '+')) at++;
    while (at < json->len && is_digit(json->data[at])) {
        if (exponent < 1000000) exponent = exponent * 10 + ((int32_t)json->data[at] - (int32_t)'0');
        at++;
    }
    return negative ? -exponent : exponent;
}

/* The number at \`at\` if its exact decimal value is an integer: 1e2, 100.0 and 10000e-2 are 100, 1.5 is none. */
static sesp_codec_t json_integer(const json_t *json, size_t at, int64_t min, int64_t max, int64_t *out)
{
    const bool negative = json_at(json, at, '-');
    json_number_t number = {0u, 0u, 0u};
    size_t fraction = 0u;
    int32_t scale;

    if (negative) at++;
    if (at >= json->len || !is_digit(json->data[at])) return SESP_CODEC_BAD_PAYLOAD;
    json_number_digits(json, &at, &number);
    if (json_at(json, at, '.')) {
        fraction = at + 1u;
        at = fraction;
        json_number_digits(json, &at, &number);
        fraction = at - fraction;
    }
    if (number.size == 0u) return bounded_integer(false, 0u, min, max, out);
    scale = json_exponent(json, at) - (int32_t)fraction + (int32_t)number.zeros;
    if (scale < 0) return SESP_CODEC_BAD_PAYLOAD;
    if (number.size + (size_t)scale > MAX_DIGITS) return SESP_CODEC_OUT_OF_RANGE;
    return bounded_integer(negative, number.value * powers_of_ten[scale], min, max, out);
}`,
  },
  {
    name: 'json_boolean',
    needs: ['json_skip'],
    code: `
static sesp_codec_t json_boolean(const json_t *json, size_t at, bool *out)
{
    *out = json_is_word(json, at, "true");
    return *out || json_is_word(json, at, "false") ? SESP_CODEC_OK : SESP_CODEC_BAD_PAYLOAD;
}`,
  },
  {
    name: 'json_enum',
    needs: ['json_string_is'],
    code: `
static sesp_codec_t json_enum(const json_t *json, size_t at, const char *const *names, size_t count, size_t *out)
{
    size_t i;

    for (i = 0u; i < count; i++) {
        if (json_string_is(json, at, names[i])) {
            *out = i;
            return SESP_CODEC_OK;
        }
    }
    return SESP_CODEC_BAD_PAYLOAD;
}`,
  },
  {
    name: 'json_string',
    needs: ['json_char', 'text_is'],
    code: `
/* \`out\` holds max + 1 bytes. */
static sesp_codec_t json_string(const json_t *json, size_t at, size_t min, size_t max, text_format_t format, char *out)
{
    json_char_t character;
    size_t len = 0u;

    if (!json_at(json, at, '"')) return SESP_CODEC_BAD_PAYLOAD;
    at++;
    while (at < json->len && json->data[at] != (uint8_t)'"') {
        if (!json_char(json, &at, &character)) return SESP_CODEC_BAD_PAYLOAD;
        if (max - len < character.size) return SESP_CODEC_TOO_LONG;
        memcpy(&out[len], character.bytes, character.size);
        len += character.size;
    }
    out[len] = '\\0';
    return len >= min && text_is(format, (const uint8_t *)out, len) ? SESP_CODEC_OK : SESP_CODEC_BAD_PAYLOAD;
}`,
  },
];
