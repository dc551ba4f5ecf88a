import type { StringFormat } from '../../fields.js';
import type { Snippet } from './snippets.js';

/** C constant and checking function of each string format. */
export const FORMATS: Readonly<Record<StringFormat, { readonly constant: string; readonly check: string }>> = {
  utf8: { constant: 'TEXT_UTF8', check: 'utf8_valid' },
  identifier: { constant: 'TEXT_IDENTIFIER', check: 'is_identifier' },
  hex: { constant: 'TEXT_HEX', check: 'is_hex' },
  'https-url': { constant: 'TEXT_HTTPS_URL', check: 'is_https_url' },
};

/** Code of `text_is`, for the formats that a file uses. */
export function textIs(used: ReadonlySet<StringFormat>): string {
  const formats = Object.entries(FORMATS).flatMap(([name, format]) => (used.has(name as StringFormat) ? [format] : []));
  const cases = formats.map(({ constant, check }) => `    case ${constant}: return ${check}(text, len);`);
  return `
typedef enum { ${Object.values(FORMATS)
    .map(({ constant }) => constant)
    .join(', ')} } text_format_t;

/*@ requires \\valid_read(text + (0 .. len - 1));
    assigns \\nothing; */
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
    name: 'utf8_sequence',
    needs: [],
    code: String.raw`
/*
 * Size of the well-formed UTF-8 sequence at text[at], 0 if there is none (RFC 3629: nothing overlong, no surrogate) or it
 * is NUL, which C strings cannot hold.
 */
/*@ requires \valid_read(text + (0 .. len - 1)) && at < len;
    assigns \nothing;
    ensures \result <= 4 && at + \result <= len; */
static size_t utf8_sequence(const uint8_t *text, size_t len, size_t at)
{
    const uint8_t lead = text[at];
    uint8_t low = 0x80u;
    uint8_t high = 0xBFu;
    size_t size = 4u;
    size_t i;

    if (lead < 0x80u) return lead == 0u ? 0u : 1u;
    if (lead < 0xC2u || lead > 0xF4u) return 0u;
    if (lead < 0xE0u) size = 2u;
    else if (lead < 0xF0u) size = 3u;
    if (lead == 0xE0u) low = 0xA0u;
    if (lead == 0xEDu) high = 0x9Fu;
    if (lead == 0xF0u) low = 0x90u;
    if (lead == 0xF4u) high = 0x8Fu;
    if (len - at < size || text[at + 1u] < low || text[at + 1u] > high) return 0u;
    /*@ loop invariant 2 <= i && i <= size;
        loop assigns i;
        loop variant size - i; */
    for (i = 2u; i < size; i++) {
        if (text[at + i] < 0x80u || text[at + i] > 0xBFu) return 0u;
    }
    return size;
}`,
  },
  {
    name: 'utf8_valid',
    needs: ['utf8_sequence'],
    code: String.raw`
/*@ requires \valid_read(text + (0 .. len - 1));
    assigns \nothing; */
static bool utf8_valid(const uint8_t *text, size_t len)
{
    size_t at = 0u;

    /*@ loop invariant at <= len;
        loop assigns at;
        loop variant len - at; */
    while (at < len) {
        const size_t size = utf8_sequence(text, len, at);
        if (size == 0u) return false;
        at += size;
    }
    return true;
}`,
  },
  {
    name: 'is_digit',
    needs: [],
    code: String.raw`
/*@ assigns \nothing;
    ensures \result <==> '0' <= byte <= '9'; */
static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}`,
  },
  {
    name: 'hex_value',
    needs: ['is_digit'],
    code: String.raw`
/* Value of a hexadecimal digit, 16 for any other byte. */
/*@ assigns \nothing;
    ensures \result <= 16; */
static uint32_t hex_value(uint8_t byte)
{
    if (is_digit(byte)) return (uint32_t)byte - '0';
    if (byte >= 'a' && byte <= 'f') return (uint32_t)byte - 'a' + 10u;
    if (byte >= 'A' && byte <= 'F') return (uint32_t)byte - 'A' + 10u;
    return 16u;
}`,
  },
  {
    name: 'is_name_byte',
    needs: ['is_digit'],
    code: String.raw`
/* [A-Za-z0-9_-] */
/*@ assigns \nothing; */
static bool is_name_byte(uint8_t byte)
{
    return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           byte == '-';
}`,
  },
  {
    name: 'is_identifier',
    needs: ['is_name_byte'],
    code: String.raw`
/*@ requires \valid_read(text + (0 .. len - 1));
    assigns \nothing; */
static bool is_identifier(const uint8_t *text, size_t len)
{
    size_t i;

    /*@ loop invariant i <= len;
        loop assigns i;
        loop variant len - i; */
    for (i = 0u; i < len; i++) {
        if (!is_name_byte(text[i])) return false;
    }
    return true;
}`,
  },
  {
    name: 'is_hex',
    needs: ['is_digit'],
    code: String.raw`
