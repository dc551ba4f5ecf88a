import type { Snippet } from './snippets.js';

/** Writes text and JSON into the caller's buffer. The first fault sticks; nothing is ever cut off silently. */
export const ENCODE_SNIPPETS: readonly Snippet[] = [
  {
    name: 'writer_t',
    needs: [],
    code: `
typedef struct {
    char *out;
    size_t cap; /* without the terminator */
    size_t len;
    sesp_codec_t code;
} writer_t;

static void writer_open(writer_t *writer, char *out, size_t out_cap, size_t max)
{
    writer->out = out;
    writer->cap = out_cap > max ? max : (out_cap > 0u ? out_cap - 1u : 0u);
    writer->len = 0u;
    writer->code = out_cap > 0u ? SESP_CODEC_OK : SESP_CODEC_NO_SPACE;
    if (out_cap > 0u) out[0] = '\\0';
}

/* Terminates the text; after a fault it is empty. */
static sesp_codec_t writer_close(writer_t *writer, size_t out_cap, size_t *out_len)
{
    if (writer->code != SESP_CODEC_OK) writer->len = 0u;
    if (out_cap > 0u) writer->out[writer->len] = '\\0';
    if (out_len != NULL) *out_len = writer->len;
    return writer->code;
}

static void write_fault(writer_t *writer, sesp_codec_t code)
{
    if (writer->code == SESP_CODEC_OK) writer->code = code;
}

static void write_char(writer_t *writer, char character)
{
    if (writer->code != SESP_CODEC_OK) return;
    if (writer->len == writer->cap) {
        writer->code = SESP_CODEC_NO_SPACE;
        return;
    }
    writer->out[writer->len] = character;
    writer->len += 1u;
}

static void write_text(writer_t *writer, const char *text)
{
    size_t i;

    for (i = 0u; text[i] != '\\0'; i++) write_char(writer, text[i]);
}`,
  },
  {
    name: 'write_integer',
    needs: ['writer_t', 'max_digits'],
    code: `
/* min and max have at most 16 digits. */
static void write_integer(writer_t *writer, int64_t value, int64_t min, int64_t max)
{
    char digits[MAX_DIGITS];
    size_t size = 0u;
    int64_t rest;

    if (value < min || value > max) {
        write_fault(writer, SESP_CODEC_BAD_VALUE);
        return;
    }
    rest = value < 0 ? -value : value;
    do {
        digits[size] = (char)('0' + (char)(rest % 10));
        size++;
        rest = rest / 10;
    } while (rest > 0 && size < MAX_DIGITS);
    if (value < 0) write_char(writer, '-');
    while (size > 0u) {
        size--;
        write_char(writer, digits[size]);
    }
}`,
  },
  {
    name: 'write_enum',
    needs: ['writer_t'],
    code: `
static void write_enum(writer_t *writer, const char *const *names, size_t count, size_t index, const char *quote)
{
    if (index >= count) {
        write_fault(writer, SESP_CODEC_BAD_VALUE);
        return;
    }
    write_text(writer, quote);
    write_text(writer, names[index]);
    write_text(writer, quote);
}`,
  },
  {
    name: 'bounded_length',
    needs: [],
    code: `
/* Length of the C string, max + 1 if there is no terminator within max + 1 bytes. */
static size_t bounded_length(const char *text, size_t max)
{
    size_t len = 0u;

    while (len <= max && text[len] != '\\0') len++;
    return len;
}`,
  },
  {
    name: 'check_string',
    needs: ['writer_t', 'bounded_length', 'utf8_valid', 'text_is'],
    code: `
/* Length of a string that the contract allows; else a fault, and 0. */
static size_t check_string(writer_t *writer, const char *text, size_t min, size_t max, text_format_t format)
{
    const uint8_t *bytes = (const uint8_t *)text;
    const size_t len = bounded_length(text, max);

    if (len >= min && len <= max && utf8_valid(bytes, len) && text_is(format, bytes, len)) return len;
    write_fault(writer, SESP_CODEC_BAD_VALUE);
    return 0u;
}`,
  },
  {
    name: 'write_string',
    needs: ['check_string'],
    code: `
static void write_string(writer_t *writer, const char *text, size_t min, size_t max, text_format_t format)
{
    const size_t len = check_string(writer, text, min, max, format);
    size_t i;

    for (i = 0u; i < len; i++) write_char(writer, text[i]);
}`,
  },
  {
    name: 'write_separator',
    needs: ['writer_t'],
    code: `
/* A comma, unless the first member or item follows. */
static void write_separator(writer_t *writer)
{
    const char last = writer->len > 0u ? writer->out[writer->len - 1u] : '{';

    if (last != '{' && last != '[') write_char(writer, ',');
}`,
  },
  {
    name: 'write_key',
    needs: ['write_separator'],
    code: `
static void write_key(writer_t *writer, const char *key)
{
    write_separator(writer);
    write_char(writer, '"');
    write_text(writer, key);
    write_text(writer, "\\":");
}`,
  },
  {
    name: 'write_quoted',
    needs: ['check_string'],
    code: `
/* One byte of a JSON string, escaped as JSON.stringify does. */
static void write_escaped(writer_t *writer, char character)
{
    static const char hex[] = "0123456789abcdef";
    static const char values[] = "\\"\\\\\\b\\f\\n\\r\\t";
    static const char letters[] = "\\"\\\\bfnrt";
    const uint8_t byte = (uint8_t)character;
    size_t i;

    for (i = 0u; i < sizeof values - 1u; i++) {
        if (character == values[i]) {
            write_char(writer, '\\\\');
            write_char(writer, letters[i]);
            return;
        }
    }
    if (byte >= 0x20u) {
        write_char(writer, character);
        return;
    }
    write_text(writer, "\\\\u00");
    write_char(writer, hex[byte / 16u]);
    write_char(writer, hex[byte % 16u]);
}

static void write_quoted(writer_t *writer, const char *text, size_t min, size_t max, text_format_t format)
{
    const size_t len = check_string(writer, text, min, max, format);
    size_t i;

    write_char(writer, '"');
    for (i = 0u; i < len; i++) write_escaped(writer, text[i]);
    write_char(writer, '"');
}`,
  },
];
