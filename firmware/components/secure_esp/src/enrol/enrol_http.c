/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "enrol_port.h"
#include "esp_http_client.h"

#define REQUEST_TIMEOUT_MS (30000)
/* the field Authorization takes up to 285 bytes, the address up to 320 */
#define SEND_BUFFER_BYTES (1024)

typedef struct {
  char *body;
  size_t capacity;
  sesp_enrol_answer_t *answer;
} receiver_t;

static void receive(const receiver_t *receiver, const void *data, size_t len) {
  sesp_enrol_answer_t *answer = receiver->answer;
  if (len > receiver->capacity - answer->len) {
    answer->is_cut = true;
    return;
  }
  memcpy(receiver->body + answer->len, data, len);
  answer->len += len;
}

static esp_err_t on_http_event(esp_http_client_event_t *event) {
  const receiver_t *receiver = event->user_data;
  if (event->event_id == HTTP_EVENT_ON_HEADER && event->header_key != NULL && event->header_value != NULL) {
    if (strcasecmp(event->header_key, "Retry-After") == 0) {
      receiver->answer->retry_after_s = sesp_enrol_retry_after(event->header_value);
    } else if (strcasecmp(event->header_key, "Content-Type") == 0) {
      receiver->answer->is_pkcs7 = sesp_enrol_is_pkcs7(event->header_value);
    }
  } else if (event->event_id == HTTP_EVENT_ON_DATA && event->data_len > 0) {
    receive(receiver, event->data, (size_t)event->data_len);
  }
  return ESP_OK;
}

static bool prepare(esp_http_client_handle_t client, const sesp_enrol_request_t *request) {
  return esp_http_client_set_header(client, "Content-Type", "application/pkcs10") == ESP_OK &&
         esp_http_client_set_header(client, "Accept", "application/pkcs7-mime") == ESP_OK &&
         (request->authorization == NULL ||
          esp_http_client_set_header(client, "Authorization", request->authorization) == ESP_OK) &&
         esp_http_client_set_post_field(client, request->body, (int)request->body_len) == ESP_OK;
}

void sesp_enrol_http_post(const char *ca, const sesp_enrol_request_t *request, char *body, size_t capacity,
                          sesp_enrol_answer_t *answer) {
  receiver_t receiver = {.body = body, .capacity = capacity, .answer = answer};
  const esp_http_client_config_t config = {
      .url = request->url,
      .method = HTTP_METHOD_POST,
      .cert_pem = ca,
      .client_cert_pem = request->client_certificate,
      .client_key_pem = request->client_key,
      .event_handler = on_http_event,
      .user_data = &receiver,
      .timeout_ms = REQUEST_TIMEOUT_MS,
      .buffer_size_tx = SEND_BUFFER_BYTES,
      .disable_auto_redirect = true, /* a redirect would carry the claim elsewhere */
      .max_authorization_retries = -1,
  };
  const esp_http_client_handle_t client = esp_http_client_init(&config);
  if (client == NULL) {
    return;
  }
  if (prepare(client, request)) {
    /* of a 401 it says that it failed: the status counts */
    const esp_err_t err = esp_http_client_perform(client);
    const int status = esp_http_client_get_status_code(client);
    answer->status = status > 0 ? (uint32_t)status : 0u;
    if (err != ESP_OK || !esp_http_client_is_complete_data_received(client)) {
      answer->is_cut = true;
    }
  }
  (void)esp_http_client_cleanup(client);
}
