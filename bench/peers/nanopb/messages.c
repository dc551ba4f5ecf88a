/*
 * The messages with nanopb, as its manual does it. With BENCH_CHECKS also what the contract asks for beyond the types,
 * on decoded structs and before encoding: ranges, lengths, formats, lists, and that one of the alternatives is there.
 */
#include <string.h>

#include "../../c/bench.h"
#include "../checks.h"
#include "../print.h"
#include "messages.pb.h"
#include "pb_decode.h"
#include "pb_encode.h"

static int decode(const uint8_t *data, size_t len, size_t max, const pb_msgdesc_t *fields, void *value)
{
    pb_istream_t stream = pb_istream_from_buffer(data, len);

    return len <= max && pb_decode(&stream, fields, value) ? 0 : -1;
}

static int encode(const void *value, const pb_msgdesc_t *fields, char *out, size_t cap, size_t *len)
{
    pb_ostream_t stream = pb_ostream_from_buffer((pb_byte_t *)out, cap);
    const bool good = pb_encode(&stream, fields, value);

    *len = stream.bytes_written;
    return good ? 0 : -1;
}

#ifdef BENCH_CHECKS
static bool text_ok(const char *text, size_t min, size_t max, format_t format)
{
    return check_text(text, strnlen(text, max + 1u), min, max, format);
}

static bool status_ok(const bench_Status *in)
{
    const bench_Online *online = &in->kind.online;

    if (in->which_kind == bench_Status_offline_tag) return true;
    return in->which_kind == bench_Status_online_tag && text_ok(online->project, 0u, 32u, FORMAT_TEXT) &&
           text_ok(online->version, 0u, 32u, FORMAT_TEXT) && text_ok(online->chip, 1u, 16u, FORMAT_IDENTIFIER) &&
           online->reset_reason <= _bench_ResetReason_MAX && online->protocol >= 1u &&
           text_ok(online->contract, 16u, 16u, FORMAT_HEX);
}

static bool update_state_ok(const bench_UpdateState *in)
{
    return in->state <= _bench_UpdateStateState_MAX && text_ok(in->from, 0u, 32u, FORMAT_TEXT) &&
           (!in->has_to || text_ok(in->to, 0u, 32u, FORMAT_TEXT)) &&
           (!in->has_reason || in->reason <= _bench_UpdateReason_MAX);
}

static bool settings_ok(const bench_Settings *in)
{
    return (!in->has_url || text_ok(in->url, 1u, 255u, FORMAT_URL)) && in->use_url <= 1u;
}

static bool replies_ok(const bench_Replies *in)
{
    if (in->which_kind == bench_Replies_accepted_tag) return true;
    return in->which_kind == bench_Replies_refused_tag && in->kind.refused.code <= _bench_ReplyCode_MAX &&
           text_ok(in->kind.refused.detail, 0u, 128u, FORMAT_TEXT);
}

static bool manifest_ok(const bench_Manifest *in)
{
    size_t i;

    for (i = 0u; i < in->from_count; i++) {
        if (!text_ok(in->from[i], 1u, 32u, FORMAT_TEXT)) return false;
    }
    return text_ok(in->project, 0u, 32u, FORMAT_TEXT) && text_ok(in->chip, 1u, 16u, FORMAT_IDENTIFIER) &&
           text_ok(in->version, 1u, 32u, FORMAT_TEXT) && text_ok(in->sha256, 64u, 64u, FORMAT_HEX) &&
           text_ok(in->image, 64u, 64u, FORMAT_HEX) && text_ok(in->url, 1u, 255u, FORMAT_URL);
}
#define OK(name, value) (name##_ok(value))
#else
#define OK(name, value) (true)
#endif

#define PEER(name, Type)                                                                          \
    int peer_decode_##name(const uint8_t *data, size_t len, void *value)                          \
    {                                                                                             \
        const int code = decode(data, len, bench_##Type##_size, &bench_##Type##_msg, value);      \
        return code == 0 && OK(name, value) ? 0 : -1;                                             \
    }                                                                                             \
    int peer_encode_##name(const void *value, char *out, size_t cap, size_t *len)                 \
    {                                                                                             \
        return OK(name, value) ? encode(value, &bench_##Type##_msg, out, cap, len) : -1;          \
    }                                                                                             \
    size_t peer_sizeof_##name(void)                                                               \
    {                                                                                             \
        return sizeof(bench_##Type);                                                              \
    }

PEER(status, Status)
PEER(update_state, UpdateState)
PEER(settings, Settings)
PEER(replies, Replies)
PEER(manifest, Manifest)

/* Enums are printed as numbers: their names stand in the .proto, not in nanopb's C. */

void peer_print_status(const void *value)
{
    const bench_Status *status = value;

    if (status->which_kind == bench_Status_offline_tag) {
        printf("{\"online\":false}");
        return;
    }
    print_text("{\"online\":true,\"project\":", status->kind.online.project);
    print_text(",\"version\":", status->kind.online.version);
    print_text(",\"chip\":", status->kind.online.chip);
    print_number(",\"bootId\":", status->kind.online.boot_id);
    print_number(",\"resetReason\":", status->kind.online.reset_reason);
    print_number(",\"protocol\":", status->kind.online.protocol);
    print_text(",\"contract\":", status->kind.online.contract);
    printf("}");
}

void peer_print_update_state(const void *value)
{
    const bench_UpdateState *state = value;

    print_number("{\"run\":", state->run);
    print_number(",\"state\":", state->state);
    print_text(",\"from\":", state->from);
    if (!state->has_to) printf(",\"to\":null");
    else print_text(",\"to\":", state->to);
    print_number(",\"bytes\":", state->bytes);
    print_number(",\"total\":", state->total);
    if (!state->has_reason) printf(",\"reason\":null");
    else print_number(",\"reason\":", state->reason);
    printf("}");
}

void peer_print_settings(const void *value)
{
    const bench_Settings *settings = value;

    if (!settings->has_url) printf("{\"url\":null");
    else print_text("{\"url\":", settings->url);
    print_number(",\"useUrl\":", settings->use_url);
    print_number(",\"interval\":", settings->interval);
    printf("}");
}

void peer_print_replies(const void *value)
{
    const bench_Replies *reply = value;

    if (reply->which_kind == bench_Replies_refused_tag) {
        print_number("{\"ok\":false,\"code\":", reply->kind.refused.code);
        print_text(",\"detail\":", reply->kind.refused.detail);
    } else {
        printf("{\"ok\":true");
        if (reply->kind.accepted.has_run) print_number(",\"run\":", reply->kind.accepted.run);
    }
    printf("}");
}

void peer_print_manifest(const void *value)
{
    const bench_Manifest *manifest = value;
    size_t i;

    print_number("{\"seq\":", manifest->seq);
    print_number(",\"exp\":", manifest->exp);
    print_text(",\"project\":", manifest->project);
    print_text(",\"chip\":", manifest->chip);
    print_text(",\"version\":", manifest->version);
    print_number(",\"secureVersion\":", manifest->secure_version);
    print_number(",\"size\":", manifest->size);
    print_text(",\"sha256\":", manifest->sha256);
    print_text(",\"image\":", manifest->image);
    print_text(",\"url\":", manifest->url);
    if (manifest->from_count > 0u) {
        printf(",\"from\":[");
        for (i = 0u; i < manifest->from_count; i++) print_text(i > 0u ? "," : "", manifest->from[i]);
        printf("]");
    }
    printf("}");
}
