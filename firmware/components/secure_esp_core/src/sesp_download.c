/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_config_defaults.h"
#include "sesp_internal.h"
#include "sesp_text.h"

#define HTTP_OK (200u)
#define HTTP_NO_CONTENT (204u)
#define HTTP_PARTIAL_CONTENT (206u)
#define HTTP_NOT_MODIFIED (304u)
#define HTTP_RANGE_NOT_SATISFIABLE (416u)

static const char JOSE[] = "application/jose";

/*@ assigns \nothing; */
static char lower(char c) {
  return (c >= 'A' && c <= 'Z') ? (char)(c - 'A' + 'a') : c;
}

/** True for `application/jose` in any case, with or without parameters. */
/*@ requires content_type == \null || sesp_ends(content_type); assigns \nothing; */
static bool is_jose(const char *content_type) {
  size_t at = 0;
  if (content_type == NULL) {
    return false;
  }
  /*@ loop invariant at <= sizeof(JOSE) - 1;
      loop invariant \forall integer done; 0 <= done < at ==> content_type[done] != 0;
      loop assigns at;
      loop variant sizeof(JOSE) - at; */
  while (at < sizeof(JOSE) - 1u) {
    if (content_type[at] == '\0' || lower(content_type[at]) != JOSE[at]) {
      return false;
    }
    at++;
  }
  return content_type[at] == '\0' || content_type[at] == ';' || content_type[at] == ' ';
}

/** A tag that can be sent back in a header. */
/*@ requires sesp_ends(etag); assigns \nothing; */
static bool is_tag(const char *etag) {
  /*@ loop invariant at <= SESP_ETAG_MAX_BYTES + 1;
      loop invariant \forall integer done; 0 <= done < at ==> etag[done] != 0;
      loop assigns at;
      loop variant SESP_ETAG_MAX_BYTES + 1 - at; */
  for (size_t at = 0; at <= SESP_ETAG_MAX_BYTES; at++) {
    if (etag[at] == '\0') {
      return true;
    }
    if (etag[at] < '!' || etag[at] > '~') {
      return false;
    }
  }
  return false;
}

/** Keeps a tag that can be sent back; "" for every other one. */
/*@ requires SESP_CORE_OK(core) && (etag == \null || sesp_outside(core, etag));
    assigns core->offer.etag[0 .. SESP_ETAG_MAX_BYTES];
    ensures SESP_CORE_OK(core); */
static void keep_etag(sesp_core_t *core, const char *etag) {
  core->offer.etag[0] = '\0';
  if (etag != NULL && is_tag(etag)) {
    sesp_text_copy(core->offer.etag, sizeof(core->offer.etag), etag, sesp_text_length(etag, SESP_ETAG_MAX_BYTES));
  }
}

/** Without a manifest, the tag may say already that this is the blocked image. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
static void expect_header(sesp_core_t *core) {
  const sesp_verdict_t blocked =
      core->offer.has_manifest ? SESP_VERDICT_GOOD : sesp_offer_blocked(core, NULL, core->offer.etag);
  if (blocked != SESP_VERDICT_GOOD) {
    sesp_run_abort(core, (sesp_update_state_reason_t)blocked, NULL);
    return;
  }
  core->phase = SESP_PHASE_HEADER;
  sesp_call_download_continue(core);
}

/** The body will be an image, unless its length or its tag already speaks against it. */
/*@ requires SESP_CORE_OK(core) && SESP_RESPONSE_OK(core, response); assigns *core; ensures SESP_CORE_OK(core); */
static void expect_image(sesp_core_t *core, const sesp_download_response_t *response) {
  const int64_t length = response->content_length;
  core->offer.resume_from = 0;
  keep_etag(core, response->etag);
  if (length > (int64_t)core->config.slot_size) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_TOO_LARGE, NULL);
    return;
  }
  if (core->offer.has_manifest && length >= 0 && length != (int64_t)core->offer.manifest.size) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_BAD_HASH, "the file has not the announced size");
    return;
  }
  if (!core->offer.has_manifest) {
    core->report.total = length > 0 ? (uint32_t)length : 0u;
  }
  expect_header(core);
}

/** The body will be the rest of an image; whatever else it is, the whole file is asked for. */
/*@ requires SESP_CORE_OK(core) && SESP_RESPONSE_OK(core, response); assigns *core; ensures SESP_CORE_OK(core); */
static void expect_rest(sesp_core_t *core, const sesp_download_response_t *response) {
  if (!sesp_resume_fits(core, response) || is_jose(response->content_type)) {
    sesp_retry_from_start(core);
    return;
  }
  core->report.total = core->offer.resume_total;
  expect_header(core);
}

