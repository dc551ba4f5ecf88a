/* SPDX-License-Identifier: MIT */
#include "fake_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fake_internal.h"

struct esp_http_client {
  esp_http_client_config_t config;
  fake_request_t request;
  fake_answer_t answer;
  bool open;
  size_t at;
  int timeout_ms;
  esp_err_t tls_error;
  int tls_code;
};

fake_answer_t (*fake_server)(const fake_request_t *request);
fake_request_t fake_last_request;
unsigned fake_requests;
size_t fake_http_bytes;
void (*fake_http_before_read)(size_t at);
int fake_http_clients;

const char *fake_field(const fake_request_t *request, const char *name) {
  for (unsigned at = 0; at < request->count; at++) {
    if (strcasecmp(request->fields[at].name, name) == 0) {
      return request->fields[at].value;
    }
  }
  return NULL;
}

esp_http_client_handle_t esp_http_client_init(const esp_http_client_config_t *config) {
  if (fake_due(__func__) != ESP_OK) {
    return NULL;
  }
  struct esp_http_client *client = calloc(1, sizeof(*client));
  client->config = *config;
  client->timeout_ms = config->timeout_ms;
  (void)snprintf(client->request.url, sizeof(client->request.url), "%s", config->url);
  client->request.has_certificate = config->client_cert_pem != NULL && config->client_key_pem != NULL;
  fake_http_clients++;
  return client;
}

esp_err_t esp_http_client_set_header(esp_http_client_handle_t client, const char *key, const char *value) {
  FAKE_FAULT();
  if (value == NULL || client->request.count == FAKE_HTTP_FIELDS) {
    return ESP_FAIL;
  }
  fake_field_t *field = &client->request.fields[client->request.count++];
  (void)snprintf(field->name, sizeof(field->name), "%s", key);
  (void)snprintf(field->value, sizeof(field->value), "%s", value);
  return ESP_OK;
}

esp_err_t esp_http_client_set_timeout_ms(esp_http_client_handle_t client, int timeout_ms) {
  client->timeout_ms = timeout_ms;
  return ESP_OK;
}

esp_err_t esp_http_client_open(esp_http_client_handle_t client, int write_len) {
  FAKE_FAULT();
  (void)write_len;
  fake_requests++;
  fake_last_request = client->request;
  if (fake_server == NULL) {
    (void)fake_block(NULL, NULL, (uint64_t)client->timeout_ms * 1000u);
    return ESP_ERR_HTTP_CONNECT;
  }
  client->answer = fake_server(&client->request);
  (void)fake_block(NULL, NULL, 100000u);
  client->tls_error = client->answer.tls_error;
  client->tls_code = client->answer.tls_code;
  client->open = client->answer.open_error == ESP_OK;
  return client->answer.open_error;
}

static void tell(struct esp_http_client *client, const char *name, const char *value) {
  /* The event owns its texts; esp_http_client frees them after it. */
  char *key = strdup(name);
  char *text = strdup(value);
  esp_http_client_event_t event = {.event_id = HTTP_EVENT_ON_HEADER, .client = client,
                                   .user_data = client->config.user_data, .header_key = key, .header_value = text};
  if (client->config.event_handler != NULL) {
    (void)client->config.event_handler(&event);
  }
  free(key);
  free(text);
}

int64_t esp_http_client_fetch_headers(esp_http_client_handle_t client) {
  const esp_err_t fault = fake_due(__func__);
  if (fault != ESP_OK || !client->open) {
    return ESP_FAIL;
  }
  if (client->answer.no_answer) {
    (void)fake_block(NULL, NULL, (uint64_t)client->timeout_ms * 1000u);
    return -ESP_ERR_HTTP_EAGAIN;
  }
  for (unsigned at = 0; at < 6u && client->answer.fields[at].name[0] != '\0'; at++) {
    tell(client, client->answer.fields[at].name, client->answer.fields[at].value);
  }
  if (!client->answer.no_length) {
    char length[24];
    (void)snprintf(length, sizeof(length), "%zu", client->answer.len);
    tell(client, "Content-Length", length);
  }
  return client->answer.no_length ? 0 : (int64_t)client->answer.len;
}

int esp_http_client_get_status_code(esp_http_client_handle_t client) {
  return client->answer.status == 0 ? 200 : client->answer.status;
}

/* A length of 0 and an unknown one look the same to esp_http_client. */
bool esp_http_client_is_chunked_response(esp_http_client_handle_t client) {
  return client->answer.no_length || client->answer.len == 0u;
}

int64_t esp_http_client_get_content_length(esp_http_client_handle_t client) {
  return client->answer.no_length ? -1 : (int64_t)client->answer.len;
}

bool esp_http_client_is_complete_data_received(esp_http_client_handle_t client) {
  return client->at == client->answer.len;
}

static bool is_place(size_t place) { return place != 0u && place != FAKE_NOWHERE; }

int esp_http_client_read(esp_http_client_handle_t client, char *buffer, int len) {
  const esp_err_t fault = fake_due(__func__);
  const fake_answer_t *answer = &client->answer;
  if (fault != ESP_OK) {
    return fault;
  }
  if (fake_http_before_read != NULL) {
    fake_http_before_read(client->at);
  }
  size_t end = answer->len;
  bool stalls = false;
  if (is_place(answer->cut_at) && answer->cut_at < end) {
    end = answer->cut_at;
  }
  if (is_place(answer->stall_at) && answer->stall_at < end) {
    end = answer->stall_at;
    stalls = true;
  }
  const size_t left = end - client->at;
  const size_t piece = left < (size_t)len ? left : (size_t)len;
  if (piece == 0u && stalls) {
    (void)fake_block(NULL, NULL, (uint64_t)client->timeout_ms * 1000u);
    return -ESP_ERR_HTTP_EAGAIN;
  }
  if (piece == 0u) {
    return client->at == answer->len || answer->no_length ? 0 : ESP_FAIL;
  }
  const uint32_t us_per_kib = answer->us_per_kib > 0u ? answer->us_per_kib : 500u;
  (void)fake_block(NULL, NULL, 1u + ((uint64_t)piece * us_per_kib / 1024u));
  (void)memcpy(buffer, &answer->body[client->at], piece);
  client->at += piece;
  fake_http_bytes += piece;
  return (int)piece;
}

esp_err_t esp_http_client_get_and_clear_last_tls_error(esp_http_client_handle_t client, int *esp_tls_error_code,
                                                       int *esp_tls_flags) {
  const esp_err_t error = client->tls_error;
  *esp_tls_error_code = client->tls_code;
  *esp_tls_flags = 0;
  client->tls_error = ESP_OK;
  return error;
}

esp_err_t esp_http_client_close(esp_http_client_handle_t client) {
  client->open = false;
  return ESP_OK;
}

esp_err_t esp_http_client_cleanup(esp_http_client_handle_t client) {
  fake_http_clients--;
  free(client);
  return ESP_OK;
}

/* Used by enrolment, which has tests of its own. */
esp_err_t esp_http_client_set_post_field(esp_http_client_handle_t client, const char *data, int len) {
  (void)client;
  (void)data;
  (void)len;
  return ESP_FAIL;
}

esp_err_t esp_http_client_perform(esp_http_client_handle_t client) {
  (void)client;
  return ESP_FAIL;
}
