import { parameterOf } from '../topic-grammar.js';
import type { CContract } from './c-model.js';
import { cString, type Printer } from './printer.js';
import type { SnippetSet } from './runtime/snippets.js';

/** The matcher and the builder, over one table of leaves in which `+` stands for the client. */
export function emitTopicFunctions(out: Printer, contract: CContract, snippets: SnippetSet): void {
  for (const snippet of ['is_name_byte', 'bounded_length', 'writer_t']) snippets.use(snippet);
  const macro = contract.macroPrefix;
  out.blank().lines(`/* Topics */

/* A topic below the root; "+" stands for the client. */
typedef struct {
    const char *leaf;
    bool all;
    bool device;
} route_t;
`);
  out.block(
    `static const route_t routes[${macro}_TOPIC_COUNT] =`,
    () => {
      const rows = contract.topics.map(({ leaf, definition }) => {
        const pattern = leaf.split('/').map((level) => (parameterOf(level) === undefined ? level : '+'));
        const scopes = (['all', 'device'] as const).map((scope) => String(definition.scopes.includes(scope)));
        return `{${cString(pattern.join('/'))}, ${scopes.join(', ')}}`;
      });
      const all = ['{"", false, false}', ...rows];
      for (const [index, row] of all.entries()) out.line(index < all.length - 1 ? `${row},` : row);
    },
    ';',
  );
  for (const code of [MATCH, BUILD]) {
    out.blank().lines(
      code
        .trim()
        .replace(/\bsesp_/g, `${contract.prefix}_`)
        .replace(/\bSESP_/g, `${macro}_`),
    );
  }
}

const MATCH = `
/* Length of the level at \`at\` if it may be a parameter, else 0. */
static size_t parameter_length(const char *topic, size_t len, size_t at, size_t min, size_t max)
{
    size_t size = 0u;

    while (at + size < len && is_name_byte((uint8_t)topic[at + size])) size++;
    return size >= min && size <= max ? size : 0u;
}

/* Position behind \`expected\` if it stands at \`at\`, else 0. */
static size_t behind(const char *topic, size_t len, size_t at, const char *expected)
{
    const size_t size = strlen(expected);

    return len - at >= size && memcmp(&topic[at], expected, size) == 0 ? at + size : 0u;
}

static bool leaf_match(const char *leaf, const char *topic, size_t len, size_t at, sesp_topic_match_t *out)
{
    size_t i;

    for (i = 0u; leaf[i] != '\\0'; i++) {
        if (leaf[i] == '+') {
            out->client_offset = at;
            out->client_len = parameter_length(topic, len, at, SESP_CLIENT_ID_MIN_BYTES, SESP_CLIENT_ID_MAX_BYTES);
            if (out->client_len == 0u) return false;
            at += out->client_len;
        } else {
            if (at == len || topic[at] != leaf[i]) return false;
            at++;
        }
    }
    return at == len;
}

/* Finds the scope and the device; position of the leaf, 0 if there is none. */
static size_t scope_match(const char *topic, size_t len, sesp_topic_match_t *out)
{
    const size_t start = behind(topic, len, 0u, SESP_TOPIC_ROOT "/");
    size_t device;
    size_t size;

    out->scope = SESP_SCOPE_ALL;
    if (start == 0u) return 0u;
    device = behind(topic, len, start, "devices/");
    if (device == 0u) return start;
    size = parameter_length(topic, len, device, 1u, SESP_DEVICE_ID_MAX_BYTES);
    if (size == 0u) return 0u;
    out->scope = SESP_SCOPE_DEVICE;
    out->device_offset = device;
    out->device_len = size;
    return behind(topic, len, device + size, "/");
}

bool sesp_topic_match(const char *topic, size_t topic_len, sesp_topic_match_t *out)
{
    sesp_topic_match_t match;
    size_t leaf;
    size_t i;

    memset(out, 0, sizeof *out);
    memset(&match, 0, sizeof match);
    if (topic_len > SESP_TOPIC_MAX_BYTES) return false;
    leaf = scope_match(topic, topic_len, &match);
    if (leaf == 0u) return false;
    for (i = 1u; i < (size_t)SESP_TOPIC_COUNT; i++) {
        if (!(match.scope == SESP_SCOPE_ALL ? routes[i].all : routes[i].device)) continue;
        if (leaf_match(routes[i].leaf, topic, topic_len, leaf, &match)) {
            match.topic = (sesp_topic_t)i;
            *out = match;
            return true;
        }
        match.client_offset = 0u;
        match.client_len = 0u;
    }
    return false;
}
`;

const BUILD = `
static void write_parameter(writer_t *writer, const char *value, size_t min, size_t max)
{
    const size_t len = value == NULL ? 0u : bounded_length(value, max);

    if (len == 0u || parameter_length(value, len, 0u, min, max) != len) write_fault(writer, SESP_CODEC_BAD_VALUE);
    else write_text(writer, value);
}

sesp_codec_t sesp_topic_build(sesp_topic_t topic, sesp_scope_t scope, const char *device, const char *client, char *out,
                              size_t out_cap, size_t *out_len)
{
    const size_t index = (size_t)topic < (size_t)SESP_TOPIC_COUNT ? (size_t)topic : 0u;
    writer_t writer;
    size_t i;

    writer_open(&writer, out, out_cap, SESP_TOPIC_MAX_BYTES);
    if (!(scope == SESP_SCOPE_DEVICE ? routes[index].device : scope == SESP_SCOPE_ALL && routes[index].all)) {
        write_fault(&writer, SESP_CODEC_BAD_VALUE);
    }
    write_text(&writer, SESP_TOPIC_ROOT "/");
    if (scope == SESP_SCOPE_DEVICE) {
        write_text(&writer, "devices/");
        write_parameter(&writer, device, 1u, SESP_DEVICE_ID_MAX_BYTES);
        write_char(&writer, '/');
    }
    for (i = 0u; routes[index].leaf[i] != '\\0'; i++) {
        if (routes[index].leaf[i] != '+') write_char(&writer, routes[index].leaf[i]);
        else write_parameter(&writer, client, SESP_CLIENT_ID_MIN_BYTES, SESP_CLIENT_ID_MAX_BYTES);
    }
    return writer_close(&writer, out_cap, out_len);
}

bool sesp_device_id_valid(const char *id, size_t len)
{
    return len > 0u && parameter_length(id, len, 0u, 1u, SESP_DEVICE_ID_MAX_BYTES) == len;
}
`;
