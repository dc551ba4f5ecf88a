/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_config_defaults.h"
#include "sesp_internal.h"
#include "sesp_text.h"

#define HTTP_OK (200u)
#define HTTP_NO_CONTENT (204u)
#define HTTP_NOT_MODIFIED (304u)
#define JOSE "application/jose"

static char lower(char c) {
  return (c >= 'A' && c <= 'Z') ? (char)(c - 'A' + 'a') : c;
}

/** True for `application/jose` in any case, with or without parameters. */
static bool is_jose(const char *content_type) {
  size_t at = 0;
  if (content_type == NULL) {
    return false;
  }
  while (JOSE[at] != '\0') {
    if (lower(content_type[at]) != JOSE[at]) {
      return false;
    }
    at++;
  }
  return content_type[at] == '\0' || content_type[at] == ';' || content_type[at] == ' ';
}

/** Keeps a tag that can be sent back in a header; "" for every other one. */
static void keep_etag(char *out, const char *etag) {
  out[0] = '\0';
  if (etag == NULL) {
    return;
  }
  const size_t len = sesp_text_length(etag, SESP_ETAG_MAX_BYTES + 1u);
  if (len > SESP_ETAG_MAX_BYTES) {
    return;
  }
  for (size_t at = 0; at < len; at++) {
    if (etag[at] < '!' || etag[at] > '~') {
      return;
    }
  }
  memcpy(out, etag, len);
  out[len] = '\0';
}

/** The body will be an image, unless its length or its tag already speaks against it. */
static void expect_image(sesp_core_t *core, int64_t content_length, const char *etag) {
  keep_etag(core->offer.etag, etag);
  if (content_length > (int64_t)core->config.slot_size) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_TOO_LARGE, NULL);
    return;
  }
  if (core->offer.has_manifest) {
    if (content_length >= 0 && content_length != (int64_t)core->offer.manifest.size) {
      sesp_run_abort(core, SESP_UPDATE_STATE_REASON_BAD_HASH, "the file has not the announced size");
      return;
    }
  } else {
    core->report.total = content_length > 0 ? (uint32_t)content_length : 0u;
    const sesp_verdict_t blocked = sesp_offer_blocked(core, NULL, core->offer.etag);
    if (blocked != SESP_VERDICT_GOOD) {
      sesp_run_abort(core, (sesp_update_state_reason_t)blocked, NULL);
      return;
    }
  }
  core->phase = SESP_PHASE_HEADER;
  sesp_call_download_continue(core);
}

static void expect_manifest(sesp_core_t *core, int64_t content_length) {
  if (content_length > (int64_t)SESP_JWS_MAX_BYTES) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_TOO_LARGE, "the release manifest is too long");
    return;
  }
  core->phase = SESP_PHASE_MANIFEST;
  sesp_call_download_continue(core);
}

static void refuse_status(sesp_core_t *core, uint32_t http_status) {
  char text[32];
  sesp_text_t line = sesp_text_begin(text, sizeof(text));
  sesp_text_add_u32(&line, http_status);
  sesp_run_abort(core, SESP_UPDATE_STATE_REASON_HTTP_STATUS, text);
}

