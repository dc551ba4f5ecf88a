import type { Snippet } from './snippets.js';

/** Writes text and JSON into the caller's buffer. The first fault sticks; nothing is ever cut off silently. */
export const ENCODE_SNIPPETS: readonly Snippet[] = [
  {
    name: 'writer_t',
    needs: [],
    code: String.raw`
typedef struct {
    char *out;
    size_t cap; /* without the terminator */
    size_t len;
    sesp_codec_t code;
} writer_t;

/*@ predicate writer_ok(writer_t *writer) =
      \valid(writer) && writer->len <= writer->cap && \valid(writer->out + (0 .. writer->cap - 1)) &&
      \separated(writer, writer->out + (0 .. writer->cap - 1)); */

/*@ requires \valid(writer) && \valid(out + (0 .. out_cap - 1)) && \separated(writer, out + (0 .. out_cap - 1));
    assigns *writer, out[0 .. out_cap - 1];
    ensures writer_ok(writer) && writer->out == out && (out_cap > 0 ==> writer->cap < out_cap) && (out_cap == 0 ==> writer->cap == 0); */
static void writer_open(writer_t *writer, char *out, size_t out_cap, size_t max)
{
    writer->out = out;
    writer->cap = out_cap > max ? max : (out_cap > 0u ? out_cap - 1u : 0u);
    writer->len = 0u;
    writer->code = out_cap > 0u ? SESP_CODEC_OK : SESP_CODEC_NO_SPACE;
    if (out_cap > 0u) out[0] = '\0';
}

/* Terminates the text; after a fault it is empty. */
/*@ requires \valid(writer) && (out_cap == 0 || writer->len < out_cap);
    requires \valid(writer->out + (0 .. out_cap - 1));
    requires out_len == \null || (\valid(out_len) && \separated(out_len, writer));
    assigns writer->out[0 .. out_cap - 1], *out_len;
    ensures \result == writer->code;
    ensures out_len != \null ==> (\result == SESP_CODEC_OK ==> *out_len == writer->len) && (\result != SESP_CODEC_OK ==> *out_len == 0);
    ensures out_cap > 0 && \result == SESP_CODEC_OK ==> writer->out[writer->len] == 0;
    ensures out_cap > 0 && \result != SESP_CODEC_OK ==> writer->out[0] == 0; */
static sesp_codec_t writer_close(writer_t *writer, size_t out_cap, size_t *out_len)
{
    const size_t len = writer->code == SESP_CODEC_OK ? writer->len : 0u;

    if (out_cap > 0u) writer->out[len] = '\0';
    if (out_len != NULL) *out_len = len;
    return writer->code;
}

/*@ requires writer_ok(writer);
    assigns writer->code; */
static void write_fault(writer_t *writer, sesp_codec_t code)
{
    if (writer->code == SESP_CODEC_OK) writer->code = code;
}

/*@ requires writer_ok(writer);
    assigns writer->code, writer->len, writer->out[0 .. writer->cap - 1];
    ensures writer_ok(writer); */
static void write_char(writer_t *writer, char character)
{
    if (writer->len == writer->cap) {
        write_fault(writer, SESP_CODEC_NO_SPACE);
        return;
    }
    writer->out[writer->len] = character;
    writer->len += 1u;
}

/*@ requires writer_ok(writer) && \valid_read(text + (0 .. size - 1));
    assigns writer->code, writer->len, writer->out[0 .. writer->cap - 1];
    ensures writer_ok(writer); */
static void write_text(writer_t *writer, const char *text, size_t size)
{
    size_t i;

    if (writer->cap - writer->len < size) {
        write_fault(writer, SESP_CODEC_NO_SPACE);
        return;
    }
    /*@ loop invariant i <= size && writer_ok(writer) && writer->len + (size - i) <= writer->cap;
        loop assigns i, writer->len, writer->out[0 .. writer->cap - 1];
        loop variant size - i; */
    for (i = 0u; i < size; i++) {
        writer->out[writer->len] = text[i];
        writer->len += 1u;
    }
}`,
  },
  {
    name: 'write_name',
    needs: ['name_start', 'writer_t'],
    code: String.raw`
/*@ requires writer_ok(writer) && \valid_read(names + (0 .. size - 1));
    assigns writer->code, writer->len, writer->out[0 .. writer->cap - 1];
    ensures writer_ok(writer); */
static void write_name(writer_t *writer, const char *names, size_t size, size_t index)
{
    const size_t start = name_start(names, size, index);

    if (start < size) write_text(writer, &names[start + 1u], (uint8_t)names[start]);
    else write_fault(writer, SESP_CODEC_BAD_VALUE);
}`,
  },
  {
    name: 'bounded_length',
    needs: [],
    code: String.raw`
/*@ predicate text_ok(char *text, integer max) =
      \valid_read(text + (0 .. max)) ||
      \exists integer end; 0 <= end < max && \valid_read(text + (0 .. end)) && text[end] == 0; */

/* Length of the C string, max + 1 if there is no terminator within max + 1 bytes. */
/*@ requires text_ok(text, max) && max <= 65535;
    assigns \nothing;
    ensures \result <= max + 1 && \valid_read(text + (0 .. \result - 1)); */
static size_t bounded_length(const char *text, size_t max)
{
    size_t len = 0u;

    /*@ loop invariant len <= max + 1 && \forall integer k; 0 <= k < len ==> text[k] != 0;
        loop invariant \valid_read(text + (0 .. len - 1));
        loop assigns len;
        loop variant max + 1 - len; */
    while (len <= max && text[len] != '\0') len++;
    return len;
}`,
  },
  {
    name: 'check_string',
    needs: ['writer_t', 'bounded_length', 'text_is'],
    code: String.raw`
/* Length of a string that the contract allows; else a fault, and 0. */
/*@ requires writer_ok(writer) && \valid_read(text + (0 .. max)) && max <= 65535;
    assigns writer->code;
    ensures \result <= max; */
static size_t check_string(writer_t *writer, const char *text, size_t min, size_t max, text_format_t format)
{
    const uint8_t *bytes = (const uint8_t *)text;
    const size_t len = bounded_length(text, max);

    if (len >= min && len <= max && text_is(format, bytes, len)) return len;
    write_fault(writer, SESP_CODEC_BAD_VALUE);
    return 0u;
}`,
  },
  {
    name: 'write_bytes',
    needs: ['writer_t'],
    code: String.raw`
/*@ requires writer_ok(writer) && \valid_read(bytes + (0 .. max - 1));
    assigns writer->code, writer->len, writer->out[0 .. writer->cap - 1];
    ensures writer_ok(writer); */
static void write_bytes(writer_t *writer, const uint8_t *bytes, size_t size, size_t min, size_t max)
{
    if (size < min || size > max) write_fault(writer, SESP_CODEC_BAD_VALUE);
    else write_text(writer, (const char *)bytes, size);
}`,
  },
  {
    name: 'write_string',
    needs: ['check_string'],
    code: String.raw`
/*@ requires writer_ok(writer) && \valid_read(text + (0 .. max)) && max <= 65535;
    assigns writer->code, writer->len, writer->out[0 .. writer->cap - 1];
    ensures writer_ok(writer); */
static void write_string(writer_t *writer, const char *text, size_t min, size_t max, text_format_t format)
{
    write_text(writer, text, check_string(writer, text, min, max, format));
}`,
  },
  {
    name: 'write_json_string',
    needs: ['check_string', 'escapes'],
    code: String.raw`
/* One byte of a JSON string, escaped as JSON.stringify does. */
/*@ requires writer_ok(writer);
    assigns writer->code, writer->len, writer->out[0 .. writer->cap - 1];
    ensures writer_ok(writer); */
static void write_escaped(writer_t *writer, char character)
{
    static const char hex[] = "0123456789abcdef";
    static const char unicode[] = "\\u00";
    const uint8_t byte = (uint8_t)character;
    size_t i;

    if (byte > '\\' || (byte >= ' ' && byte != '"' && byte != '\\')) {
        write_char(writer, character);
        return;
    }
    /*@ loop invariant i <= ESCAPES - 1;
        loop assigns i;
        loop variant ESCAPES - 1 - i; */
    for (i = 0u; i < ESCAPES - 1u; i++) {
        if (character == escape_values[i]) {
            write_char(writer, '\\');
            write_char(writer, escape_letters[i]);
            return;
        }
    }
    write_text(writer, unicode, sizeof unicode - 1u);
    write_char(writer, hex[byte / 16u % 16u]);
    write_char(writer, hex[byte % 16u]);
}

/*@ requires writer_ok(writer) && \valid_read(text + (0 .. max)) && max <= 65535;
    assigns writer->code, writer->len, writer->out[0 .. writer->cap - 1];
    ensures writer_ok(writer); */
static void write_json_string(writer_t *writer, const char *text, size_t min, size_t max, text_format_t format)
{
    const size_t len = check_string(writer, text, min, max, format);
    size_t i;

    /*@ loop invariant i <= len && writer_ok(writer);
        loop assigns i, writer->code, writer->len, writer->out[0 .. writer->cap - 1];
        loop variant len - i; */
    for (i = 0u; i < len; i++) write_escaped(writer, text[i]);
}`,
  },
  {
    name: 'write_boolean',
    needs: ['writer_t'],
    code: String.raw`
/*@ requires writer_ok(writer);
    assigns writer->code, writer->len, writer->out[0 .. writer->cap - 1];
    ensures writer_ok(writer); */
static void write_boolean(writer_t *writer, bool value)
{
    static const char true_word[] = "true";
    static const char false_word[] = "false";

    if (value) write_text(writer, true_word, sizeof true_word - 1u);
    else write_text(writer, false_word, sizeof false_word - 1u);
}`,
  },
  {
    name: 'write_separator',
    needs: ['writer_t'],
    code: String.raw`
/* A comma, unless the first member follows. */
/*@ requires writer_ok(writer);
    assigns writer->code, writer->len, writer->out[0 .. writer->cap - 1];
    ensures writer_ok(writer); */
static void write_separator(writer_t *writer)
{
    const char last = writer->len > 0u ? writer->out[writer->len - 1u] : '{';

    if (last != '{') write_char(writer, ',');
}`,
  },
];