/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
static void expect_manifest(sesp_core_t *core, int64_t content_length) {
  if (content_length > (int64_t)SESP_JWS_MAX_BYTES) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_TOO_LARGE, "the release manifest is too long");
    return;
  }
  core->phase = SESP_PHASE_MANIFEST;
  sesp_call_download_continue(core);
}

/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
static void refuse_status(sesp_core_t *core, uint32_t http_status) {
  char text[32];
  sesp_text_t line = sesp_text_begin(text, sizeof(text));
  sesp_text_add_u32(&line, http_status);
  sesp_run_abort(core, SESP_UPDATE_STATE_REASON_HTTP_STATUS, text);
}

/*@ requires SESP_CORE_OK(core) && SESP_RESPONSE_OK(core, response); assigns *core; ensures SESP_CORE_OK(core); */
static void expect_file(sesp_core_t *core, const sesp_download_response_t *response) {
  const bool checking = core->phase == SESP_PHASE_CHECKING;
  if (is_jose(response->content_type)) {
    if (checking) {
      expect_manifest(core, response->content_length);
    } else {
      sesp_run_abort(core, SESP_UPDATE_STATE_REASON_NOT_AN_IMAGE, "the manifest leads to another manifest");
    }
    return;
  }
  /* Servers of the simplest kind send images as text/plain, so only the bytes decide what is an image. */
  if (checking && core->config.require_manifest) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_UNSIGNED, "a release manifest is required");
    return;
  }
  expect_image(core, response);
}

/*@ requires SESP_CORE_OK(core) && SESP_RESPONSE_OK(core, response); assigns *core; ensures SESP_CORE_OK(core); */
static void judge_response(sesp_core_t *core, const sesp_download_response_t *response) {
  const uint32_t http_status = response->http_status;
  const bool checking = core->phase == SESP_PHASE_CHECKING;
  if (checking && (http_status == HTTP_NO_CONTENT || http_status == HTTP_NOT_MODIFIED)) {
    sesp_call_download_abort(core);
    sesp_run_none_newer(core, "No newer firmware");
    return;
  }
  const bool asked_for_rest = core->offer.resume_from > 0u;
  if (asked_for_rest && http_status == HTTP_PARTIAL_CONTENT) {
    expect_rest(core, response);
    return;
  }
  if (asked_for_rest && http_status == HTTP_RANGE_NOT_SATISFIABLE) {
    sesp_retry_from_start(core);
    return;
  }
  if (http_status != HTTP_OK) {
    refuse_status(core, http_status);
    return;
  }
  expect_file(core, response);
}

/*@ requires SESP_CORE_OK(core) && SESP_RESPONSE_OK(core, response); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_on_download_response(sesp_core_t *core, const sesp_download_response_t *response) {
  if (core->phase == SESP_PHASE_PENDING_CONFIRM && core->confirm.probing) {
    sesp_call_download_abort(core);
    sesp_probe_result(core, SESP_CONNECT_UNREACHABLE);
    return;
  }
  if (core->phase == SESP_PHASE_CHECKING || core->phase == SESP_PHASE_FETCHING) {
    judge_response(core, response);
  }
}

/*@ requires SESP_CORE_OK(core) && \valid_read(header) && \separated(core, header) &&
      header->version[SESP_IMAGE_TEXT_MAX_BYTES] == 0;
    assigns core->report.to[0 .. SESP_VERSION_MAX_BYTES], core->report.to_is_null;
    ensures SESP_CORE_OK(core); */
static void take_version(sesp_core_t *core, const sesp_image_header_t *header) {
  if (!core->offer.has_manifest) {
    sesp_text_printable(core->report.to, sizeof(core->report.to), header->version);
    core->report.to_is_null = false;
  }
}

/** May the image with this header replace the running one? */
/*@ requires SESP_CORE_OK(core);
    requires bytes == \null || len < SESP_IMAGE_HEADER_BYTES || \valid_read(bytes + (0 .. SESP_IMAGE_HEADER_BYTES - 1));
    requires \separated(core, bytes + (0 .. SESP_IMAGE_HEADER_BYTES - 1));
    assigns core->report.to[0 .. SESP_VERSION_MAX_BYTES], core->report.to_is_null;
    ensures SESP_CORE_OK(core) && -1 <= \result < SESP_UPDATE_STATE_REASON_COUNT; */
static sesp_verdict_t judge_header(sesp_core_t *core, const uint8_t *bytes, size_t len) {
  sesp_image_header_t header;
  if (!sesp_image_header_parse(bytes, len, &header)) {
    return SESP_UPDATE_STATE_REASON_NOT_AN_IMAGE;
  }
  take_version(core, &header);
  return sesp_offer_header(core, &header);
}