void sesp_on_download_response(sesp_core_t *core, uint32_t http_status, const char *content_type,
                               int64_t content_length, const char *etag) {
  if (core->phase == SESP_PHASE_PENDING_CONFIRM && core->confirm.probing) {
    sesp_call_download_abort(core);
    sesp_probe_result(core, SESP_CONNECT_UNREACHABLE, true);
    return;
  }
  if (core->phase != SESP_PHASE_CHECKING && core->phase != SESP_PHASE_FETCHING) {
    return;
  }
  const bool checking = core->phase == SESP_PHASE_CHECKING;
  if (checking && (http_status == HTTP_NO_CONTENT || http_status == HTTP_NOT_MODIFIED)) {
    sesp_call_download_abort(core);
    sesp_run_none_newer(core, "No newer firmware");
    return;
  }
  if (http_status != HTTP_OK) {
    refuse_status(core, http_status);
    return;
  }
  if (is_jose(content_type)) {
    if (checking) {
      expect_manifest(core, content_length);
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
  expect_image(core, content_length, etag);
}

void sesp_on_image_header(sesp_core_t *core, const uint8_t *bytes, size_t len) {
  sesp_image_header_t header;
  if (core->phase != SESP_PHASE_HEADER) {
    return;
  }
  if (!sesp_image_header_parse(bytes, len, &header)) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_NOT_AN_IMAGE, NULL);
    return;
  }
  if (!core->offer.has_manifest) {
    sesp_text_printable(core->report.to, sizeof(core->report.to), header.version);
    core->report.to_is_null = false;
  }
  const sesp_verdict_t verdict = sesp_offer_header(core, &header);
  if (verdict != SESP_VERDICT_GOOD) {
    sesp_run_abort(core, (sesp_update_state_reason_t)verdict, NULL);
    return;
  }
  core->phase = SESP_PHASE_DOWNLOADING;
  sesp_run_report(core, SESP_UPDATE_STATE_STATE_DOWNLOADING);
  sesp_call_download_continue(core);
}

void sesp_on_download_progress(sesp_core_t *core, uint32_t bytes) {
  if (core->phase != SESP_PHASE_DOWNLOADING || bytes <= core->report.bytes) {
    return;
  }
  if (bytes > core->config.slot_size) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_TOO_LARGE, NULL);
    return;
  }
  core->report.bytes = bytes;
  const uint64_t step = (uint64_t)core->report.total * SESP_PROGRESS_MIN_PERCENT / 100u;
  const bool far = core->report.total > 0u && bytes - core->offer.progress_bytes >= step;
  if (far || sesp_now(core) >= core->offer.progress_ms + SESP_PROGRESS_MIN_MS) {
    sesp_run_report(core, SESP_UPDATE_STATE_STATE_DOWNLOADING);
  }
}

void sesp_on_download_complete(sesp_core_t *core, uint32_t bytes) {
  uint8_t file_sha256[SESP_IDENTITY_BYTES];
  const uint8_t *expected = NULL;
  if (core->phase == SESP_PHASE_HEADER || core->phase == SESP_PHASE_MANIFEST) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_NOT_AN_IMAGE, "the answer is too short");
    return;
  }
  if (core->phase != SESP_PHASE_DOWNLOADING) {
    return;
  }
  core->report.bytes = bytes;
  if (core->report.total > 0u && bytes != core->report.total) {
    const bool less = bytes < core->report.total;
    sesp_run_abort(core, less ? SESP_UPDATE_STATE_REASON_TRUNCATED : SESP_UPDATE_STATE_REASON_TOO_LARGE, NULL);
    return;
  }
  core->report.total = bytes;
  if (core->offer.has_manifest) {
    sesp_text_unhex(file_sha256, sizeof(file_sha256), core->offer.manifest.sha256);
    expected = file_sha256;
  }
  core->phase = SESP_PHASE_VERIFYING;
  sesp_run_report(core, SESP_UPDATE_STATE_STATE_VERIFYING);
  if (sesp_call_image_verify(core, expected) != SESP_OK) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_FLASH, "verification could not be started");
  }
}

void sesp_on_download_failed(sesp_core_t *core, sesp_update_state_reason_t reason) {
  if (core->phase == SESP_PHASE_PENDING_CONFIRM && core->confirm.probing) {
    sesp_probe_result(core, reason == SESP_UPDATE_STATE_REASON_TLS ? SESP_CONNECT_TLS : SESP_CONNECT_UNREACHABLE,
                      reason == SESP_UPDATE_STATE_REASON_HTTP_STATUS);
    return;
  }
  switch (core->phase) {
    case SESP_PHASE_CHECKING:
    case SESP_PHASE_MANIFEST:
    case SESP_PHASE_FETCHING:
    case SESP_PHASE_HEADER:
    case SESP_PHASE_DOWNLOADING:
      sesp_run_fail(core, reason, NULL);
      break;
    default:
      break;
  }
}