/* [0-9a-f], as digests are written. */
/*@ requires \valid_read(text + (0 .. len - 1));
    assigns \nothing; */
static bool is_hex(const uint8_t *text, size_t len)
{
    size_t i;

    /*@ loop invariant i <= len;
        loop assigns i;
        loop variant len - i; */
    for (i = 0u; i < len; i++) {
        if (!is_digit(text[i]) && !(text[i] >= 'a' && text[i] <= 'f')) return false;
    }
    return true;
}`,
  },
  {
    name: 'is_https_url',
    needs: ['is_name_byte', 'hex_value'],
    code: String.raw`
/*
 * url  = "https://" host [ ":" port ] [ ( "/" | "?" ) *char ]    the scheme in any case
 * host = 1*253( ALPHA / DIGIT / "." / "-" ) | "[" 2*45( HEXDIG / ":" / "." ) "]"
 * port = 1*5DIGIT, 1..65535
 * char = %x21-7E except " # < > \ ^ { | } and the grave accent
 */
/*@ assigns \nothing; */
static bool is_host_byte(uint8_t byte)
{
    return (is_name_byte(byte) && byte != '_') || byte == '.';
}

/*@ assigns \nothing; */
static bool is_literal_byte(uint8_t byte)
{
    return hex_value(byte) < 16u || byte == ':' || byte == '.';
}

/*@ assigns \nothing; */
static bool is_url_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '?' && byte <= '[') || (byte >= '$' && byte <= ';') || byte == '=' ||
           byte == '_' || byte == ']' || byte == '~' || byte == '!';
}

/* Position behind the scheme, 0 if there is another one or none. */
/*@ requires \valid_read(text + (0 .. len - 1));
    assigns \nothing;
    ensures \result <= len; */
static size_t url_scheme(const uint8_t *text, size_t len)
{
    static const char scheme[] = "https://";
    const size_t size = sizeof scheme - 1u;
    size_t i;

    if (len < size) return 0u;
    /*@ loop invariant i <= size;
        loop assigns i;
        loop variant size - i; */
    for (i = 0u; i < size; i++) {
        const uint8_t byte = text[i];
        if ((byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte) != (uint8_t)scheme[i]) return 0u;
    }
    return size;
}

/* Position behind the host that starts at 'at', 0 if there is none. */
/*@ requires \valid_read(text + (0 .. len - 1)) && at <= len;
    assigns \nothing;
    ensures \result == 0 || at < \result <= len; */
static size_t url_host(const uint8_t *text, size_t len, size_t at)
{
    const bool literal = at < len && text[at] == '[';
    const size_t start = literal ? at + 1u : at;
    size_t end = start;

    /*@ loop invariant start <= end <= len;
        loop assigns end;
        loop variant len - end; */
    while (end < len && (literal ? is_literal_byte(text[end]) : is_host_byte(text[end]))) end++;
    if (!literal) return end - start >= 1u && end - start <= 253u ? end : 0u;
    if (end - start < 2u || end - start > 45u || end == len || text[end] != ']') return 0u;
    return end + 1u;
}

/* Position behind the port whose colon is at 'at', 0 if it is not 1..65535. */
/*@ requires \valid_read(text + (0 .. len - 1)) && at < len;
    assigns \nothing;
    ensures \result == 0 || at < \result <= len; */
static size_t url_port(const uint8_t *text, size_t len, size_t at)
{
    uint32_t port = 0u;
    size_t end = at + 1u;

    /*@ loop invariant at < end <= len;
        loop invariant port <= 65535;
        loop assigns end, port;
        loop variant len - end; */
    while (end < len && is_digit(text[end])) {
        port = port * 10u + ((uint32_t)text[end] - '0');
        if (port > 65535u || end - at > 5u) return 0u;
        end++;
    }
    return port >= 1u ? end : 0u;
}

/*@ requires \valid_read(text + (0 .. len - 1));
    assigns \nothing; */
static bool is_https_url(const uint8_t *text, size_t len)
{
    size_t at = url_scheme(text, len);

    if (at == 0u) return false;
    at = url_host(text, len, at);
    if (at == 0u) return false;
    if (at < len && text[at] == ':') {
        at = url_port(text, len, at);
        if (at == 0u) return false;
    }
    if (at == len) return true;
    if (text[at] != '/' && text[at] != '?') return false;
    /*@ loop invariant at <= len;
        loop assigns at;
        loop variant len - at; */
    while (at < len && is_url_byte(text[at])) at++;
    return at == len;
}`,
  },
  // The switch over the formats in use; its code is made by textIs().
  { name: 'text_is', needs: [], code: '' },
];
