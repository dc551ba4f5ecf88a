import type { Snippet } from './snippets.js';

/** Numbers by their exact decimal value, so that rounding cannot split the verdicts of two languages. */
export const JSON_NUMBER_SNIPPETS: readonly Snippet[] = [
  {
    name: 'json_number',
    needs: ['json_t', 'is_digit', 'bounded_integer'],
    code: String.raw`
/* The exponent that may stand at 'at'. Beyond a million its size no longer matters: payloads are shorter. */
/*@ requires json_ok(json) && at <= json->len;
    assigns \nothing;
    ensures -9999999 <= \result <= 9999999; */
static int32_t json_exponent(const json_t *json, size_t at)
{
    bool negative;
    int32_t exponent = 0;

    if (!json_at(json, at, 'e') && !json_at(json, at, 'E')) return 0;
    at++;
    negative = json_at(json, at, '-');
    if (negative || json_at(json, at, '+')) at++;
    /*@ loop invariant at <= json->len && 0 <= exponent <= 9999999;
        loop assigns at, exponent;
        loop variant json->len - at; */
    while (at < json->len && is_digit(json->data[at])) {
        if (exponent < 1000000) exponent = exponent * 10 + ((int32_t)json->data[at] - '0');
        at++;
    }
    return negative ? -exponent : exponent;
}

/*
 * The number at 'at' times 10^decimals if that is exactly an integer: with decimals 0, 1e2, 100.0 and 10000e-2 are 100, 1.5
 * is none. Zeros at the end are counted before they are multiplied, so that no spelling of an integer is too long.
 */
/*@ requires json_ok(json) && at <= json->len && min <= max && 0 <= decimals <= 9 && \valid(out);
    assigns *out;
    ensures min <= *out <= max; */
static sesp_codec_t json_number(const json_t *json, size_t at, int64_t min, int64_t max, int32_t decimals, int64_t *out)
{
    const bool negative = json_at(json, at, '-');
    uint64_t magnitude = 0u;
    int32_t scale = decimals;
    bool fits = false;
    size_t point;
    size_t end; /* behind the last digit that is not 0 */
    size_t i;

    *out = min;
    if (negative) at++;
    if (at == json->len || !is_digit(json->data[at])) return SESP_CODEC_BAD_PAYLOAD;
    end = at;
    point = json->len;
    /*@ loop invariant at <= end <= i <= json->len && at <= point <= json->len;
        loop assigns i, end, point;
        loop variant json->len - i; */
    for (i = at; i < json->len && (is_digit(json->data[i]) || json->data[i] == '.'); i++) {
        if (json->data[i] == '.') point = i;
        else if (json->data[i] != '0') end = i + 1u;
    }
    if (point > i) point = i;
    if (end > at) {
        scale += (int32_t)point - (int32_t)end + (end > point ? 1 : 0) + json_exponent(json, i);
        if (scale < 0) return SESP_CODEC_BAD_PAYLOAD;
        i = at;
        /*@ loop invariant at <= i <= end && 0 <= scale && magnitude <= MAGNITUDE_LIMIT;
            loop assigns i, scale, magnitude;
            loop variant end - i + scale; */
        while ((i < end || scale > 0) && magnitude < MAGNITUDE_LIMIT) {
            uint8_t byte = '0';
            if (i < end) byte = json->data[i++];
            else scale--;
            if (is_digit(byte)) magnitude = shift_in(magnitude, (uint64_t)byte - '0');
        }
    }
    *out = bounded_integer(negative, magnitude, min, max, &fits);
    return fits ? SESP_CODEC_OK : SESP_CODEC_OUT_OF_RANGE;
}`,
  },
  {
    name: 'json_integer',
    needs: ['json_number'],
    code: String.raw`
/*@ requires json_ok(json) && at <= json->len && min <= max && 0 <= decimals <= 9;
    assigns json->code;
    ensures min <= \result <= max; */
static int64_t json_integer(json_t *json, size_t at, int64_t min, int64_t max, int32_t decimals)
{
    int64_t value = min;
    const sesp_codec_t code = json_number(json, at, min, max, decimals, &value);

    if (code != SESP_CODEC_OK) json_fault(json, code);
    return value;
}`,
  },
  {
    name: 'json_u32',
    needs: ['json_number'],
    code: String.raw`
/*@ requires json_ok(json) && at <= json->len && min <= max;
    assigns json->code;
    ensures min <= \result <= max; */
static uint32_t json_u32(json_t *json, size_t at, uint32_t min, uint32_t max)
{
    int64_t value = min;
    const sesp_codec_t code = json_number(json, at, min, max, 0, &value);

    if (code != SESP_CODEC_OK) json_fault(json, code);
    return (uint32_t)value;
}`,
  },
];
