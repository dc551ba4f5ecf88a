/* SPDX-License-Identifier: MIT */
/* The body of a response, with deadlines; and the strict reading of Content-Range. */
#include <string.h>

#include "esp_http_client.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

/** esp_http_client_read() returns only when this much came or a second passed without any: small, so that a trickle is
 * noticed. */
#define PIECE_BYTES (1024u)

bool sesp_idf_body_read(sesp_idf_transfer_t *transfer, uint8_t *out, size_t want, size_t *got,
                        sesp_update_state_reason_t *reason) {
  uint64_t heard_ms = sesp_idf_now_ms();
  *got = 0;
  /* esp_http_client takes a length of 0 for an unknown one and would wait for more. */
  while (*got < want && transfer->response.content_length != 0) {
    const size_t piece = want - *got < PIECE_BYTES ? want - *got : PIECE_BYTES;
    const int len = esp_http_client_read(transfer->http, (char *)out + *got, (int)piece);
    const uint64_t now = sesp_idf_now_ms();
    if (len > 0) {
      *got += (size_t)len;
      heard_ms = now;
    } else if (len == 0) {
      *reason = SESP_UPDATE_STATE_REASON_TRUNCATED;
      return esp_http_client_is_complete_data_received(transfer->http);
    } else if (len != -ESP_ERR_HTTP_EAGAIN) {
      *reason = SESP_UPDATE_STATE_REASON_TRUNCATED;
      return false;
    }
    *reason = SESP_UPDATE_STATE_REASON_STALLED;
    if (sesp_idf_job_cancelled(transfer->job->id) || now >= transfer->deadline_ms ||
        now >= heard_ms + (uint64_t)CONFIG_SECURE_ESP_IDLE_S * 1000u) {
      return false;
    }
  }
  return true;
}

/** Digits up to `end`. @return what follows them; NULL for none or too many */
static const char *take_number(const char *text, char end, int64_t *out) {
  int64_t value = 0;
  size_t digits = 0;
  while (text[digits] >= '0' && text[digits] <= '9') {
    if (digits == 10u) {
      return NULL;
    }
    value = value * 10 + (text[digits] - '0');
    digits++;
  }
  if (digits == 0u || text[digits] != end) {
    return NULL;
  }
  *out = value;
  return text + digits + (end == '\0' ? 0u : 1u);
}

void sesp_idf_content_range(const char *value, int64_t *start, int64_t *total) {
  int64_t first = -1;
  int64_t last = -1;
  int64_t size = -1;
  const char *at = strncmp(value, "bytes ", 6) == 0 ? value + 6 : NULL;
  *start = -1;
  *total = -1;
  if (at != NULL) {
    at = take_number(at, '-', &first);
  }
  if (at != NULL) {
    at = take_number(at, '/', &last);
  }
  if (at != NULL) {
    at = take_number(at, '\0', &size);
  }
  if (at != NULL && first <= last && last + 1 == size) {
    *start = first;
    *total = size;
  }
}
