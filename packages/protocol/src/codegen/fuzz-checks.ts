/**
 * What the fuzz targets of a contract share, as C. `sesp_` and `SESP_` stand for the contract's own prefix. Every block
 * has exactly the size that its user may touch, so that the address sanitizer sees an access one byte beyond.
 */
export const PAYLOAD_CHECKS = `
/* A payload behind one type of function, so that the checks are written once. */
typedef struct {
    const char *name;
    size_t struct_size;
    size_t max_bytes;
    bool grows;    /* a value can have a shorter spelling than the encoder's, as JSON has 1e9 */
    bool verbatim; /* a value has one spelling: encoding gives back what was decoded */
    sesp_codec_t (*decode)(const uint8_t *data, size_t len, void *out);
    sesp_codec_t (*encode)(const void *in, char *out, size_t out_cap, size_t *out_len);
} payload_t;

/* Encodes into out_cap bytes and not one more: OK and \`expected\`, or NO_SPACE and the empty string. */
static inline void check_capacity(const payload_t *payload, const void *value, size_t out_cap, const char *expected,
                                  size_t expected_len)
{
    char *const out = new_block(out_cap, 0x3C);
    size_t len = SIZE_MAX;
    const sesp_codec_t verdict = payload->encode(value, out, out_cap, &len);

    if (out_cap > expected_len) {
        require(verdict == SESP_CODEC_OK, payload->name, "a buffer of text and terminator is enough");
        require(len == expected_len && memcmp(out, expected, len + 1u) == 0, payload->name,
                "a value is encoded to the same text every time");
    } else {
        require(verdict == SESP_CODEC_NO_SPACE && len == 0u, payload->name, "a buffer without room is NO_SPACE");
        require(out_cap == 0u || out[0] == '\\0', payload->name, "nothing is cut off: the text is empty");
    }
    free(out);
}

/* The text means the value that it was made from: decoded again and encoded again it is the same. */
static inline void check_round_trip(const payload_t *payload, const char *text, size_t len)
{
    uint8_t *const data = new_copy(text, len);
    void *const value = new_block(payload->struct_size, 0x5A);

    require(payload->decode(data, len, value) == SESP_CODEC_OK, payload->name, "what was encoded can be decoded");
    check_capacity(payload, value, len + 1u, text, len);
    free(value);
    free(data);
}

/* A value that was decoded can be encoded, unless the encoder's spelling is longer than the payload may be. */
static inline void check_encoder(const payload_t *payload, const void *value, const uint8_t *data, size_t size)
{
    char *const text = new_block(payload->max_bytes + 1u, 0xC3);
    size_t len = SIZE_MAX;
    const sesp_codec_t verdict = payload->encode(value, text, payload->max_bytes + 1u, &len);

    if (verdict == SESP_CODEC_NO_SPACE && payload->grows) {
        require(len == 0u && text[0] == '\\0', payload->name, "nothing is cut off: the text is empty");
    } else {
        require(verdict == SESP_CODEC_OK, payload->name, "what was decoded can be encoded");
        require(len <= payload->max_bytes && text[len] == '\\0', payload->name, "the text ends with its terminator");
        require(payload->verbatim || strlen(text) == len, payload->name, "the text has no other NUL");
        require(payload->grows || len <= size, payload->name, "the encoder's spelling is the shortest");
        require(!payload->verbatim || (len == size && (size == 0u || memcmp(text, data, size) == 0)), payload->name,
                "what was decoded is encoded to the same bytes");
        check_capacity(payload, value, len + 1u, text, len);
        check_capacity(payload, value, len, text, len);
        check_round_trip(payload, text, len);
    }
    free(text);
}

/* Decodes the input and holds the decoder and the encoder to what the header promises. */
static inline void check_payload(const payload_t *payload, const uint8_t *input, size_t size)
{
    uint8_t *const data = new_copy(input, size);
    uint8_t *const value = new_block(payload->struct_size, 0xA5);
    const sesp_codec_t verdict = payload->decode(data, size, value);
    size_t i;

    if (verdict == SESP_CODEC_OK) {
        require(size <= payload->max_bytes, payload->name, "an accepted payload is within its size");
        check_encoder(payload, value, data, size);
    } else {
        require(verdict == SESP_CODEC_BAD_PAYLOAD || verdict == SESP_CODEC_OUT_OF_RANGE ||
                    verdict == SESP_CODEC_TOO_LONG,
                payload->name, "the verdict is one of a decoder");
        for (i = 0u; i < payload->struct_size; i++) {
            require(value[i] == 0u, payload->name, "a refused payload leaves a struct of zeros");
        }
    }
    free(value);
    free(data);
}
`;

/** What every target needs, first in the header. */
export const COMMON_CHECKS = `
/* Called by libFuzzer with every input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run and says which promise was broken. */
static inline void require(bool holds, const char *target, const char *promise)
{
    if (holds) return;
    (void)fprintf(stderr, "%s: this does not hold: %s\\n", target, promise);
    abort();
}

/* A block of exactly \`size\` bytes, NULL for none: where nothing may be touched, nothing is there. */
static inline void *new_block(size_t size, int byte)
{
    void *const block = size > 0u ? malloc(size) : NULL;

    if (size == 0u) return NULL;
    if (block == NULL) abort();
    return memset(block, byte, size);
}

static inline void *new_copy(const void *data, size_t size)
{
    void *const block = new_block(size, 0);

    if (size > 0u) memcpy(block, data, size);
    return block;
}
`;

