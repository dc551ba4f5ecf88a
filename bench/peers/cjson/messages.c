/*
 * The messages with cJSON, into the structs of the generated C and with the contract's checks: size, types, ranges,
 * lengths, formats, lists, required members. Left out, as cJSON offers nothing for it: well-formed UTF-8, the last of
 * duplicate keys, and the strict grammar (README.md says which payloads differ).
 */
#include <string.h>

#include "../../c/bench.h"
#include "read.h"
#include "secure_esp_protocol.h"

#define COUNT(names) (sizeof(names) / sizeof(names)[0])

static const char *const reset_reasons[] = {"unknown", "power_on", "external",   "software",
                                            "panic",   "watchdog", "deep_sleep", "brownout"};
static const char *const states[] = {"idle",      "checking",        "downloading", "verifying",  "rebooting",
                                     "pending_confirm", "confirmed", "rolled_back", "failed"};
static const char *const reasons[] = {
    "none_newer",     "not_an_image",       "truncated",      "bad_checksum",  "bad_hash",         "unsigned",
    "bad_signature",  "untrusted_key",      "wrong_chip",     "wrong_project", "same_version",     "lower_version",
    "version_unparsable", "secure_version", "too_large",      "manifest_expired", "manifest_replayed", "unreachable",
    "tls",            "http_status",        "stalled",        "not_confirmed", "blocked",          "flash"};
static const char *const codes[] = {"bad_payload", "out_of_range", "too_long",  "no_url",
                                    "busy",        "retained",     "duplicate", "unsupported"};

static bool read_status(const cJSON *object, sesp_status_t *out)
{
    const cJSON *online = member(object, "online");
    size_t reason = 0u;
    uint32_t protocol = 0u;

    if (cJSON_IsFalse(online)) {
        out->kind = SESP_STATUS_KIND_ONLINE_FALSE;
        return true;
    }
    out->kind = SESP_STATUS_KIND_ONLINE_TRUE;
    if (!cJSON_IsTrue(online) ||
        !read_text(member(object, "project"), 0u, SESP_STATUS_PROJECT_MAX_BYTES, FORMAT_TEXT, out->as.online_true.project) ||
        !read_text(member(object, "version"), 0u, SESP_STATUS_VERSION_MAX_BYTES, FORMAT_TEXT, out->as.online_true.version) ||
        !read_text(member(object, "chip"), 1u, SESP_STATUS_CHIP_MAX_BYTES, FORMAT_IDENTIFIER, out->as.online_true.chip) ||
        !read_number(member(object, "bootId"), 0u, UINT32_MAX, &out->as.online_true.boot_id) ||
        !read_name(member(object, "resetReason"), reset_reasons, COUNT(reset_reasons), &reason) ||
        !read_number(member(object, "protocol"), 1u, 65535u, &protocol) ||
        !read_text(member(object, "contract"), 16u, SESP_STATUS_CONTRACT_MAX_BYTES, FORMAT_HEX, out->as.online_true.contract)) {
        return false;
    }
    out->as.online_true.reset_reason = (sesp_status_reset_reason_t)reason;
    out->as.online_true.protocol = (uint16_t)protocol;
    return true;
}

static bool read_update_state(const cJSON *object, sesp_update_state_t *out)
{
    const cJSON *to = member(object, "to");
    const cJSON *reason_item = member(object, "reason");
    size_t state = 0u;
    size_t reason = 0u;

    out->to_is_null = cJSON_IsNull(to);
    out->reason_is_null = cJSON_IsNull(reason_item);
    if (!read_number(member(object, "run"), 0u, UINT32_MAX, &out->run) ||
        !read_name(member(object, "state"), states, COUNT(states), &state) ||
        !read_text(member(object, "from"), 0u, SESP_UPDATE_STATE_FROM_MAX_BYTES, FORMAT_TEXT, out->from) ||
        (!out->to_is_null && !read_text(to, 0u, SESP_UPDATE_STATE_TO_MAX_BYTES, FORMAT_TEXT, out->to)) ||
        !read_number(member(object, "bytes"), 0u, UINT32_MAX, &out->bytes) ||
        !read_number(member(object, "total"), 0u, UINT32_MAX, &out->total) ||
        (!out->reason_is_null && !read_name(reason_item, reasons, COUNT(reasons), &reason))) {
        return false;
    }
    out->state = (sesp_update_state_state_t)state;
    out->reason = (sesp_update_state_reason_t)reason;
    return true;
}

static bool read_settings(const cJSON *object, sesp_settings_t *out)
{
    const cJSON *url = member(object, "url");
    uint32_t use_url = 0u;

    out->url_is_null = cJSON_IsNull(url);
    if ((!out->url_is_null && !read_text(url, 1u, SESP_SETTINGS_URL_MAX_BYTES, FORMAT_URL, out->url)) ||
        !read_number(member(object, "useUrl"), 0u, 1u, &use_url) ||
        !read_number(member(object, "interval"), 0u, UINT32_MAX, &out->interval)) {
        return false;
    }
    out->use_url = (uint8_t)use_url;
    return true;
}

