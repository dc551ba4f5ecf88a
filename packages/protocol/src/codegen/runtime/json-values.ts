import type { Snippet } from './snippets.js';

/**
 * Values of JSON. An object is checked as a whole before any of its members is read; the first fault sticks, so that
 * readers need no branches, and after it they go on harmlessly.
 */
export const JSON_VALUE_SNIPPETS: readonly Snippet[] = [
  {
    name: 'utf8_put',
    needs: [],
    code: String.raw`
/* Writes the character as UTF-8; its size. */
/*@ requires code < 0x110000 && \valid(bytes + (0 .. 3));
    assigns bytes[0 .. 3];
    ensures 1 <= \result <= 4; */
static size_t utf8_put(uint32_t code, uint8_t *bytes)
{
    const uint8_t last = (uint8_t)(0x80u + code % 64u);

    if (code < 0x80u) {
        bytes[0] = (uint8_t)code;
        return 1u;
    }
    if (code < 0x800u) {
        bytes[0] = (uint8_t)(0xC0u + code / 64u);
        bytes[1] = last;
        return 2u;
    }
    if (code < 0x10000u) {
        bytes[0] = (uint8_t)(0xE0u + code / 4096u);
        bytes[1] = (uint8_t)(0x80u + code / 64u % 64u);
        bytes[2] = last;
        return 3u;
    }
    bytes[0] = (uint8_t)(0xF0u + code / 262144u);
    bytes[1] = (uint8_t)(0x80u + code / 4096u % 64u);
    bytes[2] = (uint8_t)(0x80u + code / 64u % 64u);
    bytes[3] = last;
    return 4u;
}`,
  },
  {
    name: 'json_string_is',
    needs: ['json_escape', 'utf8_put'],
    code: String.raw`
/* True if the string at 'at', escapes resolved, is 'text'. */
/*@ requires json_ok(json) && at <= json->len && \valid_read(text + (0 .. size - 1));
    assigns \nothing; */
static bool json_string_is(const json_t *json, size_t at, const char *text, size_t size)
{
    uint8_t bytes[4];
    size_t matched = 0u;

    if (!json_at(json, at, '"')) return false;
    at++;
    /*@ loop invariant at <= json->len && matched <= size;
        loop assigns at, matched, bytes[0 .. 3];
        loop variant json->len - at; */
    while (at < json->len && json->data[at] != '"') {
        uint32_t code = json->data[at];
        size_t count;
        size_t i;
        at++;
        if (code != '\\') {
            if (matched == size || (uint8_t)text[matched] != code) return false;
            matched++;
            continue;
        }
        at = json_escape(json, at, &code);
        if (at == 0u) return false;
        count = utf8_put(code, bytes);
        if (size - matched < count) return false;
        /*@ loop invariant i <= count;
            loop assigns i;
            loop variant count - i; */
        for (i = 0u; i < count; i++) {
            if ((uint8_t)text[matched + i] != bytes[i]) return false;
        }
        matched += count;
    }
    return matched == size;
}`,
  },
  {
    name: 'json_name',
    needs: ['json_string_is'],
    code: String.raw`
/*
 * A list of names: of each its length as a byte, its text, a NUL. Index of the name that the string at 'at' spells,
 * their number if it is none of them.
 */
/*@ requires json_ok(json) && at <= json->len && \valid_read(names + (0 .. size - 1));
    assigns \nothing; */
static size_t json_name(const json_t *json, size_t at, const char *names, size_t size)
{
    const uint8_t first = at + 1u < json->len ? json->data[at + 1u] : 0u;
    size_t index = 0u;
    size_t start = 0u;

    /*@ loop invariant start <= size && index <= start;
        loop assigns index, start;
        loop variant size - start; */
    while (start < size && size - start > (uint8_t)names[start] + 1u) {
        const size_t length = (uint8_t)names[start];
        /* Most names are told apart by their first letter. */
        if ((first == (uint8_t)names[start + 1u] || first == '\\' || length == 0u) &&
            json_string_is(json, at, &names[start + 1u], length)) {
            return index;
        }
        start += length + 2u;
        index++;
    }
    return index;
}`,
  },
  {
    name: 'json_members',
    needs: ['json_skip', 'json_name'],
    code: String.raw`
/* Position behind the object at 'at', 0 if it is not well formed; see json_members(). */
/*@ requires json_ok(json) && at <= json->len && \valid_read(names + (0 .. size - 1));
    requires \valid(values + (0 .. count - 1)) && \separated(json, values + (0 .. count - 1));
    requires \forall integer i; 0 <= i < count ==> values[i] <= json->len;
    assigns json->open, values[0 .. count - 1];
    ensures \result <= json->len && \forall integer i; 0 <= i < count ==> values[i] <= json->len; */
static size_t json_object(json_t *json, size_t at, const char *names, size_t size, size_t *values, size_t count)
{
    if (!json_at(json, at, '{')) return 0u;
    at = json_space(json, at + 1u);
    if (json_at(json, at, '}')) return at + 1u;
    /*@ loop invariant at <= json->len && \forall integer k; 0 <= k < count ==> values[k] <= json->len;
        loop assigns at, json->open, values[0 .. count - 1];
        loop variant json->len - at; */
    while (at < json->len) {
        const size_t known = json_name(json, at, names, size);
        at = json_skip_key(json, at);
        if (at == 0u) return 0u;
        if (known < count) values[known] = at;
        else json->open = true;
        at = json_skip_value(json, at);
        if (at == 0u) return 0u;
        at = json_space(json, at);
        if (json_at(json, at, '}')) return at + 1u;
        if (!json_at(json, at, ',')) return 0u;
        at = json_space(json, at + 1u);
    }
    return 0u;
}

/*
 * Checks the object at 'at' and finds its members: values[i] is where the last value of the i-th name starts, the end of
 * the text if there is none; json->open if it has others. Behind the root the text has to end.
 */
/*@ requires json_ok(json) && at <= json->len && \valid_read(names + (0 .. size - 1));
    requires \valid(values + (0 .. count - 1)) && \separated(json, values + (0 .. count - 1));
    assigns json->open, json->code, values[0 .. count - 1];
    ensures \forall integer i; 0 <= i < count ==> values[i] <= json->len; */
static void json_members(json_t *json, size_t at, const char *names, size_t size, size_t *values, size_t count)
{
    size_t end;
    size_t i;

    json->open = false;
    /*@ loop invariant i <= count && \forall integer k; 0 <= k < i ==> values[k] <= json->len;
        loop assigns i, values[0 .. count - 1];
        loop variant count - i; */
    for (i = 0u; i < count; i++) values[i] = json->len;
    end = json_object(json, at, names, size, values, count);
    if (end == 0u || (at == json->root && json_space(json, end) != json->len)) json_fault(json, SESP_CODEC_BAD_PAYLOAD);
}`,
  },
  {
    name: 'json_next_item',
    needs: ['json_skip'],
    code: String.raw`
/* Steps from the value at 'at' to the next one of the array; the end of the text behind the last. */
/*@ requires json_ok(json) && at < json->len;
    assigns \nothing;
    ensures at < \result <= json->len; */
static size_t json_next_item(const json_t *json, size_t at)
{
    at = json_skip_value(json, at);
    if (at == 0u) return json->len;
    at = json_space(json, at);
    return json_at(json, at, ',') ? json_space(json, at + 1u) : json->len;
}`,
  },
  {
    name: 'json_enum',
    needs: ['json_name'],
    code: String.raw`
/* Index of the name that the string at 'at' spells. */
/*@ requires json_ok(json) && at <= json->len && \valid_read(names + (0 .. size - 1)) && count > 0;
    assigns json->code;
    ensures \result < count; */
static size_t json_enum(json_t *json, size_t at, const char *names, size_t size, size_t count)
{
    const size_t index = json_name(json, at, names, size);

    if (index < count) return index;
    json_fault(json, SESP_CODEC_BAD_PAYLOAD);
    return 0u;
}`,
  },
  {
    name: 'json_boolean',
    needs: ['json_t'],
    code: String.raw`
/*@ requires json_ok(json) && at <= json->len;
    assigns json->code; */
static bool json_boolean(json_t *json, size_t at)
{
    const bool value = json_at(json, at, 't');

    if (!value && !json_at(json, at, 'f')) json_fault(json, SESP_CODEC_BAD_PAYLOAD);
    return value;
}`,
  },
  {
    name: 'json_string',
    needs: ['json_escape', 'utf8_put', 'text_is'],
    code: String.raw`
/* 'out' holds max + 1 bytes. */
/*@ requires json_ok(json) && at <= json->len && \valid(out + (0 .. max)) && \separated(json, out + (0 .. max));
    assigns json->code, out[0 .. max]; */
static void json_string(json_t *json, size_t at, size_t min, size_t max, text_format_t format, char *out)
{
    uint8_t bytes[4];
    size_t len = 0u;

    if (!json_at(json, at, '"')) {
        json_fault(json, SESP_CODEC_BAD_PAYLOAD);
        return;
    }
    at++;
    /*@ loop invariant at <= json->len && len <= max;
        loop assigns at, len, bytes[0 .. 3], out[0 .. max];
        loop variant json->len - at; */
    while (at < json->len && json->data[at] != '"') {
        uint32_t code = json->data[at];
        size_t count = 1u;
        size_t i;
        at++;
        bytes[0] = (uint8_t)code;
        if (code == '\\') {
            at = json_escape(json, at, &code);
            if (at == 0u) return;
            count = utf8_put(code, bytes);
        }
        if (max - len < count) {
            json_fault(json, SESP_CODEC_TOO_LONG);
            return;
        }
        /*@ loop invariant i <= count && len + (count - i) <= max;
            loop assigns i, len, out[0 .. max];
            loop variant count - i; */
        for (i = 0u; i < count; i++) out[len++] = (char)bytes[i];
    }
    out[len] = '\0';
    /* The whole text is well formed, so that this needs no second look at its UTF-8. */
    if (len < min || (format != TEXT_UTF8 && !text_is(format, (const uint8_t *)out, len))) json_fault(json, SESP_CODEC_BAD_PAYLOAD);
}`,
  },
  {
    name: 'put_text',
    needs: [],
    code: String.raw`
/* Stores a constant text and its terminator; 'out' holds size + 1 bytes. */
/*@ requires \valid_read(text + (0 .. size - 1)) && \valid(out + (0 .. size));
    assigns out[0 .. size]; */
static void put_text(char *out, const char *text, size_t size)
{
    size_t i;

    /*@ loop invariant i <= size;
        loop assigns i, out[0 .. size];
        loop variant size - i; */
    for (i = 0u; i < size; i++) out[i] = text[i];
    out[size] = '\0';
}`,
  },
];
