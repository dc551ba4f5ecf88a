import { parameterOf } from '../topic-grammar.js';
import type { CContract } from './c-model.js';
import { printPackedNames } from './packed-names.js';
import type { Printer } from './printer.js';
import type { SnippetSet } from './runtime/snippets.js';

/** The matcher and the builder, over one list of leaves in which `+` stands for the client. */
export function emitTopicFunctions(out: Printer, contract: CContract, snippets: SnippetSet): void {
  for (const snippet of ['is_name_byte', 'bounded_length', 'writer_t', 'name_start']) snippets.use(snippet);
  out.blank().line('/* Topics */').blank();
  out.line('/* Leaves below the root as a list of names; "+" stands for the client. */');
  printPackedNames(
    out,
    'leaves',
    contract.topics.map(({ leaf }) =>
      leaf
        .split('/')
        .map((level) => (parameterOf(level) === undefined ? level : '+'))
        .join('/'),
    ),
  );
  const scopes = contract.topics.map(({ definition }) => {
    const bits = (definition.scopes.includes('all') ? 1 : 0) + (definition.scopes.includes('device') ? 2 : 0);
    return `${String(bits)}u`;
  });
  const print = (code: string): void => {
    out.blank().lines(
      code
        .trim()
        .replace(/\bsesp_/g, `${contract.prefix}_`)
        .replace(/\bSESP_/g, `${contract.macroPrefix}_`),
    );
  };
  print(TABLES.replace('SCOPES', () => ['0u', ...scopes].join(', ')));
  print(MATCH);
  print(BUILD);
}

const TABLES = String.raw`
/* Scopes of each leaf: all devices, one of them, or both. */
#define ONLY_ALL (1u)
#define ONLY_DEVICE (2u)
static const uint8_t leaf_scopes[SESP_TOPIC_COUNT] = {SCOPES};

static const char root_level[] = SESP_TOPIC_ROOT "/";
static const char devices_level[] = "devices/";`;

const MATCH = String.raw`
/* Length of the level at 'at' if it may be a parameter, else 0. */
/*@ requires \valid_read(topic + (0 .. len - 1)) && at <= len;
    assigns \nothing;
    ensures \result <= len - at && \result <= max; */
static size_t parameter_length(const char *topic, size_t len, size_t at, size_t min, size_t max)
{
    size_t size = 0u;

    /*@ loop invariant size <= len - at;
        loop assigns size;
        loop variant len - at - size; */
    while (size < len - at && is_name_byte((uint8_t)topic[at + size])) size++;
    return size >= min && size <= max ? size : 0u;
}

/* Position behind 'expected' if it stands at 'at', else 0. */
/*@ requires \valid_read(topic + (0 .. len - 1)) && at <= len && \valid_read(expected + (0 .. size - 1));
    assigns \nothing;
    ensures \result == 0 || \result == at + size <= len; */
static size_t behind(const char *topic, size_t len, size_t at, const char *expected, size_t size)
{
    size_t i;

    if (len - at < size) return 0u;
    /*@ loop invariant i <= size;
        loop assigns i;
        loop variant size - i; */
    for (i = 0u; i < size; i++) {
        if (topic[at + i] != expected[i]) return 0u;
    }
    return at + size;
}

/*@ requires \valid_read(topic + (0 .. len - 1)) && at <= len && \valid_read(leaf + (0 .. size - 1)) && \valid(out);
    assigns out->client_offset, out->client_len;
    ensures \result ==> \at(out->client_len, Pre) == 0 ==> out->client_len == 0 || out->client_offset + out->client_len <= len; */
static bool leaf_match(const char *leaf, size_t size, const char *topic, size_t len, size_t at, sesp_topic_match_t *out)
{
    size_t i;

    /*@ loop invariant i <= size && at <= len;
        loop invariant \at(out->client_len, Pre) == 0 ==> out->client_len == 0 || out->client_offset + out->client_len <= len;
        loop assigns i, at, out->client_offset, out->client_len;
        loop variant size - i; */
    for (i = 0u; i < size; i++) {
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
/*@ requires \valid_read(topic + (0 .. len - 1)) && \valid(out);
    assigns out->scope, out->device_offset, out->device_len;
    ensures \result <= len;
    ensures \result > 0 ==> \at(out->device_len, Pre) == 0 ==> out->device_len == 0 || out->device_offset + out->device_len <= len; */
static size_t scope_match(const char *topic, size_t len, sesp_topic_match_t *out)
{
    const size_t start = behind(topic, len, 0u, root_level, sizeof root_level - 1u);
    size_t device;
    size_t size;

    out->scope = SESP_SCOPE_ALL;
    if (start == 0u) return 0u;
    device = behind(topic, len, start, devices_level, sizeof devices_level - 1u);
    if (device == 0u) return start;
    size = parameter_length(topic, len, device, 1u, SESP_DEVICE_ID_MAX_BYTES);
    if (size == 0u || device + size == len || topic[device + size] != '/') return 0u;
    out->scope = SESP_SCOPE_DEVICE;
    out->device_offset = device;
    out->device_len = size;
    return device + size + 1u;
}

/*@ requires \valid(out);
    assigns *out;
    ensures out->device_len == 0 && out->client_len == 0; */
static void match_none(sesp_topic_match_t *out)
{
    out->topic = SESP_TOPIC_NONE;
    out->scope = SESP_SCOPE_ALL;
    out->device_offset = 0u;
    out->device_len = 0u;
    out->client_offset = 0u;
    out->client_len = 0u;
}

/*@ requires \valid_read(topic + (0 .. topic_len - 1)) && \valid(out);
    assigns *out;
    ensures \result ==> out->client_len == 0 || out->client_offset + out->client_len <= topic_len;
    ensures \result ==> out->device_len == 0 || out->device_offset + out->device_len <= topic_len; */
bool sesp_topic_match(const char *topic, size_t topic_len, sesp_topic_match_t *out)
{
    size_t start = 0u;
    size_t leaf = 0u;
    size_t i;

    match_none(out);
    if (topic_len <= SESP_TOPIC_MAX_BYTES) leaf = scope_match(topic, topic_len, out);
    /*@ loop invariant 1 <= i <= SESP_TOPIC_COUNT && start <= sizeof(leaves) - 1 && leaf <= topic_len;
        loop invariant out->client_len == 0;
        loop invariant leaf > 0 ==> (out->device_len == 0 || out->device_offset + out->device_len <= topic_len);
        loop assigns i, start, *out;
        loop variant SESP_TOPIC_COUNT - i; */
    for (i = 1u; leaf > 0u && i < (size_t)SESP_TOPIC_COUNT; i++) {
        const uint8_t scopes = leaf_scopes[i];
        const size_t size = (uint8_t)leaves[start];
        if (sizeof leaves - 1u - start < size + 2u) break;
        if ((out->scope == SESP_SCOPE_ALL ? scopes != ONLY_DEVICE : scopes != ONLY_ALL) &&
            leaf_match(&leaves[start + 1u], size, topic, topic_len, leaf, out)) {
            out->topic = (sesp_topic_t)i;
            return true;
        }
        out->client_offset = 0u;
        out->client_len = 0u;
        start += size + 2u;
    }
    match_none(out);
    return false;
}`;

