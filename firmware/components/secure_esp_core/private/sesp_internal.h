/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_internal.h
 * @brief What the files of the core call of each other, grouped by file.
 */
#ifndef SESP_INTERNAL_H
#define SESP_INTERNAL_H

#include "secure_esp_core.h"
#include "sesp_calls.h"
#include "sesp_image_header.h"
#include "sesp_records.h"

/** "No reason": the check passed. Reasons of the contract are not negative. */
#define SESP_VERDICT_GOOD (-1)
typedef int32_t sesp_verdict_t;

/* sesp_events.c: retained events, published as soon as the port takes them. */
#define SESP_DIRTY_SUBSCRIPTIONS (1u)
#define SESP_DIRTY_STATUS (2u)
#define SESP_DIRTY_SETTINGS (4u)
#define SESP_DIRTY_STATE (8u)
/*@ requires SESP_CORE_OK(core); assigns core->dirty; ensures SESP_CORE_OK(core); */
void sesp_events_mark(sesp_core_t *core, uint8_t dirty);
/** Publishes what is marked, in the order of the bits; what the port does not take is tried again later. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_events_flush(sesp_core_t *core);

/* sesp_send.c: topics and tokens. `message` comes with payload, QoS, retain and correlation. */
sesp_result_t sesp_send(sesp_core_t *core, sesp_topic_t topic, sesp_scope_t scope, const char *client,
                        sesp_publish_t *message);
/** Subscribes to the next command filter. False once all are subscribed; `*result` of the last attempt. */
bool sesp_subscribe_next(sesp_core_t *core, sesp_result_t *result);

/* sesp_log_line.c */
/** Publishes "secure_esp: [LEVEL] text (device)". Returns the token on the device's own log topic, 0 if not queued. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
uint32_t sesp_log_line(sesp_core_t *core, sesp_log_level_t level, const char *text);

/* sesp_reply.c: a command under way. */
typedef struct {
  const sesp_inbound_t *in;
  sesp_topic_t topic;
  sesp_scope_t scope;
  char client[SESP_CLIENT_ID_MAX_BYTES + 1u]; /* "" = nobody to reply to */
} sesp_command_t;
void sesp_command_begin(const sesp_core_t *core, const sesp_inbound_t *in, const sesp_topic_match_t *match,
                        sesp_command_t *out);
/** Replies {ok:true}; `run` may be NULL. Returns the token, 0 when nothing was queued. */
/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command) && (run == \null || \valid_read(run));
    assigns *core;
    ensures SESP_CORE_OK(core); */
uint32_t sesp_reply_ok(sesp_core_t *core, const sesp_command_t *command, const uint32_t *run);
/** Replies {ok:false} and publishes an [ERROR] log line. */
/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command);
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_refuse(sesp_core_t *core, const sesp_command_t *command, sesp_replies_code_t code, const char *detail);
/** sesp_refuse() for a payload that did not decode. */
/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command);
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_refuse_payload(sesp_core_t *core, const sesp_command_t *command, sesp_codec_t fault, const char *detail);

/* sesp_commands.c, sesp_command_settings.c */
/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command);
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_command_url(sesp_core_t *core, const sesp_command_t *command);
/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command);
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_command_use_url(sesp_core_t *core, const sesp_command_t *command);
/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command);
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_command_interval(sesp_core_t *core, const sesp_command_t *command);
/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command);
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_command_run(sesp_core_t *core, const sesp_command_t *command);
/*@ requires SESP_CORE_OK(core) && SESP_COMMAND_OK(core, command);
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_command_restart(sesp_core_t *core, const sesp_command_t *command);

/* sesp_correlation.c */
/*@ requires \valid_read(ring) && len <= SESP_CORRELATION_MAX_BYTES && \valid_read(data + (0 .. len - 1));
    assigns \nothing; */
bool sesp_correlation_seen(const sesp_correlation_t *ring, const uint8_t *data, size_t len);
/*@ requires \valid(ring) && ring->next < SESP_CORRELATION_SLOTS;
    requires \valid_read(data + (0 .. len - 1)) && \separated(ring, data + (0 .. len - 1));
    assigns *ring;
    ensures ring->next < SESP_CORRELATION_SLOTS; */
void sesp_correlation_remember(sesp_correlation_t *ring, const uint8_t *data, size_t len);

/* sesp_settings.c */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_settings_load(sesp_core_t *core);
/** The URL in force, NULL when there is none. */
/*@ requires SESP_CORE_OK(core);
    assigns \nothing;
    ensures \result == \null || \result == &core->settings.url[0] || \result == core->config.builtin_url; */
