import type { Snippet } from './snippets.js';

/** A JSON text, its bytes and its escapes. */
export const JSON_TEXT_SNIPPETS: readonly Snippet[] = [
  {
    name: 'json_t',
    needs: [],
    code: String.raw`
/* A JSON text and the first fault found in it. Positions are offsets; the text's length stands for "absent". */
typedef struct {
    const uint8_t *data;
    size_t len;
    size_t root;  /* where its value starts */
    size_t depth; /* levels that the members of the root may nest */
    bool open;    /* the object read last has unknown members */
    sesp_codec_t code;
} json_t;

/*@ predicate json_ok(json_t *json) =
      \valid(json) && \valid_read(json->data + (0 .. json->len - 1)) && json->len <= JSON_MAX_BYTES &&
      json->depth <= JSON_MAX_DEPTH; */

/*@ requires json_ok(json);
    assigns json->code; */
static void json_fault(json_t *json, sesp_codec_t code)
{
    if (json->code == SESP_CODEC_OK) json->code = code;
}

/*@ requires json_ok(json);
    assigns \nothing;
    ensures \result ==> at < json->len; */
static bool json_at(const json_t *json, size_t at, char byte)
{
    return at < json->len && json->data[at] == (uint8_t)byte;
}

/*@ requires json_ok(json) && at <= json->len;
    assigns \nothing;
    ensures at <= \result <= json->len; */
static size_t json_space(const json_t *json, size_t at)
{
    /*@ loop invariant \at(at, Pre) <= at <= json->len;
        loop assigns at;
        loop variant json->len - at; */
    while (at < json->len && json->data[at] <= ' ' &&
           (json->data[at] == ' ' || json->data[at] == '\n' || json->data[at] == '\r' || json->data[at] == '\t')) {
        at++;
    }
    return at;
}`,
  },
  {
    name: 'json_hex4',
    needs: ['json_t', 'hex_value'],
    code: String.raw`
#define HEX4_NONE (0x10000u)

/* Value of the four hexadecimal digits at 'at', HEX4_NONE if they are not there. */
/*@ requires json_ok(json) && at <= json->len;
    assigns \nothing;
    ensures \result <= HEX4_NONE;
    ensures \result < HEX4_NONE ==> at + 4 <= json->len; */
static uint32_t json_hex4(const json_t *json, size_t at)
{
    uint32_t value = 0u;
    size_t i;

    if (json->len - at < 4u) return HEX4_NONE;
    /*@ loop invariant i <= 4;
        loop invariant (i == 0 ==> value == 0) && (i == 1 ==> value < 16) && (i == 2 ==> value < 256) &&
                       (i == 3 ==> value < 4096) && (i == 4 ==> value < 65536);
        loop assigns i, value;
        loop variant 4 - i; */
    for (i = 0u; i < 4u; i++) {
        const uint32_t digit = hex_value(json->data[at + i]);
        if (digit > 15u) return HEX4_NONE;
        value = value * 16u + digit;
    }
    return value;
}`,
  },
  {
    name: 'escapes',
    needs: [],
    code: String.raw`
/* The characters that have a short escape, and their letters; a slash needs none. */
static const char escape_values[] = "\"\\\b\f\n\r\t/";
static const char escape_letters[] = "\"\\bfnrt/";
#define ESCAPES (8u)`,
  },
  {
    name: 'json_escape',
    needs: ['json_hex4', 'escapes'],
    code: String.raw`
/*
 * Position behind the escape whose backslash stands before 'at', 0 if it is none. NUL and lone surrogates are none:
 * neither C strings nor UTF-8 hold them.
 */
/*@ requires json_ok(json) && at <= json->len && \valid(code) && \separated(json, code);
    assigns *code;
    ensures \result == 0 || (at < \result <= json->len && *code < 0x110000); */
static size_t json_escape(const json_t *json, size_t at, uint32_t *code)
{
    uint32_t high;
    uint32_t low;
    size_t i;

    /*@ loop invariant i <= 8;
        loop assigns i, *code;
        loop variant 8 - i; */
    for (i = 0u; i < ESCAPES; i++) {
        if (json_at(json, at, escape_letters[i])) {
            *code = (uint8_t)escape_values[i];
            return at + 1u;
        }
    }
    if (!json_at(json, at, 'u')) return 0u;
    high = json_hex4(json, at + 1u);
    if (high == 0u || high == HEX4_NONE || (high >= 0xDC00u && high <= 0xDFFFu)) return 0u;
    at += 5u;
    *code = high;
    if (high < 0xD800u || high > 0xDBFFu) return at;
    if (!json_at(json, at, '\\') || !json_at(json, at + 1u, 'u')) return 0u;
    low = json_hex4(json, at + 2u);
    if (low < 0xDC00u || low > 0xDFFFu) return 0u;
    *code = 0x10000u + (high - 0xD800u) * 0x400u + (low - 0xDC00u);
    return at + 6u;
}`,
  },
];