/** From here on the slot changes, so no record may speak of what was in it. */
/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
static void begin_writing(sesp_core_t *core) {
  const uint32_t from = core->offer.resume_from;
  if (from == 0u && sesp_resume_forget(core) != SESP_OK) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_FLASH, "the last download could not be forgotten");
    return;
  }
  core->offer.begun = true;
  core->offer.resumed = from > 0u;
  core->offer.from_start = false;
  core->offer.saved_bytes = from;
  core->report.bytes = from;
  core->phase = SESP_PHASE_DOWNLOADING;
  sesp_run_report(core, SESP_UPDATE_STATE_STATE_DOWNLOADING);
  sesp_call_download_continue(core);
}

/*@ requires SESP_CORE_OK(core);
    requires bytes == \null || len < SESP_IMAGE_HEADER_BYTES || \valid_read(bytes + (0 .. SESP_IMAGE_HEADER_BYTES - 1));
    requires \separated(core, bytes + (0 .. SESP_IMAGE_HEADER_BYTES - 1));
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_on_image_header(sesp_core_t *core, const uint8_t *bytes, size_t len) {
  if (core->phase != SESP_PHASE_HEADER) {
    return;
  }
  const sesp_verdict_t verdict = judge_header(core, bytes, len);
  if (verdict == SESP_VERDICT_GOOD) {
    begin_writing(core);
  } else if (core->offer.resume_from > 0u) {
    /* It was good when the slot was written: the slot has changed since. */
    sesp_retry_from_start(core);
  } else {
    sesp_run_abort(core, (sesp_update_state_reason_t)verdict, NULL);
  }
}

/** Far enough from the last one in progress or in time for a report. */
/*@ requires SESP_CORE_OK(core); assigns \nothing; */
static bool is_report_due(const sesp_core_t *core, uint32_t bytes) {
  const uint64_t step = (uint64_t)core->report.total * SESP_PROGRESS_MIN_PERCENT / 100u;
  const bool far = core->report.total > 0u && bytes >= core->offer.progress_bytes + step;
  return far || sesp_now(core) >= core->offer.progress_ms + SESP_PROGRESS_MIN_MS;
}

/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_on_download_progress(sesp_core_t *core, uint32_t bytes) {
  if (core->phase != SESP_PHASE_DOWNLOADING || bytes <= core->report.bytes) {
    return;
  }
  if (bytes > core->config.slot_size || (core->report.total > 0u && bytes > core->report.total)) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_TOO_LARGE, NULL);
    return;
  }
  core->report.bytes = bytes;
  if (is_report_due(core, bytes)) {
    sesp_run_report(core, SESP_UPDATE_STATE_STATE_DOWNLOADING);
  }
  sesp_resume_keep(core, SESP_RESUME_STEP_BYTES);
}

/*@ requires \valid_read(core); assigns \nothing; */
static sesp_result_t start_verification(const sesp_core_t *core) {
  uint8_t file_sha256[SESP_IDENTITY_BYTES] = {0};
  if (!core->offer.has_manifest) {
    return sesp_call_image_verify(core, NULL);
  }
  sesp_text_unhex(file_sha256, sizeof(file_sha256), core->offer.manifest.sha256);
  return sesp_call_image_verify(core, file_sha256);
}

/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_on_download_complete(sesp_core_t *core, uint32_t bytes) {
  if (core->phase == SESP_PHASE_HEADER || core->phase == SESP_PHASE_MANIFEST) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_NOT_AN_IMAGE, "the answer is too short");
    return;
  }
  if (core->phase != SESP_PHASE_DOWNLOADING) {
    return;
  }
  core->report.bytes = bytes;
  if (bytes < core->report.total) {
    sesp_retry_or_fail(core, SESP_UPDATE_STATE_REASON_TRUNCATED, NULL);
    return;
  }
  if (core->report.total > 0u && bytes > core->report.total) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_TOO_LARGE, NULL);
    return;
  }
  core->report.total = bytes;
  core->phase = SESP_PHASE_VERIFYING;
  sesp_run_report(core, SESP_UPDATE_STATE_STATE_VERIFYING);
  if (start_verification(core) != SESP_OK) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_FLASH, "verification could not be started");
  }
}

/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
void sesp_on_download_failed(sesp_core_t *core, sesp_update_state_reason_t reason) {
  if (core->phase == SESP_PHASE_PENDING_CONFIRM && core->confirm.probing) {
    sesp_probe_result(core, reason == SESP_UPDATE_STATE_REASON_TLS ? SESP_CONNECT_TLS : SESP_CONNECT_UNREACHABLE);
    return;
  }
  switch (core->phase) {
    case SESP_PHASE_CHECKING:
    case SESP_PHASE_MANIFEST:
    case SESP_PHASE_FETCHING:
    case SESP_PHASE_HEADER:
    case SESP_PHASE_DOWNLOADING:
      sesp_retry_or_fail(core, sesp_run_reason(reason, SESP_UPDATE_STATE_REASON_UNREACHABLE), NULL);
      break;
    default:
      break;
  }
}