const char *sesp_settings_url(const sesp_core_t *core);

/* sesp_schedule.c */
/** A uniform number below `bound`, 0 when `bound` is 0. */
/*@ requires \valid_read(core);
    assigns \nothing;
    ensures bound > 0 ==> \result < bound;
    ensures bound == 0 ==> \result == 0; */
uint32_t sesp_random_below(const sesp_core_t *core, uint32_t bound);
/*@ requires SESP_CORE_OK(core); assigns core->check_ms; ensures SESP_CORE_OK(core); */
void sesp_schedule_first_check(sesp_core_t *core);
/*@ requires SESP_CORE_OK(core); assigns core->check_ms; ensures SESP_CORE_OK(core); */
void sesp_schedule_next_check(sesp_core_t *core);
/** A run failed: if that was the network's or the server's fault, the next check comes earlier. */
/*@ requires SESP_CORE_OK(core); assigns core->check_ms, core->repeats; ensures SESP_CORE_OK(core); */
void sesp_schedule_repeat(sesp_core_t *core, sesp_update_state_reason_t reason);
/** `min` doubled `times` times, at most `max`, plus up to half as much again by chance. */
/*@ requires \valid_read(core) && min <= 1000000000 && max <= 1000000000;
    assigns \nothing;
    ensures \result <= 1500000000; */
uint32_t sesp_backoff(const sesp_core_t *core, uint32_t min, uint32_t max, uint8_t times);
/** Restarts once `token` is acknowledged, or after SESP_RESTART_WAIT_MS. */
/*@ requires SESP_CORE_OK(core); assigns core->restart_token, core->restart_ms; ensures SESP_CORE_OK(core); */
void sesp_schedule_restart(sesp_core_t *core, uint32_t token);
/*@ requires SESP_CORE_OK(core); assigns core->phase; ensures SESP_CORE_OK(core); */
void sesp_restart_now(sesp_core_t *core);
/*@ requires \valid_read(core); assigns \nothing; ensures \result <= SESP_CLOCK_MAX_MS; */
uint64_t sesp_now(const sesp_core_t *core);

/* sesp_request.c */
/** Sends a GET that says what runs here. */
/*@ requires SESP_CORE_OK(core); assigns \nothing; */
sesp_result_t sesp_request(sesp_core_t *core, const char *url, bool accept_manifest, uint32_t max_bytes);

/* sesp_run.c: one update run from its number to its outcome. */
/** True while no run may start. */
/*@ requires \valid_read(core); assigns \nothing; */
bool sesp_run_active(const sesp_core_t *core);
/** The port's reason; `otherwise` for a number that is no reason. */
/*@ requires otherwise < SESP_UPDATE_STATE_REASON_COUNT;
    assigns \nothing;
    ensures \result < SESP_UPDATE_STATE_REASON_COUNT; */
sesp_update_state_reason_t sesp_run_reason(sesp_update_state_reason_t reason, sesp_update_state_reason_t otherwise);
/** Takes the next run number, durable. */
/*@ requires SESP_CORE_OK(core); assigns core->run_counter; ensures SESP_CORE_OK(core); */
sesp_result_t sesp_run_number(sesp_core_t *core);
/** Asks the server. A number was taken and there is a URL. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_run_begin(sesp_core_t *core);
/** Asks for the image that a manifest named, else for news; for the rest of it where a part is stored. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_run_ask(sesp_core_t *core);
/** Shows a step of the run. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_run_report(sesp_core_t *core, sesp_update_state_state_t state);
/** The run is over without an update. `detail` may be NULL. */
/*@ requires SESP_CORE_OK(core) && reason < SESP_UPDATE_STATE_REASON_COUNT;
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_run_fail(sesp_core_t *core, sesp_update_state_reason_t reason, const char *detail);
/** sesp_run_fail() after ending the transfer and giving up what was written. */
/*@ requires SESP_CORE_OK(core) && reason < SESP_UPDATE_STATE_REASON_COUNT;
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_run_abort(sesp_core_t *core, sesp_update_state_reason_t reason, const char *detail);
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_run_none_newer(sesp_core_t *core, const char *text);
/** Stores `core->report` as the outcome of its run and shows it. */
/*@ requires SESP_CORE_OK(core) && -1 <= reason < SESP_UPDATE_STATE_REASON_COUNT;
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_run_outcome(sesp_core_t *core, sesp_update_state_state_t state, sesp_verdict_t reason);

/* sesp_resume.c: what of a file is in the other slot already. */
/** Decides what the next request asks for: writes `offer.resume_from`, and what a 206 must match. */
/*@ requires SESP_CORE_OK(core);
    assigns core->offer.resume_from, core->offer.resume_total, core->offer.etag[0 .. SESP_ETAG_MAX_BYTES];
    ensures SESP_CORE_OK(core); */