static bool read_replies(const cJSON *object, sesp_replies_t *out)
{
    const cJSON *ok = member(object, "ok");
    const cJSON *run = member(object, "run");
    size_t code = 0u;

    if (cJSON_IsTrue(ok)) {
        out->kind = SESP_REPLIES_KIND_OK_TRUE;
        out->as.ok_true.has_run = run != NULL;
        return run == NULL || read_number(run, 0u, UINT32_MAX, &out->as.ok_true.run);
    }
    out->kind = SESP_REPLIES_KIND_OK_FALSE;
    if (!cJSON_IsFalse(ok) || !read_name(member(object, "code"), codes, COUNT(codes), &code) ||
        !read_text(member(object, "detail"), 0u, SESP_REPLIES_DETAIL_MAX_BYTES, FORMAT_TEXT, out->as.ok_false.detail)) {
        return false;
    }
    out->as.ok_false.code = (sesp_replies_code_t)code;
    return true;
}

static bool read_from(const cJSON *array, sesp_manifest_t *out)
{
    const cJSON *item;

    if (!cJSON_IsArray(array)) return false;
    cJSON_ArrayForEach(item, array)
    {
        if (out->from_count == SESP_MANIFEST_FROM_MAX_ITEMS ||
            !read_text(item, 1u, SESP_MANIFEST_FROM_MAX_BYTES, FORMAT_TEXT, out->from[out->from_count])) {
            return false;
        }
        out->from_count++;
    }
    return true;
}

static bool read_manifest(const cJSON *object, sesp_manifest_t *out)
{
    const cJSON *from = member(object, "from");

    out->has_from = from != NULL;
    return read_number(member(object, "seq"), 0u, UINT32_MAX, &out->seq) &&
           read_number(member(object, "exp"), 0u, UINT32_MAX, &out->exp) &&
           read_text(member(object, "project"), 0u, SESP_MANIFEST_PROJECT_MAX_BYTES, FORMAT_TEXT, out->project) &&
           read_text(member(object, "chip"), 1u, SESP_MANIFEST_CHIP_MAX_BYTES, FORMAT_IDENTIFIER, out->chip) &&
           read_text(member(object, "version"), 1u, SESP_MANIFEST_VERSION_MAX_BYTES, FORMAT_TEXT, out->version) &&
           read_number(member(object, "secureVersion"), 0u, UINT32_MAX, &out->secure_version) &&
           read_number(member(object, "size"), 0u, UINT32_MAX, &out->size) &&
           read_text(member(object, "sha256"), 64u, SESP_MANIFEST_SHA256_MAX_BYTES, FORMAT_HEX, out->sha256) &&
           read_text(member(object, "image"), 64u, SESP_MANIFEST_IMAGE_MAX_BYTES, FORMAT_HEX, out->image) &&
           read_text(member(object, "url"), 1u, SESP_MANIFEST_URL_MAX_BYTES, FORMAT_URL, out->url) &&
           (from == NULL || read_from(from, out));
}

static bool write_status(cJSON *object, const sesp_status_t *in)
{
    if (in->kind == SESP_STATUS_KIND_ONLINE_FALSE) return cJSON_AddFalseToObject(object, "online") != NULL;
    return in->kind == SESP_STATUS_KIND_ONLINE_TRUE && cJSON_AddTrueToObject(object, "online") != NULL &&
           write_text(object, "project", in->as.online_true.project, 0u, SESP_STATUS_PROJECT_MAX_BYTES, FORMAT_TEXT) &&
           write_text(object, "version", in->as.online_true.version, 0u, SESP_STATUS_VERSION_MAX_BYTES, FORMAT_TEXT) &&
           write_text(object, "chip", in->as.online_true.chip, 1u, SESP_STATUS_CHIP_MAX_BYTES, FORMAT_IDENTIFIER) &&
           write_number(object, "bootId", in->as.online_true.boot_id, 0u, UINT32_MAX) &&
           write_name(object, "resetReason", reset_reasons, COUNT(reset_reasons), (size_t)in->as.online_true.reset_reason) &&
           write_number(object, "protocol", in->as.online_true.protocol, 1u, 65535u) &&
           write_text(object, "contract", in->as.online_true.contract, 16u, SESP_STATUS_CONTRACT_MAX_BYTES, FORMAT_HEX);
}

static bool write_update_state(cJSON *object, const sesp_update_state_t *in)
{
    return write_number(object, "run", in->run, 0u, UINT32_MAX) &&
           write_name(object, "state", states, COUNT(states), (size_t)in->state) &&
           write_text(object, "from", in->from, 0u, SESP_UPDATE_STATE_FROM_MAX_BYTES, FORMAT_TEXT) &&
           (in->to_is_null ? cJSON_AddNullToObject(object, "to") != NULL
                           : write_text(object, "to", in->to, 0u, SESP_UPDATE_STATE_TO_MAX_BYTES, FORMAT_TEXT)) &&
           write_number(object, "bytes", in->bytes, 0u, UINT32_MAX) &&
           write_number(object, "total", in->total, 0u, UINT32_MAX) &&
           (in->reason_is_null ? cJSON_AddNullToObject(object, "reason") != NULL
                               : write_name(object, "reason", reasons, COUNT(reasons), (size_t)in->reason));
}

