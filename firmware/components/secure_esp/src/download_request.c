/* SPDX-License-Identifier: MIT */
/* The request of a download, and the fields of its response that matter. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "esp_http_client.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

/** A number of digits only; -1 for anything else. */
static int64_t number(const char *text) {
  int64_t value = 0;
  size_t at = 0;
  for (; text[at] >= '0' && text[at] <= '9' && at < 12u; at++) {
    value = value * 10 + (text[at] - '0');
  }
  return at > 0u && text[at] == '\0' ? value : -1;
}

static esp_err_t on_http_event(esp_http_client_event_t *event) {
  sesp_idf_transfer_t *const transfer = event->user_data;
  if (event->event_id != HTTP_EVENT_ON_HEADER || event->header_key == NULL || event->header_value == NULL) {
    return ESP_OK;
  }
  /* A value that does not fit is none of ours: absent is safer than cut. */
  const struct {
    const char *name;
    char *out;
    size_t cap;
  } wanted[] = {
      {"Content-Type", transfer->content_type, sizeof(transfer->content_type)},
      {"ETag", transfer->etag, sizeof(transfer->etag)},
      {"Content-Range", transfer->content_range, sizeof(transfer->content_range)},
  };
  for (size_t at = 0; at < sizeof(wanted) / sizeof(wanted[0]); at++) {
    if (strcasecmp(event->header_key, wanted[at].name) == 0 &&
        strlcpy(wanted[at].out, event->header_value, wanted[at].cap) >= wanted[at].cap) {
      wanted[at].out[0] = '\0';
    }
  }
  if (strcasecmp(event->header_key, "Content-Length") == 0) {
    transfer->announced = number(event->header_value);
  }
  return ESP_OK;
}

/** esp_http_client leaves a field out whose value is NULL. */
static const char *or_absent(const char *value) {
  return value[0] != '\0' ? value : NULL;
}

static esp_err_t add_fields(esp_http_client_handle_t http, const sesp_idf_request_t *request) {
  char range[32] = "";
  if (request->resume_from > 0u) {
    (void)snprintf(range, sizeof(range), "bytes=%lu-", (unsigned long)request->resume_from);
  }
  const struct {
    const char *name;
    const char *value;
  } fields[] = {
      {"Accept", request->accept_manifest ? "application/jose, application/octet-stream" : "application/octet-stream"},
      {"X-Secure-Esp-Project", or_absent(request->project)},
      {"X-Secure-Esp-Chip", or_absent(request->chip)},
      {"X-Secure-Esp-Version", or_absent(request->version)},
      {"X-Secure-Esp-Image", or_absent(request->image_hex)},
      {"If-None-Match", or_absent(request->if_none_match)},
      {"Range", or_absent(range)},
      {"If-Range", request->resume_from > 0u ? or_absent(request->if_range) : NULL},
  };
  for (size_t at = 0; at < sizeof(fields) / sizeof(fields[0]); at++) {
    if (fields[at].value != NULL && esp_http_client_set_header(http, fields[at].name, fields[at].value) != ESP_OK) {
      return ESP_ERR_NO_MEM;
    }
  }
  return ESP_OK;
}

esp_http_client_handle_t sesp_idf_request_open(sesp_idf_transfer_t *transfer) {
  const sesp_idf_credentials_t *const credentials = sesp_idf_credentials();
  if (credentials == NULL) {
    return NULL;
  }
  const esp_http_client_config_t config = {
      .url = transfer->job->request.url,
      .cert_pem = sesp_idf_identity()->server_ca,
      .client_cert_pem = credentials->certificate,
      .client_key_pem = credentials->private_key,
      .user_agent = "secure-esp",
      .method = HTTP_METHOD_GET,
      .timeout_ms = (int)(CONFIG_SECURE_ESP_CONNECT_S * 1000),
      /* open, fetch_headers and read follow no redirects anyway; a 3xx goes to the core, which refuses it. */
      .disable_auto_redirect = true,
      .max_authorization_retries = -1,
      .event_handler = on_http_event,
      .transport_type = HTTP_TRANSPORT_OVER_SSL,
      .buffer_size = 2048,
      .buffer_size_tx = 1024,
      .user_data = transfer,
  };
  esp_http_client_handle_t http = esp_http_client_init(&config);
  if (http != NULL && add_fields(http, &transfer->job->request) != ESP_OK) {
    (void)esp_http_client_cleanup(http);
    http = NULL;
  }
  return http;
}