void sesp_resume_plan(sesp_core_t *core);
/** True if a 206 is the rest of the file that was asked for. */
/*@ requires SESP_CORE_OK(core) && SESP_RESPONSE_OK(core, response);
    assigns \nothing; */
bool sesp_resume_fits(const sesp_core_t *core, const sesp_download_response_t *response);
/** Stores the progress of the transfer if it is at least `step` bytes further. */
/*@ requires SESP_CORE_OK(core); assigns core->offer.saved_bytes; ensures SESP_CORE_OK(core); */
void sesp_resume_keep(sesp_core_t *core, uint32_t step);
/** Nothing of the slot is used any more. Must have succeeded before the slot is written from its beginning. */
/*@ requires \valid_read(core); assigns \nothing; */
sesp_result_t sesp_resume_forget(const sesp_core_t *core);

/* sesp_retry.c: a run goes on after its connection was lost. */
/** Asks again after a pause, as long as there is progress; otherwise the run fails. `detail` may be NULL. */
/*@ requires SESP_CORE_OK(core) && reason < SESP_UPDATE_STATE_REASON_COUNT;
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_retry_or_fail(sesp_core_t *core, sesp_update_state_reason_t reason, const char *detail);
/** Ends the transfer, gives up what is in the slot and asks for the whole file. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_retry_from_start(sesp_core_t *core);

/* sesp_offer.c: may this image replace the running one? */
sesp_verdict_t sesp_offer_version(const sesp_core_t *core, const char *version, bool stated);
/*@ requires SESP_CORE_OK(core) && \valid_read(header);
    requires header->project[SESP_IMAGE_TEXT_MAX_BYTES] == 0 && header->version[SESP_IMAGE_TEXT_MAX_BYTES] == 0;
    assigns \nothing;
    ensures -1 <= \result < SESP_UPDATE_STATE_REASON_COUNT; */
sesp_verdict_t sesp_offer_header(const sesp_core_t *core, const sesp_image_header_t *header);
/** `blocked`, `flash` when the record cannot be read, or good. `identity` may be NULL: then the tag decides. */
/*@ requires \valid_read(core) && (identity == \null || \valid_read(identity + (0 .. SESP_IDENTITY_BYTES - 1)));
    requires identity == \null ==> sesp_ends(etag);
    assigns \nothing;
    ensures -1 <= \result < SESP_UPDATE_STATE_REASON_COUNT; */
sesp_verdict_t sesp_offer_blocked(const sesp_core_t *core, const uint8_t *identity, const char *etag);
/** Another image than the blocked one is offered: the block is lifted. */
/*@ requires \valid_read(core) && \valid_read(identity + (0 .. SESP_IDENTITY_BYTES - 1)); assigns \nothing; */
void sesp_offer_unblock_others(sesp_core_t *core, const uint8_t *identity);

/* sesp_release.c: the rules for a decoded manifest whose signature is good. Writes `*detail`. */
sesp_verdict_t sesp_release_check(sesp_core_t *core, const sesp_manifest_t *manifest, const char **detail);
/** False if the release does not update the running version. */
bool sesp_release_from(const sesp_core_t *core, const sesp_manifest_t *manifest);

/* sesp_boot.c */
/** Decides what became of an update that was under way. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_boot_resolve(sesp_core_t *core);

/* sesp_confirm.c, sesp_probe.c */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_confirm_begin(sesp_core_t *core);
/** Confirms, waits or rolls back. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_confirm_evaluate(sesp_core_t *core);
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_confirm_roll_back(sesp_core_t *core, const char *why);
/*@ requires SESP_CORE_OK(core) && now <= SESP_CLOCK_MAX_MS;
    assigns core->confirm.probe_ms, core->confirm.probing;
    ensures SESP_CORE_OK(core); */
void sesp_probe_start(sesp_core_t *core, uint64_t now);
/*@ requires SESP_CORE_OK(core); assigns core->confirm.probing; ensures SESP_CORE_OK(core); */
void sesp_probe_stop(sesp_core_t *core);
/** What the probe met; SESP_CONNECT_UNREACHABLE also if the update server answered. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_probe_result(sesp_core_t *core, sesp_connect_failure_t failure);

#endif
