import type { Snippet } from './snippets.js';

/**
 * Steps over JSON and checks it: UTF-8, grammar, depth, strings; without recursion.
 */
export const JSON_SCAN_SNIPPETS: readonly Snippet[] = [
  {
    name: 'json_skip',
    needs: ['json_escape', 'utf8_sequence', 'is_digit'],
    code: String.raw`
/* These step over what stands at 'at'; 0 if it is not well formed. */

/*@ requires json_ok(json) && at <= json->len;
    assigns \nothing;
    ensures \result == 0 || at < \result <= json->len; */
static size_t json_skip_string(const json_t *json, size_t at)
{
    uint32_t code = 0u;

    if (!json_at(json, at, '"')) return 0u;
    at++;
    /*@ loop invariant \at(at, Pre) < at <= json->len;
        loop assigns at, code;
        loop variant json->len - at; */
    while (at < json->len) {
        const uint8_t byte = json->data[at];
        if (byte == '"') return at + 1u;
        if (byte < ' ') return 0u;
        if (byte == '\\') {
            at = json_escape(json, at + 1u, &code);
            if (at == 0u) return 0u;
        } else {
            const size_t size = byte < 0x80u ? 1u : utf8_sequence(json->data, json->len, at);
            if (size == 0u) return 0u;
            at += size;
        }
    }
    return 0u;
}

/* At least one digit. */
/*@ requires json_ok(json) && at <= json->len;
    assigns \nothing;
    ensures \result == 0 || at < \result <= json->len; */
static size_t json_skip_digits(const json_t *json, size_t at)
{
    const size_t start = at;

    /*@ loop invariant start <= at <= json->len;
        loop assigns at;
        loop variant json->len - at; */
    while (at < json->len && is_digit(json->data[at])) at++;
    return at > start ? at : 0u;
}

/*@ requires json_ok(json) && at <= json->len;
    assigns \nothing;
    ensures \result == 0 || at < \result <= json->len; */
static size_t json_skip_number(const json_t *json, size_t at)
{
    if (json_at(json, at, '-')) at++;
    if (json_at(json, at, '0')) at++;
    else at = json_skip_digits(json, at);
    if (at > 0u && json_at(json, at, '.')) at = json_skip_digits(json, at + 1u);
    if (at > 0u && (json_at(json, at, 'e') || json_at(json, at, 'E'))) {
        at++;
        if (json_at(json, at, '+') || json_at(json, at, '-')) at++;
        at = json_skip_digits(json, at);
    }
    return at;
}

/*@ requires json_ok(json) && at <= json->len && 1 <= size <= 5 && \valid_read(word + (0 .. size - 1));
    assigns \nothing;
    ensures \result == 0 || at < \result <= json->len; */
static size_t json_skip_word(const json_t *json, size_t at, const char *word, size_t size)
{
    size_t i;

    /*@ loop invariant i <= size && at + i <= json->len;
        loop assigns i;
        loop variant size - i; */
    for (i = 0u; i < size; i++) {
        if (!json_at(json, at + i, word[i])) return 0u;
    }
    return at + size;
}

/*@ requires json_ok(json) && at < json->len;
    assigns \nothing;
    ensures \result == 0 || at < \result <= json->len; */
static size_t json_skip_scalar(const json_t *json, size_t at)
{
    static const char true_word[] = "true";
    static const char false_word[] = "false";
    static const char null_word[] = "null";
    const uint8_t byte = json->data[at];

    if (byte == '"') return json_skip_string(json, at);
    if (byte == 't') return json_skip_word(json, at, true_word, 4u);
    if (byte == 'f') return json_skip_word(json, at, false_word, 5u);
    if (byte == 'n') return json_skip_word(json, at, null_word, 4u);
    return json_skip_number(json, at);
}

/* A key, its colon and the white space around it. */
/*@ requires json_ok(json) && at <= json->len;
    assigns \nothing;
    ensures \result == 0 || at < \result <= json->len; */
static size_t json_skip_key(const json_t *json, size_t at)
{
    at = json_skip_string(json, at);
    if (at == 0u) return 0u;
    at = json_space(json, at);
    return json_at(json, at, ':') ? json_space(json, at + 1u) : 0u;
}

/* One value of any kind, without recursion. */
/*@ requires json_ok(json) && at <= json->len;
    assigns \nothing;
    ensures \result == 0 || at < \result <= json->len; */
static size_t json_skip_value(const json_t *json, size_t at)
{
    char closers[JSON_MAX_DEPTH];
    size_t depth = 0u;

    /* Each turn starts where a value has to stand. */
    /*@ loop invariant \at(at, Pre) <= at <= json->len && depth <= json->depth;
        loop assigns at, depth, closers[0 .. JSON_MAX_DEPTH - 1];
        loop variant json->len - at; */
    while (at < json->len) {
        const uint8_t byte = json->data[at];
        if (byte == '{' || byte == '[') {
            const char closer = byte == '{' ? '}' : ']';
            if (depth == json->depth) return 0u;
            closers[depth] = closer;
            depth++;
            at = json_space(json, at + 1u);
            if (!json_at(json, at, closer)) {
                if (byte == '{') at = json_skip_key(json, at);
                if (at == 0u) return 0u;
                continue;
            }
        } else {
            at = json_skip_scalar(json, at);
            if (at == 0u) return 0u;
        }
        /*@ loop invariant \at(at, LoopEntry) <= at <= json->len && depth <= json->depth;
            loop assigns at, depth;
            loop variant depth; */
        while (depth > 0u) {
            at = json_space(json, at);
            if (json_at(json, at, ',')) break;
            if (!json_at(json, at, closers[depth - 1u])) return 0u;
            at++;
            depth--;
        }
        if (depth == 0u) return at;
        at = json_space(json, at + 1u);
        if (closers[depth - 1u] == '}') at = json_skip_key(json, at);
        if (at == 0u) return 0u;
    }
    return 0u;
}`,
  },
  {
    name: 'json_open',
    needs: ['json_skip'],
    code: String.raw`
/* Finds the root of a text. An object there is checked when its members are looked up. */
/*@ requires \valid(json) && \valid_read(data + (0 .. len - 1)) && len <= JSON_MAX_BYTES && depth <= JSON_MAX_DEPTH;
    assigns *json;
    ensures json_ok(json) && json->len == len && json->root <= len; */
static void json_open(json_t *json, const uint8_t *data, size_t len, size_t depth)
{
    json->data = data;
    json->len = len;
    json->root = 0u;
    json->depth = depth;
    json->open = false;
    json->code = SESP_CODEC_OK;
    json->root = json_space(json, 0u);
}`,
  },
];
