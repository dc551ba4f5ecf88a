/* SPDX-License-Identifier: MIT */
/*
 * One GET, on the worker: request, response, then a manifest or an image. esp_https_ota is not used: its resumption has
 * no If-Range, so an image that changed on the server meanwhile would be mixed from two.
 */
#include <string.h>
#include <strings.h>

#include "esp_http_client.h"
#include "esp_log.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

#define JOSE "application/jose"
#define HTTP_PARTIAL (206u)
/** Beyond every deadline of its own: only a call that never returns gets here. */
#define STUCK_MS ((CONFIG_SECURE_ESP_DOWNLOAD_MAX_S + 600u) * 1000u)

/** One sector. The manifest and the image header use it too: never two of them at once. */
static uint8_t s_sector[SESP_IDF_SECTOR_BYTES];
static sesp_idf_transfer_t s_transfer;
_Static_assert(SESP_JWS_MAX_BYTES < SESP_IDF_SECTOR_BYTES, "a manifest fits a sector");

static bool post(const sesp_idf_transfer_t *transfer, sesp_idf_event_kind_t kind, uint32_t number, void *data) {
  const sesp_idf_event_t event = {.kind = kind, .job = transfer->job->id, .number = number, .data = data};
  return sesp_idf_job_post(&event);
}

static void fail(const sesp_idf_transfer_t *transfer, sesp_update_state_reason_t reason) {
  (void)post(transfer, SESP_IDF_EVENT_FAILED, (uint32_t)reason, NULL);
}

