/* SPDX-License-Identifier: MIT */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_internal.h"

secure_esp_config_t device_config = SECURE_ESP_CONFIG_DEFAULT();
uint8_t server_image[FAKE_IMAGE_MAX_BYTES];
size_t server_len;
char server_etag[68];
fake_answer_t server_twist;
bool server_twist_once;

static void text(const char *key, const char *value) {
  fake_nvs_put(PROV, SPACE, key, FAKE_NVS_STR, value, strlen(value) + 1u);
}

void device_provision(void) {
  fake_nvs_put_number(PROV, SPACE, "format", 1, 1);
  text("device_id", DEVICE);
  text("broker_url", "mqtts://broker.example:8884");
  text("ota_url", "https://ota.example/firmware");
  text("cert", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
  text("key", SECRET);
  text("server_ca", "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n");
}

void device_online(void) {
  CHECK(secure_esp_start(&device_config) == ESP_OK);
  fake_run(100);
  fake_net_up();
  CHECK(fake_run_until(fake_mqtt_connected, NULL, 60000));
  fake_run(1000);
}

const char *device_last(const char *leaf) {
  static char out[1025];
  char topic[160];
  (void)snprintf(topic, sizeof(topic), SESP_TOPIC_ROOT "/devices/" DEVICE "/%s", leaf);
  const fake_published_t *message = fake_last_on(topic);
  (void)snprintf(out, sizeof(out), "%.*s", message == NULL ? 0 : (int)message->len,
                 message == NULL ? "" : (const char *)message->payload);
  return out;
}

static bool state_has(void *arg) { return strstr(device_last("update/state"), arg) != NULL; }

bool device_state_has(const char *wanted, uint32_t ms) {
  char *copy = strdup(wanted);
  const bool came = fake_run_until(state_has, copy, ms);
  free(copy);
  if (!came) {
    (void)fprintf(stderr, "update/state is %s\n", device_last("update/state"));
  }
  return came;
}

void device_run(void) {
  fake_broker_sends(&(fake_message_t){.topic = SESP_TOPIC_ROOT "/devices/" DEVICE "/update/run"});
}

static void to_hex(const uint8_t *bytes, char *out) {
  for (unsigned at = 0; at < 32u; at++) {
    (void)snprintf(&out[at * 2u], 3, "%02x", bytes[at]);
  }
}

void server_offer(const fake_image_spec_t *spec) {
  uint8_t hash[32];
  server_len = fake_image(spec, server_image);
  fake_sha256(server_image, server_len, hash);
  server_etag[0] = '"';
  to_hex(hash, &server_etag[1]);
  server_etag[65] = '"';
  server_etag[66] = '\0';
  fake_server = server_answers;
}

void server_field(fake_answer_t *answer, const char *name, const char *value) {
  unsigned at = 0;
  while (answer->fields[at].name[0] != '\0') {
    at++;
  }
  (void)snprintf(answer->fields[at].name, sizeof(answer->fields[at].name), "%s", name);
  (void)snprintf(answer->fields[at].value, sizeof(answer->fields[at].value), "%s", value);
}

fake_answer_t server_answers(const fake_request_t *request) {
  fake_answer_t answer = server_twist;
  const char *known = fake_field(request, "If-None-Match");
  const char *range = fake_field(request, "Range");
  const char *if_range = fake_field(request, "If-Range");
  if (server_twist_once) {
    (void)memset(&server_twist, 0, sizeof(server_twist));
  }
  server_field(&answer, "ETag", server_etag);
  if (known != NULL && strcmp(known, server_etag) == 0) {
    answer.status = 304;
    return answer;
  }
  server_field(&answer, "Content-Type", "application/octet-stream");
  answer.body = server_image;
  answer.len = server_len;
  if (range != NULL && if_range != NULL && strcmp(if_range, server_etag) == 0) {
    const size_t from = strtoul(&range[6], NULL, 10);
    char text_of[64];
    (void)snprintf(text_of, sizeof(text_of), "bytes %zu-%zu/%zu", from, server_len - 1u, server_len);
    server_field(&answer, "Content-Range", text_of);
    answer.status = 206;
    answer.body = &server_image[from];
    answer.len = server_len - from;
  }
  return answer;
}