const BUILD = String.raw`
/*@ requires writer_ok(writer) && max <= 65535 && (value == \null || text_ok(value, max));
    assigns writer->code, writer->len, writer->out[0 .. writer->cap - 1];
    ensures writer_ok(writer); */
static void write_parameter(writer_t *writer, const char *value, size_t min, size_t max)
{
    const size_t len = value == NULL ? 0u : bounded_length(value, max);

    if (len > 0u && parameter_length(value, len, 0u, min, max) == len) write_text(writer, value, len);
    else write_fault(writer, SESP_CODEC_BAD_VALUE);
}

/*@ requires \valid(out + (0 .. out_cap - 1)) && (out_len == \null || \valid(out_len));
    requires device == \null || text_ok(device, SESP_DEVICE_ID_MAX_BYTES);
    requires client == \null || text_ok(client, SESP_CLIENT_ID_MAX_BYTES);
    requires device == \null || \separated(device + (0 .. SESP_DEVICE_ID_MAX_BYTES), out + (0 .. out_cap - 1));
    requires client == \null || \separated(client + (0 .. SESP_CLIENT_ID_MAX_BYTES), out + (0 .. out_cap - 1));
    assigns out[0 .. out_cap - 1], *out_len; */
sesp_codec_t sesp_topic_build(sesp_topic_t topic, sesp_scope_t scope, const char *device, const char *client, char *out,
                              size_t out_cap, size_t *out_len)
{
    const size_t start = topic == SESP_TOPIC_NONE ? sizeof leaves - 1u : name_start(leaves, sizeof leaves - 1u, (size_t)topic - 1u);
    writer_t writer;
    size_t i;

    writer_open(&writer, out, out_cap, SESP_TOPIC_MAX_BYTES);
    if (start == sizeof leaves - 1u || (size_t)topic >= (size_t)SESP_TOPIC_COUNT) {
        write_fault(&writer, SESP_CODEC_BAD_VALUE);
        return writer_close(&writer, out_cap, out_len);
    }
    if (scope == SESP_SCOPE_DEVICE ? leaf_scopes[topic] == ONLY_ALL
                                   : scope != SESP_SCOPE_ALL || leaf_scopes[topic] == ONLY_DEVICE) {
        write_fault(&writer, SESP_CODEC_BAD_VALUE);
    }
    write_text(&writer, root_level, sizeof root_level - 1u);
    if (scope == SESP_SCOPE_DEVICE) {
        write_text(&writer, devices_level, sizeof devices_level - 1u);
        write_parameter(&writer, device, 1u, SESP_DEVICE_ID_MAX_BYTES);
        write_char(&writer, '/');
    }
    /*@ loop invariant i <= leaves[start] && writer_ok(&writer) && writer.out == out && writer.cap == \at(writer.cap, LoopEntry);
        loop assigns i, writer.code, writer.len, out[0 .. writer.cap - 1];
        loop variant leaves[start] - i; */
    for (i = 0u; i < (size_t)(uint8_t)leaves[start]; i++) {
        const char character = leaves[start + 1u + i];
        if (character != '+') write_char(&writer, character);
        else write_parameter(&writer, client, SESP_CLIENT_ID_MIN_BYTES, SESP_CLIENT_ID_MAX_BYTES);
    }
    return writer_close(&writer, out_cap, out_len);
}

/*@ requires \valid_read(id + (0 .. len - 1));
    assigns \nothing; */
bool sesp_device_id_valid(const char *id, size_t len)
{
    return len > 0u && parameter_length(id, len, 0u, 1u, SESP_DEVICE_ID_MAX_BYTES) == len;
}`;
