/* Prints the structs of the generated C, for ours and for cJSON, which fills the same ones. */
#include "../c/bench.h"
#include "print.h"
#include "secure_esp_protocol.h"

void peer_print_status(const void *value)
{
    const sesp_status_t *status = value;

    if (status->kind == SESP_STATUS_KIND_ONLINE_FALSE) {
        printf("{\"online\":false}");
        return;
    }
    print_text("{\"online\":true,\"project\":", status->as.online_true.project);
    print_text(",\"version\":", status->as.online_true.version);
    print_text(",\"chip\":", status->as.online_true.chip);
    print_number(",\"bootId\":", status->as.online_true.boot_id);
    print_text(",\"resetReason\":", sesp_status_reset_reason_to_string(status->as.online_true.reset_reason));
    print_number(",\"protocol\":", status->as.online_true.protocol);
    print_text(",\"contract\":", status->as.online_true.contract);
    printf("}");
}

void peer_print_update_state(const void *value)
{
    const sesp_update_state_t *state = value;

    print_number("{\"run\":", state->run);
    print_text(",\"state\":", sesp_update_state_state_to_string(state->state));
    print_text(",\"from\":", state->from);
    if (state->to_is_null) printf(",\"to\":null");
    else print_text(",\"to\":", state->to);
    print_number(",\"bytes\":", state->bytes);
    print_number(",\"total\":", state->total);
    if (state->reason_is_null) printf(",\"reason\":null");
    else print_text(",\"reason\":", sesp_update_state_reason_to_string(state->reason));
    printf("}");
}

void peer_print_settings(const void *value)
{
    const sesp_settings_t *settings = value;

    if (settings->url_is_null) printf("{\"url\":null");
    else print_text("{\"url\":", settings->url);
    print_number(",\"useUrl\":", settings->use_url);
    print_number(",\"interval\":", settings->interval);
    printf("}");
}

void peer_print_replies(const void *value)
{
    const sesp_replies_t *reply = value;

    if (reply->kind == SESP_REPLIES_KIND_OK_FALSE) {
        print_text("{\"ok\":false,\"code\":", sesp_replies_code_to_string(reply->as.ok_false.code));
        print_text(",\"detail\":", reply->as.ok_false.detail);
    } else {
        printf("{\"ok\":true");
        if (reply->as.ok_true.has_run) print_number(",\"run\":", reply->as.ok_true.run);
    }
    printf("}");
}

void peer_print_manifest(const void *value)
{
    const sesp_manifest_t *manifest = value;
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
    if (manifest->has_from) {
        printf(",\"from\":[");
        for (i = 0u; i < manifest->from_count; i++) print_text(i > 0u ? "," : "", manifest->from[i]);
        printf("]");
    }
    printf("}");
}

#define SIZE_OF(name)                \
    size_t peer_sizeof_##name(void)  \
    {                                \
        return sizeof(sesp_##name##_t); \
    }

BENCH_MESSAGES(SIZE_OF)
