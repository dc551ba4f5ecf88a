#include "checks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool all_of(const char *text, size_t len, const char *allowed)
{
    return strspn(text, allowed) == len;
}

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_port(const char *text, size_t len)
{
    unsigned long port;

    if (len < 1u || len > 5u || strspn(text, DIGITS) < len) return false;
    port = strtoul(text, NULL, 10);
    return port >= 1u && port <= 65535u;
}

/* "https://" host [ ":" port ] [ ( "/" | "?" ) printable ASCII without " # < > \ ^ ` { | } ] */
static bool is_https_url(const char *text)
{
    static const char scheme[] = "https://";
    size_t size;

    if (strncasecmp(text, scheme, sizeof scheme - 1u) != 0) return false;
    text += sizeof scheme - 1u;
    if (*text == '[') {
        size = strspn(++text, DIGITS "abcdefABCDEF:.");
        if (size < 2u || size > 45u || text[size] != ']') return false;
        text += size + 1u;
    } else {
        size = strspn(text, DIGITS LETTERS ".-");
        if (size < 1u || size > 253u) return false;
        text += size;
    }
    if (*text == ':') {
        size = strcspn(++text, "/?");
        if (!is_port(text, size)) return false;
        text += size;
    }
    if (*text != '\0' && *text != '/' && *text != '?') return false;
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~' || strchr("\"#<>\\^`{|}", *text) != NULL) return false;
    }
    return true;
}

bool check_text(const char *text, size_t len, size_t min, size_t max, format_t format)
{
    if (len < min || len > max) return false;
    switch (format) {
    case FORMAT_IDENTIFIER: return all_of(text, len, DIGITS LETTERS "_-");
    case FORMAT_HEX: return all_of(text, len, DIGITS "abcdef");
    case FORMAT_URL: return is_https_url(text);
    default: return true;
    }
}
