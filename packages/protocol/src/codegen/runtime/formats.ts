import type { StringFormat } from '../../fields.js';
import type { Snippet } from './snippets.js';

/** C constant and checking function of each string format. */
export const FORMATS: Readonly<Record<StringFormat, { readonly constant: string; readonly check: string }>> = {
  utf8: { constant: 'TEXT_UTF8', check: 'is_utf8_text' },
  identifier: { constant: 'TEXT_IDENTIFIER', check: 'is_identifier' },
  hex: { constant: 'TEXT_HEX', check: 'is_hex' },
  'https-url': { constant: 'TEXT_HTTPS_URL', check: 'is_https_url' },
};

/** Code of `text_is`, for the formats that a file uses. */
export function textIs(used: ReadonlySet<StringFormat>): string {
  const formats = Object.entries(FORMATS).flatMap(([name, format]) => (used.has(name as StringFormat) ? [format] : []));
  const cases = formats.map(({ constant, check }) => `    case ${constant}: return ${check}(text, len);`);
  return `
typedef enum { ${formats.map(({ constant }) => constant).join(', ')} } text_format_t;

static bool text_is(text_format_t format, const uint8_t *text, size_t len)
{
    switch (format) {
${cases.join('\n')}
    default: return false;
    }
}`;
}

/** UTF-8 and the closed list of string formats. */
export const FORMAT_SNIPPETS: readonly Snippet[] = [
  {
    name: 'utf8_valid',
    needs: [],
    code: `
/* Size of the well-formed UTF-8 sequence at data[at], 0 if there is none (RFC 3629: nothing overlong, no surrogate). */
static size_t utf8_sequence(const uint8_t *data, size_t len, size_t at)
{
    const uint8_t lead = data[at];
    uint8_t low = 0x80u;
    uint8_t high = 0xBFu;
    size_t size = 4u;
    size_t i;

    if (lead < 0x80u) return 1u;
    if (lead < 0xC2u || lead > 0xF4u) return 0u;
    if (lead < 0xE0u) size = 2u;
    else if (lead < 0xF0u) size = 3u;
    if (lead == 0xE0u) low = 0xA0u;
    if (lead == 0xEDu) high = 0x9Fu;
    if (lead == 0xF0u) low = 0x90u;
    if (lead == 0xF4u) high = 0x8Fu;
    if (len - at < size || data[at + 1u] < low || data[at + 1u] > high) return 0u;
    for (i = 2u; i < size; i++) {
        if (data[at + i] < 0x80u || data[at + i] > 0xBFu) return 0u;
    }
    return size;
}

static bool utf8_valid(const uint8_t *data, size_t len)
{
    size_t at = 0u;

    while (at < len) {
        const size_t size = utf8_sequence(data, len, at);
        if (size == 0u) return false;
        at += size;
    }
    return true;
}`,
  },
  {
    name: 'is_digit',
    needs: [],
    code: `
static bool is_digit(uint8_t byte)
{
    return byte >= (uint8_t)'0' && byte <= (uint8_t)'9';
}`,
  },
  {
    name: 'hex_value',
    needs: ['is_digit'],
    code: `
/* Value of a hexadecimal digit, 16 for any other byte. */
static uint32_t hex_value(uint8_t byte)
{
    if (is_digit(byte)) return (uint32_t)byte - (uint32_t)'0';
    if (byte >= (uint8_t)'a' && byte <= (uint8_t)'f') return (uint32_t)byte - (uint32_t)'a' + 10u;
    if (byte >= (uint8_t)'A' && byte <= (uint8_t)'F') return (uint32_t)byte - (uint32_t)'A' + 10u;
    return 16u;
}`,
  },
  {
    name: 'is_name_byte',
    needs: ['is_digit'],
    code: `
/* [A-Za-z0-9_-] */
static bool is_name_byte(uint8_t byte)
{
    return is_digit(byte) || (byte >= (uint8_t)'a' && byte <= (uint8_t)'z') ||
           (byte >= (uint8_t)'A' && byte <= (uint8_t)'Z') || byte == (uint8_t)'_' || byte == (uint8_t)'-';
}`,
  },
  {
    name: 'is_utf8_text',
    needs: [],
    code: `
/* Any well-formed text without NUL; well-formedness is checked before. */
static bool is_utf8_text(const uint8_t *text, size_t len)
{
    size_t i;

    for (i = 0u; i < len; i++) {
        if (text[i] == 0u) return false;
    }
    return true;
}`,
  },
  {
    name: 'is_identifier',
    needs: ['is_name_byte'],
    code: `
static bool is_identifier(const uint8_t *text, size_t len)
{
    size_t i;

    for (i = 0u; i < len; i++) {
        if (!is_name_byte(text[i])) return false;
    }
    return true;
}`,
  },
  {
    name: 'is_hex',
    needs: ['is_digit'],
    code: `
/* [0-9a-f], as digests are written. */
static bool is_hex(const uint8_t *text, size_t len)
{
    size_t i;

    for (i = 0u; i < len; i++) {
        if (!is_digit(text[i]) && !(text[i] >= (uint8_t)'a' && text[i] <= (uint8_t)'f')) return false;
    }
    return true;
}`,
  },
  {
    name: 'is_https_url',
    needs: ['is_name_byte', 'hex_value'],
    code: `
/*
 * url  = "https://" host [ ":" port ] [ ( "/" | "?" ) *char ]    the scheme in any case
 * host = 1*253( ALPHA / DIGIT / "." / "-" ) | "[" 2*45( HEXDIG / ":" / "." ) "]"
 * port = 1*5DIGIT, 1..65535
 * char = %x21-7E except " # < > \\ ^ \` { | }
 */
static bool is_host_byte(uint8_t byte)
{
    return (is_name_byte(byte) && byte != (uint8_t)'_') || byte == (uint8_t)'.';
}

static bool is_url_byte(uint8_t byte)
{
    static const char excluded[] = "\\"#<>\\\\^\`{|}";
    size_t i;

    for (i = 0u; i < sizeof excluded - 1u; i++) {
        if (byte == (uint8_t)excluded[i]) return false;
    }
    return byte > 0x20u && byte < 0x7Fu;
}

/* Position behind the scheme, 0 if there is another one or none. */
static size_t url_scheme(const uint8_t *text, size_t len)
{
    static const char lower[] = "https://";
    static const char capital[] = "HTTPS://";
    const size_t size = sizeof lower - 1u;
    size_t i;

    if (len < size) return 0u;
    for (i = 0u; i < size; i++) {
        if (text[i] != (uint8_t)lower[i] && text[i] != (uint8_t)capital[i]) return 0u;
    }
    return size;
}

/* Position behind the host that starts at \`at\`, 0 if there is none. */
static size_t url_host(const uint8_t *text, size_t len, size_t at)
{
    const bool literal = at < len && text[at] == (uint8_t)'[';
    const size_t start = literal ? at + 1u : at;
    size_t end = start;

    if (!literal) {
        while (end < len && is_host_byte(text[end])) end++;
        return end - start >= 1u && end - start <= 253u ? end : 0u;
    }
    while (end < len && (hex_value(text[end]) < 16u || text[end] == (uint8_t)':' || text[end] == (uint8_t)'.')) end++;
    if (end - start < 2u || end - start > 45u || end == len || text[end] != (uint8_t)']') return 0u;
    return end + 1u;
}

/* Position behind the port whose colon is at \`at\`, 0 if it is not 1..65535. */
static size_t url_port(const uint8_t *text, size_t len, size_t at)
{
    uint32_t port = 0u;
    size_t end = at + 1u;

    while (end < len && end - at <= 5u && is_digit(text[end])) {
        port = port * 10u + ((uint32_t)text[end] - (uint32_t)'0');
        end++;
    }
    return port >= 1u && port <= 65535u ? end : 0u;
}

static bool is_https_url(const uint8_t *text, size_t len)
{
    size_t at = url_scheme(text, len);

    if (at == 0u) return false;
    at = url_host(text, len, at);
    if (at == 0u) return false;
    if (at < len && text[at] == (uint8_t)':') {
        at = url_port(text, len, at);
        if (at == 0u) return false;
    }
    if (at == len) return true;
    if (text[at] != (uint8_t)'/' && text[at] != (uint8_t)'?') return false;
    while (at < len && is_url_byte(text[at])) at++;
    return at == len;
}`,
  },
  // The switch over the formats in use; its code is made by textIs().
  { name: 'text_is', needs: [], code: '' },
];
