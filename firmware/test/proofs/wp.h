/* SPDX-License-Identifier: MIT */
/*
 * Included before every file that WP proves: the generated codecs as the core may rely on them. Memory and results are
 * proved of the generated C; that decoded texts end is what its fuzz targets look for.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define char unsigned char /* as on every ESP32, see proof.h */

/* The C library's functions on bytes, as the language defines them. Frama-C's own are about `void`, which WP cannot follow. */
#define __FC_STRING_H_
/*@ predicate sesp_ends(char *text) = \exists integer end; 0 <= end && \valid_read(text + (0 .. end)) && text[end] == 0; */
/*@ requires \valid(out + (0 .. len - 1)) && \valid_read(in + (0 .. len - 1));
    requires \separated(out + (0 .. len - 1), in + (0 .. len - 1));
    assigns out[0 .. len - 1] \from in[0 .. len - 1];
    assigns \result \from out;
    ensures \forall integer at; 0 <= at < len ==> out[at] == in[at]; */
void *memcpy(uint8_t *out, const uint8_t *in, size_t len);
/*@ requires \valid(out + (0 .. len - 1)) && value == 0;
    assigns out[0 .. len - 1] \from value;
    assigns \result \from out;
    ensures \forall integer at; 0 <= at < len ==> out[at] == 0; */
void *memset(uint8_t *out, int value, size_t len);
/*@ requires \valid_read(a + (0 .. len - 1)) && \valid_read(b + (0 .. len - 1)); assigns \nothing; */
int memcmp(const uint8_t *a, const uint8_t *b, size_t len);
/*@ requires sesp_ends(a) && sesp_ends(b); assigns \nothing; */
int strcmp(const char *a, const char *b);

#include "secure_esp_core.h"

/* Of a message that is too long for every decoder a port may give the length alone. */
#define SESP_PAYLOAD_OK(data, len) ((len) <= SESP_PAYLOAD_MAX_BYTES ==> \valid_read((data) + (0 .. (len) - 1)))

/*@ assigns \nothing; */
sesp_codec_t sesp_update_run_decode(const uint8_t *data, size_t len);

/*@ assigns \nothing; */
sesp_codec_t sesp_restart_decode(const uint8_t *data, size_t len);

/*@ requires SESP_PAYLOAD_OK(data, len) && \valid(out) && \separated(data + (0 .. len - 1), out);
    assigns *out;
    ensures \result == SESP_CODEC_OK ==> len <= SESP_PAYLOAD_MAX_BYTES;
    ensures out->value[SESP_UPDATE_URL_VALUE_MAX_BYTES] == 0; */
sesp_codec_t sesp_update_url_decode(const uint8_t *data, size_t len, sesp_update_url_t *out);

/*@ requires SESP_PAYLOAD_OK(data, len) && \valid(out) && \separated(data + (0 .. len - 1), out);
    assigns *out;
    ensures \result == SESP_CODEC_OK ==> len <= SESP_PAYLOAD_MAX_BYTES;
    ensures \result == SESP_CODEC_OK ==> out->value <= 1; */
sesp_codec_t sesp_update_use_url_decode(const uint8_t *data, size_t len, sesp_update_use_url_t *out);

/*@ requires SESP_PAYLOAD_OK(data, len) && \valid(out) && \separated(data + (0 .. len - 1), out);
    assigns *out;
    ensures \result == SESP_CODEC_OK ==> len <= SESP_PAYLOAD_MAX_BYTES;
    ensures \result == SESP_CODEC_OK ==> 300 <= out->value <= 9999999; */
sesp_codec_t sesp_update_interval_decode(const uint8_t *data, size_t len, sesp_update_interval_t *out);

/* Names of values are constants of the generated file, which nobody else can name. */
extern const char wp_names[64];

/*@ assigns \nothing;
    ensures \result == &wp_names[0] && wp_names[63] == 0; */
const char *sesp_update_state_reason_to_string(sesp_update_state_reason_t value);

/** A clock that starts at 0 gets there after 146 million years: sums of moments do not wrap around. */
#define SESP_CLOCK_MAX_MS (4611686018427387904u)

/*@ // Texts of the configuration outlive the core and never change: which they are and where each ends is a constant.
    axiomatic constants {
      logic char *sesp_config_text(sesp_core_t *core, integer which);
      logic integer sesp_end(char *text);
    }
    predicate sesp_constant(sesp_core_t *core, integer which, char *text) =
      text == sesp_config_text(core, which) &&
      0 <= sesp_end(text) && \valid_read(text + (0 .. sesp_end(text))) && text[sesp_end(text)] == 0 &&
      \separated(core, text + (0 .. sesp_end(text))); */

/* What is true of a core before and after each call. A macro, as WP splits what it sees into goals of their own. */
#define SESP_CORE_OK(core)                                                                            \
  (\valid(core) && sesp_constant(core, 0, core->config.device_id) &&                                     \
   sesp_constant(core, 1, core->config.builtin_url) && sesp_constant(core, 2, core->config.project) &&      \
   sesp_constant(core, 3, core->config.version) && sesp_constant(core, 4, core->config.chip) &&             \
   core->config.broadcast_run_spread_s <= 86400 &&                                                    \
   core->boot_ms <= SESP_CLOCK_MAX_MS && core->offer.progress_ms <= SESP_CLOCK_MAX_MS &&              \
   (core->connected ==> core->confirm.connected_ms <= SESP_CLOCK_MAX_MS) &&                           \
   core->correlation.next < SESP_CORRELATION_SLOTS && core->version[SESP_VERSION_MAX_BYTES] == 0 &&   \
   core->rolled_back_version[SESP_VERSION_MAX_BYTES] == 0 &&                                          \
   core->installed_etag[SESP_ETAG_MAX_BYTES] == 0 && core->offer.etag[SESP_ETAG_MAX_BYTES] == 0 &&    \
   core->settings.url[SESP_UPDATE_URL_VALUE_MAX_BYTES] == 0 &&                                        \
   core->report.from[SESP_VERSION_MAX_BYTES] == 0 && core->report.to[SESP_VERSION_MAX_BYTES] == 0 &&  \
   core->offer.manifest.url[SESP_MANIFEST_URL_MAX_BYTES] == 0)

/* What a port promises of the header of a response: texts end, and lie outside the core. */
/*@ predicate sesp_outside(sesp_core_t *core, char *text) =
      \exists integer end; 0 <= end && \valid_read(text + (0 .. end)) && text[end] == 0 &&
        \separated(core, text + (0 .. end)); */
#define SESP_RESPONSE_OK(core, response)                                                               \
  (\valid_read(response) && \separated(core, response) &&                                              \
   (response->etag == \null || sesp_outside(core, response->etag)) &&                                   \
   (response->content_type == \null || sesp_outside(core, response->content_type)))

/* What is true of a command under way. */
#define SESP_COMMAND_OK(core, command)                                                                  \
  (\valid_read(command) && \valid_read(command->in) && \separated(core, command) &&                     \
   \separated(core, command->in) && SESP_PAYLOAD_OK(command->in->payload, command->in->payload_len) &&   \
   \separated(core, command->in->payload + (0 .. command->in->payload_len - 1)) &&                      \
   command->client[SESP_CLIENT_ID_MAX_BYTES] == 0)