/** Matcher against builder, both ways. */
export const TOPIC_CHECKS = `
static const char target[] = "topic_match";

/* A C string of its own, NULL for an empty one. */
static char *new_string(const char *text, size_t len)
{
    char *const copy = len > 0u ? new_block(len + 1u, 0) : NULL;

    if (len > 0u) memcpy(copy, text, len);
    return copy;
}

/* Builds into exactly the needed bytes, and into one less. */
static void check_build(const sesp_topic_match_t *match, const char *device, const char *client, const char *topic,
                        size_t topic_len)
{
    char *const out = new_block(topic_len + 1u, 0x3C);
    char *const tight = new_block(topic_len, 0x3C);
    size_t len = SIZE_MAX;

    require(sesp_topic_build(match->topic, match->scope, device, client, out, topic_len + 1u, &len) == SESP_CODEC_OK,
            target, "what was matched can be built from its parts");
    require(len == topic_len && memcmp(out, topic, len) == 0 && out[len] == '\\0', target,
            "what was built is what was matched");
    require(sesp_topic_build(match->topic, match->scope, device, client, tight, topic_len, &len) == SESP_CODEC_NO_SPACE,
            target, "a buffer without room is NO_SPACE");
    require(len == 0u && (topic_len == 0u || tight[0] == '\\0'), target, "nothing is cut off: the topic is empty");
    free(tight);
    free(out);
}

static void match_then_build(const uint8_t *data, size_t size)
{
    char *const topic = new_copy(data, size);
    sesp_topic_match_t match;
    char *device;
    char *client;

    memset(&match, 0xA5, sizeof match);
    if (!sesp_topic_match(topic, size, &match)) {
        require(match.topic == SESP_TOPIC_NONE, target, "an unknown topic is TOPIC_NONE");
    } else {
        require(match.topic > SESP_TOPIC_NONE && match.topic < SESP_TOPIC_COUNT, target, "a match names a topic");
        require(size <= SESP_TOPIC_MAX_BYTES, target, "no topic is longer than TOPIC_MAX_BYTES");
        require(match.device_offset <= size && match.device_len <= size - match.device_offset, target,
                "the device is a part of the topic");
        require(match.client_offset <= size && match.client_len <= size - match.client_offset, target,
                "the client is a part of the topic");
        require((match.scope == SESP_SCOPE_DEVICE) == (match.device_len > 0u), target,
                "the device is named in its scope and in no other");
        device = new_string(&topic[match.device_offset], match.device_len);
        client = new_string(&topic[match.client_offset], match.client_len);
        require(device == NULL || sesp_device_id_valid(device, match.device_len), target, "a device has a valid id");
        check_build(&match, device, client, topic, size);
        free(client);
        free(device);
    }
    free(topic);
}

/* Topic, scope, then device and client with a slash between: what can be built is matched as what it was built from. */
static void build_then_match(const uint8_t *data, size_t size)
{
    const sesp_topic_t topic = (sesp_topic_t)(data[0] % ((unsigned)SESP_TOPIC_COUNT + 1u));
    const sesp_scope_t scope = (sesp_scope_t)(data[1] % 2u);
    const char *const names = (const char *)&data[2];
    const uint8_t *const slash = memchr(&data[2], '/', size - 2u);
    const size_t device_len = slash == NULL ? size - 2u : (size_t)(slash - &data[2]);
    char *const device = new_string(names, device_len);
    char *const client = slash == NULL ? NULL : new_string(&names[device_len + 1u], size - 3u - device_len);
    char out[SESP_TOPIC_MAX_BYTES + 1u];
    sesp_topic_match_t match;
    size_t len = SIZE_MAX;
    const sesp_codec_t verdict = sesp_topic_build(topic, scope, device, client, out, sizeof out, &len);

    require(verdict == SESP_CODEC_OK || verdict == SESP_CODEC_BAD_VALUE, target, "every topic fits TOPIC_MAX_BYTES");
    require(memchr(out, '\\0', sizeof out) == &out[len], target, "the topic ends with its terminator");
    require(verdict == SESP_CODEC_OK || len == 0u, target, "a topic that cannot be built is empty");
    if (verdict == SESP_CODEC_OK) {
        require(sesp_topic_match(out, len, &match), target, "what was built is matched");
        require(match.topic == topic && match.scope == scope, target, "what was built is matched as itself");
        require(match.device_len == 0u || memcmp(&out[match.device_offset], device, match.device_len) == 0, target,
                "the match has the device of the topic");
        require(match.client_len == 0u || memcmp(&out[match.client_offset], client, match.client_len) == 0, target,
                "the match has the client of the topic");
    }
    free(client);
    free(device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    match_then_build(data, size);
    if (size >= 2u) build_then_match(data, size);
    return 0;
}
`;