static bool is_jose(const sesp_download_response_t *response) {
  const size_t len = sizeof(JOSE) - 1u;
  const char *const type = response->content_type;
  return response->http_status == 200u && strncasecmp(type, JOSE, len) == 0 &&
         (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

static void read_manifest(sesp_idf_transfer_t *transfer) {
  sesp_update_state_reason_t reason;
  size_t len = 0;
  if (!sesp_idf_body_read(transfer, s_sector, SESP_JWS_MAX_BYTES + 1u, &len, &reason)) {
    fail(transfer, reason);
  } else if (len > SESP_JWS_MAX_BYTES) {
    fail(transfer, SESP_UPDATE_STATE_REASON_TOO_LARGE);
  } else {
    (void)post(transfer, SESP_IDF_EVENT_MANIFEST, (uint32_t)len, s_sector);
  }
}

/**
 * Writes the body to flash from `at` on; `filled` bytes of it are in s_sector already. Progress is reported once bytes are
 * durable.
 */
static void write_image(sesp_idf_transfer_t *transfer, uint32_t at, size_t filled) {
  const uint32_t max_bytes = transfer->job->request.max_bytes;
  sesp_update_state_reason_t reason;
  sesp_idf_slot_begin(at);
  for (;;) {
    size_t got = 0;
    if (!sesp_idf_body_read(transfer, s_sector + filled, sizeof(s_sector) - filled, &got, &reason)) {
      fail(transfer, reason);
      return;
    }
    const size_t len = filled + got;
    if (len == 0u) {
      break;
    }
    if (at > max_bytes || len > max_bytes - at || at > sesp_idf_slot()->size || len > sesp_idf_slot()->size - at) {
      fail(transfer, SESP_UPDATE_STATE_REASON_TOO_LARGE);
      return;
    }
    if (sesp_idf_job_cancelled(transfer->job->id)) {
      return;
    }
    const esp_err_t error = sesp_idf_slot_write(at, s_sector, len);
    if (error != ESP_OK) {
      ESP_LOGE(SESP_IDF_TAG, "the other slot cannot be written: %s", esp_err_to_name(error));
      fail(transfer, SESP_UPDATE_STATE_REASON_FLASH);
      return;
    }
    at += (uint32_t)len;
    if (!post(transfer, SESP_IDF_EVENT_PROGRESS, at, NULL)) {
      return;
    }
    if (len < sizeof(s_sector)) {
      break;
    }
    filled = 0;
  }
  (void)post(transfer, SESP_IDF_EVENT_COMPLETE, at, NULL);
}

/** The whole file: its first bytes come with the body. */
static void read_image(sesp_idf_transfer_t *transfer) {
  sesp_update_state_reason_t reason;
  size_t got = 0;
  if (!sesp_idf_body_read(transfer, s_sector, SESP_IMAGE_HEADER_BYTES, &got, &reason)) {
    fail(transfer, reason);
  } else if (got < SESP_IMAGE_HEADER_BYTES) {
    (void)post(transfer, SESP_IDF_EVENT_COMPLETE, (uint32_t)got, NULL);
  } else if (post(transfer, SESP_IDF_EVENT_HEADER, (uint32_t)got, s_sector) &&
             sesp_idf_job_await(transfer->job->id, 2)) {
    write_image(transfer, 0, SESP_IMAGE_HEADER_BYTES);
  }
}

/** The rest of a file: its first bytes are in flash since an earlier transfer. */
static void read_rest(sesp_idf_transfer_t *transfer) {
  const uint32_t from = transfer->job->request.resume_from;
  if (from == 0u || transfer->response.range_start != (int64_t)from) {
    fail(transfer, SESP_UPDATE_STATE_REASON_HTTP_STATUS);
  } else if (esp_partition_read(sesp_idf_slot(), 0, s_sector, SESP_IMAGE_HEADER_BYTES) != ESP_OK) {
    fail(transfer, SESP_UPDATE_STATE_REASON_FLASH);
  } else if (post(transfer, SESP_IDF_EVENT_HEADER, SESP_IMAGE_HEADER_BYTES, s_sector) &&
             sesp_idf_job_await(transfer->job->id, 2)) {
    write_image(transfer, from, 0);
  }
}

static sesp_update_state_reason_t why_not_connected(sesp_idf_transfer_t *transfer) {
  int tls_error = 0;
  int tls_flags = 0;
  const esp_err_t error = esp_http_client_get_and_clear_last_tls_error(transfer->http, &tls_error, &tls_flags);
  return sesp_idf_tls_failure(error, tls_error, tls_flags) == SESP_CONNECT_TLS ? SESP_UPDATE_STATE_REASON_TLS
                                                                               : SESP_UPDATE_STATE_REASON_UNREACHABLE;
}

/** Connects and waits for the header of the response. @return false: failed, `reason` says why */
static bool exchange(sesp_idf_transfer_t *transfer, sesp_update_state_reason_t *reason) {
  if (esp_http_client_open(transfer->http, 0) != ESP_OK) {
    *reason = why_not_connected(transfer);
    return false;
  }
  /* From here on in steps of a second, so that cancelling and deadlines are noticed. */
  (void)esp_http_client_set_timeout_ms(transfer->http, 1000);
  const uint64_t until = sesp_idf_now_ms() + (uint64_t)CONFIG_SECURE_ESP_IDLE_S * 1000u;
  *reason = SESP_UPDATE_STATE_REASON_STALLED;
  while (!sesp_idf_job_cancelled(transfer->job->id) && sesp_idf_now_ms() < until) {
    const int64_t length = esp_http_client_fetch_headers(transfer->http);
    if (length >= 0) {
      return true;
    }
    if (length != -ESP_ERR_HTTP_EAGAIN) {
      *reason = why_not_connected(transfer);
      return false;
    }
  }
  return false;
}

static void describe_response(sesp_idf_transfer_t *transfer) {
  sesp_download_response_t *const response = &transfer->response;
  const int status = esp_http_client_get_status_code(transfer->http);
  response->http_status = status > 0 ? (uint32_t)status : 0u;
  response->content_type = transfer->content_type;
  response->etag = transfer->etag;
  response->content_length = esp_http_client_is_chunked_response(transfer->http)
                                 ? transfer->announced
                                 : esp_http_client_get_content_length(transfer->http);
  sesp_idf_content_range(response->http_status == HTTP_PARTIAL ? transfer->content_range : "", &response->range_start,
                         &response->range_total);
}

static void transfer_all(sesp_idf_transfer_t *transfer) {
  sesp_update_state_reason_t reason;
  if (!exchange(transfer, &reason)) {
    fail(transfer, reason);
    return;
  }
  describe_response(transfer);
  if (!post(transfer, SESP_IDF_EVENT_RESPONSE, 0, &transfer->response) ||
      !sesp_idf_job_await(transfer->job->id, 1)) {
    return;
  }
  if (is_jose(&transfer->response)) {
    read_manifest(transfer);
  } else if (transfer->response.http_status == HTTP_PARTIAL) {
    read_rest(transfer);
  } else {
    read_image(transfer);
  }
}

void sesp_idf_download_run(const sesp_idf_job_t *job) {
  memset(&s_transfer, 0, sizeof(s_transfer));
  sesp_idf_watchdog_allow(SESP_IDF_WATCH_WORKER, STUCK_MS);
  s_transfer.job = job;
  s_transfer.announced = -1;
  s_transfer.deadline_ms = sesp_idf_now_ms() + (uint64_t)CONFIG_SECURE_ESP_DOWNLOAD_MAX_S * 1000u;
  s_transfer.http = sesp_idf_request_open(&s_transfer);
  if (s_transfer.http == NULL) {
    fail(&s_transfer, SESP_UPDATE_STATE_REASON_UNREACHABLE);
    return;
  }
  transfer_all(&s_transfer);
  (void)esp_http_client_cleanup(s_transfer.http);
}