static bool write_settings(cJSON *object, const sesp_settings_t *in)
{
    return (in->url_is_null ? cJSON_AddNullToObject(object, "url") != NULL
                            : write_text(object, "url", in->url, 1u, SESP_SETTINGS_URL_MAX_BYTES, FORMAT_URL)) &&
           write_number(object, "useUrl", in->use_url, 0u, 1u) &&
           write_number(object, "interval", in->interval, 0u, UINT32_MAX);
}

static bool write_replies(cJSON *object, const sesp_replies_t *in)
{
    if (in->kind == SESP_REPLIES_KIND_OK_TRUE) {
        return cJSON_AddTrueToObject(object, "ok") != NULL &&
               (!in->as.ok_true.has_run || write_number(object, "run", in->as.ok_true.run, 0u, UINT32_MAX));
    }
    return in->kind == SESP_REPLIES_KIND_OK_FALSE && cJSON_AddFalseToObject(object, "ok") != NULL &&
           write_name(object, "code", codes, COUNT(codes), (size_t)in->as.ok_false.code) &&
           write_text(object, "detail", in->as.ok_false.detail, 0u, SESP_REPLIES_DETAIL_MAX_BYTES, FORMAT_TEXT);
}

static bool write_from(cJSON *object, const sesp_manifest_t *in)
{
    cJSON *array = cJSON_AddArrayToObject(object, "from");
    size_t i;

    if (array == NULL || in->from_count > SESP_MANIFEST_FROM_MAX_ITEMS) return false;
    for (i = 0u; i < in->from_count; i++) {
        const size_t len = strnlen(in->from[i], sizeof in->from[i]);
        cJSON *item;

        if (!check_text(in->from[i], len, 1u, SESP_MANIFEST_FROM_MAX_BYTES, FORMAT_TEXT)) return false;
        item = cJSON_CreateString(in->from[i]);
        if (item == NULL || !cJSON_AddItemToArray(array, item)) return false;
    }
    return true;
}

static bool write_manifest(cJSON *object, const sesp_manifest_t *in)
{
    return write_number(object, "seq", in->seq, 0u, UINT32_MAX) && write_number(object, "exp", in->exp, 0u, UINT32_MAX) &&
           write_text(object, "project", in->project, 0u, SESP_MANIFEST_PROJECT_MAX_BYTES, FORMAT_TEXT) &&
           write_text(object, "chip", in->chip, 1u, SESP_MANIFEST_CHIP_MAX_BYTES, FORMAT_IDENTIFIER) &&
           write_text(object, "version", in->version, 1u, SESP_MANIFEST_VERSION_MAX_BYTES, FORMAT_TEXT) &&
           write_number(object, "secureVersion", in->secure_version, 0u, UINT32_MAX) &&
           write_number(object, "size", in->size, 0u, UINT32_MAX) &&
           write_text(object, "sha256", in->sha256, 64u, SESP_MANIFEST_SHA256_MAX_BYTES, FORMAT_HEX) &&
           write_text(object, "image", in->image, 64u, SESP_MANIFEST_IMAGE_MAX_BYTES, FORMAT_HEX) &&
           write_text(object, "url", in->url, 1u, SESP_MANIFEST_URL_MAX_BYTES, FORMAT_URL) &&
           (!in->has_from || write_from(object, in));
}

#define PEER(name)                                                                                     \
    int peer_decode_##name(const uint8_t *data, size_t len, void *value)                               \
    {                                                                                                  \
        const size_t max = sizes.name;                                                                 \
        cJSON *object = read_object(data, len, max);                                                   \
        bool good;                                                                                     \
                                                                                                       \
        memset(value, 0, sizeof(sesp_##name##_t));                                                     \
        good = object != NULL && read_##name(object, value);                                           \
        cJSON_Delete(object);                                                                          \
        return good ? 0 : -1;                                                                          \
    }                                                                                                  \
    int peer_encode_##name(const void *value, char *out, size_t cap, size_t *len)                      \
    {                                                                                                  \
        cJSON *object = cJSON_CreateObject();                                                          \
                                                                                                       \
        return write_object(object, object != NULL && write_##name(object, value), sizes.name, out, cap, len); \
    }

static const struct {
    uint16_t status, update_state, settings, replies, manifest;
} sizes = {SESP_STATUS_MAX_BYTES, SESP_UPDATE_STATE_MAX_BYTES, SESP_SETTINGS_MAX_BYTES, SESP_REPLIES_MAX_BYTES,
           SESP_MANIFEST_MAX_BYTES};

BENCH_MESSAGES(PEER)
