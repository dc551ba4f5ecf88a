import type { Snippet } from './snippets.js';

/**
 * The first of two steps in which JSON is read: the whole payload is checked (UTF-8, grammar, depth, strings), without
 * recursion.
 */
export const JSON_SCAN_SNIPPETS: readonly Snippet[] = [
  {
    name: 'json_t',
    needs: [],
    code: `
/* A JSON text. Positions are offsets into it; no member starts at 0, where the root does. */
typedef struct {
    const uint8_t *data;
    size_t len;
    size_t max_depth;
} json_t;

#define JSON_ABSENT ((size_t)0u)

/* One character of a string, as UTF-8. */
typedef struct {
    uint8_t bytes[4];
    size_t size;
} json_char_t;

static bool json_at(const json_t *json, size_t at, char byte)
{
    return at < json->len && json->data[at] == (uint8_t)byte;
}

static size_t json_space(const json_t *json, size_t at)
{
    while (json_at(json, at, ' ') || json_at(json, at, '\\n') || json_at(json, at, '\\r') || json_at(json, at, '\\t')) at++;
    return at;
}`,
  },
  {
    name: 'json_char',
    needs: ['json_t', 'hex_value'],
    code: `
static bool json_hex4(const json_t *json, size_t *at, uint32_t *out)
{
    uint32_t value = 0u;
    size_t i;

    if (json->len - *at < 4u) return false;
    for (i = 0u; i < 4u; i++) {
        const uint32_t digit = hex_value(json->data[*at + i]);
        if (digit > 15u) return false;
        value = value * 16u + digit;
    }
    *at += 4u;
    *out = value;
    return true;
}

static void json_char_set(json_char_t *out, uint32_t code)
{
    const uint8_t last = (uint8_t)(0x80u + code % 64u);

    if (code < 0x80u) {
        out->bytes[0] = (uint8_t)code;
        out->size = 1u;
    } else if (code < 0x800u) {
        out->bytes[0] = (uint8_t)(0xC0u + code / 64u);
        out->bytes[1] = last;
        out->size = 2u;
    } else if (code < 0x10000u) {
        out->bytes[0] = (uint8_t)(0xE0u + code / 4096u);
        out->bytes[1] = (uint8_t)(0x80u + code / 64u % 64u);
        out->bytes[2] = last;
        out->size = 3u;
    } else {
        out->bytes[0] = (uint8_t)(0xF0u + code / 262144u % 8u);
        out->bytes[1] = (uint8_t)(0x80u + code / 4096u % 64u);
        out->bytes[2] = (uint8_t)(0x80u + code / 64u % 64u);
        out->bytes[3] = last;
        out->size = 4u;
    }
}

/* Behind "\\u". NUL and lone surrogates are refused: neither C strings nor UTF-8 hold them. */
static bool json_unicode(const json_t *json, size_t *at, json_char_t *out)
{
    uint32_t code = 0u;
    uint32_t low = 0u;

    if (!json_hex4(json, at, &code) || code == 0u || (code >= 0xDC00u && code <= 0xDFFFu)) return false;
    if (code >= 0xD800u && code <= 0xDBFFu) {
        if (!json_at(json, *at, '\\\\') || !json_at(json, *at + 1u, 'u')) return false;
        *at += 2u;
        if (!json_hex4(json, at, &low) || low < 0xDC00u || low > 0xDFFFu) return false;
        code = 0x10000u + (code - 0xD800u) * 0x400u + (low - 0xDC00u);
    }
    json_char_set(out, code);
    return true;
}

/* Reads the character at *at (inside the text) of a string and steps over it. */
static bool json_char(const json_t *json, size_t *at, json_char_t *out)
{
    static const char letters[] = "\\"\\\\/bfnrt";
    static const char values[] = "\\"\\\\/\\b\\f\\n\\r\\t";
    const uint8_t byte = json->data[*at];
    size_t i;

    out->bytes[0] = byte;
    out->size = 1u;
    *at += 1u;
    if (byte != (uint8_t)'\\\\') return byte >= 0x20u;
    for (i = 0u; i < sizeof letters - 1u; i++) {
        if (json_at(json, *at, letters[i])) {
            out->bytes[0] = (uint8_t)values[i];
            *at += 1u;
            return true;
        }
    }
    if (!json_at(json, *at, 'u')) return false;
    *at += 1u;
    return json_unicode(json, at, out);
}`,
  },
  {
    name: 'json_skip',
    needs: ['json_char', 'is_digit'],
    code: `
static bool json_skip_string(const json_t *json, size_t *at)
{
    json_char_t character;

    if (!json_at(json, *at, '"')) return false;
    *at += 1u;
    while (*at < json->len) {
        if (json->data[*at] == (uint8_t)'"') {
            *at += 1u;
            return true;
        }
        if (!json_char(json, at, &character)) return false;
    }
    return false;
}

/* At least one digit. */
static bool json_skip_digits(const json_t *json, size_t *at)
{
    const size_t start = *at;

    while (*at < json->len && is_digit(json->data[*at])) *at += 1u;
    return *at > start;
}

static bool json_skip_number(const json_t *json, size_t *at)
{
    if (json_at(json, *at, '-')) *at += 1u;
    if (json_at(json, *at, '0')) *at += 1u;
    else if (!json_skip_digits(json, at)) return false;
    if (json_at(json, *at, '.')) {
        *at += 1u;
        if (!json_skip_digits(json, at)) return false;
    }
    if (json_at(json, *at, 'e') || json_at(json, *at, 'E')) {
        *at += 1u;
        if (json_at(json, *at, '+') || json_at(json, *at, '-')) *at += 1u;
        return json_skip_digits(json, at);
    }
    return true;
}

/* True if one of the words true, false, null stands at \`at\`. */
static bool json_is_word(const json_t *json, size_t at, const char *word)
{
    const size_t size = strlen(word);

    return at <= json->len && json->len - at >= size && memcmp(&json->data[at], word, size) == 0;
}

static bool json_skip_scalar(const json_t *json, size_t *at)
{
    if (json_at(json, *at, '"')) return json_skip_string(json, at);
    if (json_is_word(json, *at, "true") || json_is_word(json, *at, "null")) {
        *at += 4u;
        return true;
    }
    if (json_is_word(json, *at, "false")) {
        *at += 5u;
        return true;
    }
    return json_skip_number(json, at);
}

/* A key and its colon. */
static bool json_skip_key(const json_t *json, size_t *at)
{
    if (!json_skip_string(json, at)) return false;
    *at = json_space(json, *at);
    if (!json_at(json, *at, ':')) return false;
    *at = json_space(json, *at + 1u);
    return true;
}

/* Behind a complete value: closes containers, then steps to the next value if there is one (*depth > 0). */
static bool json_skip_closers(const json_t *json, size_t *at, const char *closers, size_t *depth)
{
    while (*depth > 0u) {
        const char closer = closers[*depth - 1u];
        *at = json_space(json, *at);
        if (json_at(json, *at, ',')) {
            *at = json_space(json, *at + 1u);
            return closer == ']' || json_skip_key(json, at);
        }
        if (!json_at(json, *at, closer)) return false;
        *at += 1u;
        *depth -= 1u;
    }
    return true;
}

/* Checks one value of any kind and steps over it, without recursion. */
static bool json_skip_value(const json_t *json, size_t *at)
{
    char closers[JSON_MAX_DEPTH];
    size_t depth = 0u;

    do {
        const bool object = json_at(json, *at, '{');
        if (object || json_at(json, *at, '[')) {
            const char closer = object ? '}' : ']';
            if (depth == json->max_depth) return false;
            closers[depth] = closer;
            depth++;
            *at = json_space(json, *at + 1u);
            if (!json_at(json, *at, closer)) {
                if (object && !json_skip_key(json, at)) return false;
                continue;
            }
        } else if (!json_skip_scalar(json, at)) {
            return false;
        }
        if (!json_skip_closers(json, at, closers, &depth)) return false;
    } while (depth > 0u);
    return true;
}`,
  },
  {
    name: 'json_open',
    needs: ['json_skip', 'utf8_valid'],
    code: `
/* Checks the whole text and finds its root. max_depth is at most JSON_MAX_DEPTH. */
static bool json_open(json_t *json, const uint8_t *data, size_t len, size_t max_depth, size_t *root)
{
    size_t end;

    json->data = data;
    json->len = len;
    json->max_depth = max_depth;
    if (!utf8_valid(data, len)) return false;
    *root = json_space(json, 0u);
    end = *root;
    return json_skip_value(json, &end) && json_space(json, end) == len;
}`,
  },
];
