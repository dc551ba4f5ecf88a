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
void sesp_events_mark(sesp_core_t *core, uint8_t dirty);
/** Publishes what is marked, in the order of the bits; what the port does not take is tried again later. */
void sesp_events_flush(sesp_core_t *core);

/* sesp_send.c: topics and tokens. `message` comes with payload, QoS, retain and correlation. */
sesp_result_t sesp_send(sesp_core_t *core, sesp_topic_t topic, sesp_scope_t scope, const char *client,
                        sesp_publish_t *message);
/** Subscribes to the next command filter. False once all are subscribed; `*result` of the last attempt. */
bool sesp_subscribe_next(sesp_core_t *core, sesp_result_t *result);

/* sesp_log_line.c */
/** Publishes "secure_esp: [LEVEL] text (device)". Returns the token on the device's own log topic, 0 if not queued. */
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
uint32_t sesp_reply_ok(sesp_core_t *core, const sesp_command_t *command, const uint32_t *run);
/** Replies {ok:false} and publishes an [ERROR] log line. */
void sesp_refuse(sesp_core_t *core, const sesp_command_t *command, sesp_replies_code_t code, const char *detail);
/** sesp_refuse() for a payload that did not decode. */
void sesp_refuse_payload(sesp_core_t *core, const sesp_command_t *command, sesp_codec_t fault, const char *detail);

/* sesp_commands.c, sesp_command_settings.c */
void sesp_command_url(sesp_core_t *core, const sesp_command_t *command);
void sesp_command_use_url(sesp_core_t *core, const sesp_command_t *command);
void sesp_command_interval(sesp_core_t *core, const sesp_command_t *command);
void sesp_command_run(sesp_core_t *core, const sesp_command_t *command);
void sesp_command_restart(sesp_core_t *core, const sesp_command_t *command);

/* sesp_correlation.c */
bool sesp_correlation_seen(const sesp_correlation_t *ring, const uint8_t *data, size_t len);
void sesp_correlation_remember(sesp_correlation_t *ring, const uint8_t *data, size_t len);

/* sesp_settings.c */
void sesp_settings_load(sesp_core_t *core);
/** The URL in force, NULL when there is none. */
const char *sesp_settings_url(const sesp_core_t *core);

/* sesp_schedule.c */
/** A uniform number below `bound`, 0 when `bound` is 0. */
uint64_t sesp_random_below(const sesp_core_t *core, uint64_t bound);
void sesp_schedule_first_check(sesp_core_t *core);
void sesp_schedule_next_check(sesp_core_t *core);
/** A run failed: if that was the network's or the server's fault, the next check comes earlier. */
void sesp_schedule_repeat(sesp_core_t *core, sesp_update_state_reason_t reason);
/** `min` doubled `times` times, at most `max`, plus up to half as much again by chance. */
uint64_t sesp_backoff(const sesp_core_t *core, uint64_t min, uint64_t max, uint8_t times);
/** Restarts once `token` is acknowledged, or after SESP_RESTART_WAIT_MS. */
void sesp_schedule_restart(sesp_core_t *core, uint32_t token);
void sesp_restart_now(sesp_core_t *core);
uint64_t sesp_now(const sesp_core_t *core);

/* sesp_request.c */
/** Sends a GET that says what runs here. */
sesp_result_t sesp_request(sesp_core_t *core, const char *url, bool accept_manifest, uint32_t max_bytes);

/* sesp_run.c: one update run from its number to its outcome. */
/** True while no run may start. */
bool sesp_run_active(const sesp_core_t *core);
/** Takes the next run number, durable. */
sesp_result_t sesp_run_number(sesp_core_t *core);
/** Asks the server. A number was taken and there is a URL. */
void sesp_run_begin(sesp_core_t *core);
/** Asks for the image that a manifest named, else for news; for the rest of it where a part is stored. */
void sesp_run_ask(sesp_core_t *core);
/** Shows a step of the run. */
void sesp_run_report(sesp_core_t *core, sesp_update_state_state_t state);
/** The run is over without an update. `detail` may be NULL. */
void sesp_run_fail(sesp_core_t *core, sesp_update_state_reason_t reason, const char *detail);
/** sesp_run_fail() after ending the transfer and giving up what was written. */
void sesp_run_abort(sesp_core_t *core, sesp_update_state_reason_t reason, const char *detail);
void sesp_run_none_newer(sesp_core_t *core, const char *text);
/** Stores `core->report` as the outcome of its run and shows it. */
void sesp_run_outcome(sesp_core_t *core, sesp_update_state_state_t state, sesp_verdict_t reason);

/* sesp_resume.c: what of a file is in the other slot already. */
/** Decides what the next request asks for: writes `offer.resume_from`, and what a 206 must match. */
void sesp_resume_plan(sesp_core_t *core);
/** True if a 206 is the rest of the file that was asked for. */
bool sesp_resume_fits(const sesp_core_t *core, const sesp_download_response_t *response);
/** Stores the progress of the transfer if it is at least `step` bytes further. */
void sesp_resume_keep(sesp_core_t *core, uint32_t step);
/** Nothing of the slot is used any more. Must have succeeded before the slot is written from its beginning. */
sesp_result_t sesp_resume_forget(const sesp_core_t *core);

/* sesp_retry.c: a run goes on after its connection was lost. */
/** Asks again after a pause, as long as there is progress; otherwise the run fails. `detail` may be NULL. */
void sesp_retry_or_fail(sesp_core_t *core, sesp_update_state_reason_t reason, const char *detail);
/** Ends the transfer, gives up what is in the slot and asks for the whole file. */
void sesp_retry_from_start(sesp_core_t *core);

/* sesp_offer.c: may this image replace the running one? */
sesp_verdict_t sesp_offer_version(const sesp_core_t *core, const char *version, bool stated);
sesp_verdict_t sesp_offer_header(const sesp_core_t *core, const sesp_image_header_t *header);
/** `blocked`, `flash` when the record cannot be read, or good. `identity` may be NULL: then the tag decides. */
sesp_verdict_t sesp_offer_blocked(const sesp_core_t *core, const uint8_t *identity, const char *etag);
/** Another image than the blocked one is offered: the block is lifted. */
void sesp_offer_unblock_others(sesp_core_t *core, const uint8_t *identity);

/* sesp_release.c: the rules for a decoded manifest whose signature is good. Writes `*detail`. */
sesp_verdict_t sesp_release_check(sesp_core_t *core, const sesp_manifest_t *manifest, const char **detail);
/** False if the release does not update the running version. */
bool sesp_release_from(const sesp_core_t *core, const sesp_manifest_t *manifest);

/* sesp_boot.c */
/** Decides what became of an update that was under way. */
void sesp_boot_resolve(sesp_core_t *core);

/* sesp_confirm.c, sesp_probe.c */
void sesp_confirm_begin(sesp_core_t *core);
/** Confirms, waits or rolls back. */
void sesp_confirm_evaluate(sesp_core_t *core);
void sesp_confirm_roll_back(sesp_core_t *core, const char *why);
void sesp_probe_start(sesp_core_t *core, uint64_t now);
void sesp_probe_stop(sesp_core_t *core);
/** What the probe met; SESP_CONNECT_UNREACHABLE also if the update server answered. */
void sesp_probe_result(sesp_core_t *core, sesp_connect_failure_t failure);

#endif
