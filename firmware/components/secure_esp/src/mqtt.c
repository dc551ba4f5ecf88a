/* SPDX-License-Identifier: MIT */
/*
 * The life of the MQTT client, on the core task. Every connection is a client started and stopped: stopping is the one
 * way to empty esp-mqtt's outbox, and an outbox that outlives its connection would send a retained state of before
 * behind the one of now. It is also the one way back after esp-mqtt gave up for lack of memory.
 */
#include <inttypes.h>
#include <string.h>

#include "esp_log.h"
#include "esp_random.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "mqtt_client.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

#define RETRY_MIN_MS (1000u)
#define NETWORK_TIMEOUT_MS ((int)(CONFIG_SECURE_ESP_CONNECT_S * 1000))
/** DNS, TCP, TLS and CONNACK have a timeout each; an attempt without any end after this long is given up. */
#define ATTEMPT_MAX_MS ((uint64_t)CONFIG_SECURE_ESP_CONNECT_S * 6000u)
#define FLUSH_MAX_MS (2000u)

static esp_mqtt_client_handle_t s_client;
static const sesp_idf_credentials_t *s_credentials; /* that the client was made with */
static char s_will_topic[SESP_TOPIC_MAX_BYTES + 1u];
static char s_will_payload[SESP_STATUS_MAX_BYTES + 1u];
static size_t s_will_topic_len;
static size_t s_will_payload_len;
static bool s_running;
static bool s_paused;
static bool s_was_up;        /* in this run of the client */
static unsigned s_told;      /* the generation that was last looked at */
static bool s_core_up;       /* what the core was told */
static bool s_deaf;          /* the application's commands could not be asked for */
static uint64_t s_started_ms;
static uint64_t s_next_ms;
static uint32_t s_retry_ms = RETRY_MIN_MS;

static esp_mqtt_client_handle_t make_client(const sesp_idf_credentials_t *credentials) {
  const sesp_idf_identity_t *const identity = sesp_idf_identity();
  const esp_mqtt_client_config_t config = {
      .broker = {.address = {.uri = identity->broker_url}, .verification = {.certificate = identity->server_ca}},
      .credentials = {.client_id = identity->device_id,
                      .authentication = {.certificate = credentials->certificate, .key = credentials->private_key}},
      .session = {.last_will = {.topic = s_will_topic, .msg = s_will_payload, .msg_len = (int)s_will_payload_len,
                                .qos = 1, .retain = 1},
                  .keepalive = CONFIG_SECURE_ESP_KEEPALIVE_S,
                  .protocol_ver = MQTT_PROTOCOL_V_5},
      /* Reconnecting is done here; the short time is how long stopping an idle client takes. */
      .network = {.reconnect_timeout_ms = 1000, .timeout_ms = NETWORK_TIMEOUT_MS, .disable_auto_reconnect = true},
      .task = {.stack_size = CONFIG_SECURE_ESP_MQTT_STACK},
      .buffer = {.size = 2048, .out_size = 2048},
      .outbox = {.limit = SESP_IDF_OUTBOX_BYTES},
  };
  return esp_mqtt_client_init(&config);
}

/** Creates the client, anew when the certificate was renewed. */
static bool have_client(void) {
  /* Clean Start is esp-mqtt's default; an expiry of 0 ends the session with the connection. */
  const esp_mqtt5_connection_property_config_t properties = {.session_expiry_interval = 0};
  const sesp_idf_credentials_t *const credentials = sesp_idf_credentials();
  if (s_client != NULL && s_credentials == credentials) {
    return true;
  }
  if (s_client != NULL) {
    (void)esp_mqtt_client_destroy(s_client);
  }
  s_credentials = credentials;
  s_client = make_client(credentials);
  sesp_idf_outbound_use(s_client);
  if (s_client == NULL) {
    return false;
  }
  if (esp_mqtt5_client_set_connect_property(s_client, &properties) != ESP_OK ||
      esp_mqtt_client_register_event(s_client, MQTT_EVENT_ANY, sesp_idf_link_event, NULL) != ESP_OK) {
    (void)esp_mqtt_client_destroy(s_client);
    s_client = NULL;
    return false;
  }
  return true;
}

esp_err_t sesp_idf_mqtt_init(void) {
  if (strncmp(sesp_idf_identity()->broker_url, "mqtts://", 8) != 0) {
    ESP_LOGE(SESP_IDF_TAG, "the broker URL must begin with mqtts://");
    return ESP_FAIL;
  }
  /* The client is made with the first connection: a device that enrols has no certificate yet, and memory may be short. */
  return sesp_will(sesp_idf_core(), s_will_topic, sizeof(s_will_topic), &s_will_topic_len, s_will_payload,
                   sizeof(s_will_payload), &s_will_payload_len) == SESP_OK
             ? ESP_OK
             : ESP_FAIL;
}

/** Half of the time to one and a half of it, so that a fleet does not come back at once. */
static uint64_t jittered(uint32_t ms) {
  return ms / 2u + esp_random() % ms;
}

static void schedule_retry(void) {
  s_next_ms = sesp_idf_now_ms() + jittered(s_retry_ms);
  s_retry_ms = s_retry_ms * 2u < CONFIG_SECURE_ESP_RECONNECT_MAX_S * 1000u ? s_retry_ms * 2u
                                                                            : CONFIG_SECURE_ESP_RECONNECT_MAX_S * 1000u;
}

static void stop(void) {
  sesp_idf_watchdog_allow(SESP_IDF_WATCH_CORE, (CONFIG_SECURE_ESP_WATCHDOG_S + CONFIG_SECURE_ESP_CONNECT_S) * 1000u);
  (void)esp_mqtt_client_stop(s_client); /* fails only when its task has ended by itself */
  s_running = false;
  sesp_idf_link_reset();
  sesp_idf_outbound_forget();
  sesp_idf_inbound_drop();
}

static void start(void) {
  sesp_idf_link_reset();
  s_was_up = false;
  s_deaf = false;
  s_started_ms = sesp_idf_now_ms();
  s_running = have_client() && esp_mqtt_client_start(s_client) == ESP_OK;
  if (!s_running) {
    /* Out of memory, or its task of before was stopped before it had begun and runs on. */
    if (s_client != NULL) {
      (void)esp_mqtt_client_stop(s_client);
    }
    ESP_LOGE(SESP_IDF_TAG, "the MQTT client does not start, %" PRIu32 " bytes of heap are free", esp_get_free_heap_size());
    schedule_retry();
  }
}

/** Tells the core of links that came or went since it was last told. */
static void tell(sesp_core_t *core) {
  const unsigned now = sesp_idf_link_generation();
  if (now == s_told) {
    return;
  }
  if (s_core_up) {
    s_core_up = false;
    sesp_on_disconnected(core);
  }
  s_told = now;
  if (now % 2u == 0u) {
    return;
  }
  /* First: once `status` says online, commands are obeyed. */
  if (!sesp_idf_application_subscribe()) {
    ESP_LOGW(SESP_IDF_TAG, "the application's commands cannot be listened to: connecting again");
    s_deaf = true;
    return;
  }
  s_was_up = true;
  s_retry_ms = RETRY_MIN_MS;
  s_core_up = true;
  sesp_on_connected(core);
  sesp_idf_application_online();
}

void sesp_idf_mqtt_step(sesp_core_t *core) {
  sesp_connect_failure_t failure = SESP_CONNECT_UNREACHABLE;
  tell(core);
  if (s_running) {
    const bool overdue = !sesp_idf_link_up() && sesp_idf_now_ms() >= s_started_ms + ATTEMPT_MAX_MS;
    if (!sesp_idf_link_ended(&failure) && !overdue && !s_deaf) {
      return;
    }
    const bool failed = !s_was_up;
    stop();
    tell(core);
    schedule_retry();
    if (failed) {
      sesp_on_connect_failed(core, failure);
    }
  } else if (!s_paused && sesp_idf_network_ready() && sesp_idf_credentials() != NULL && sesp_idf_now_ms() >= s_next_ms) {
    start();
  }
}

void sesp_idf_mqtt_pause(void) {
  s_paused = true;
  if (!s_running) {
    return;
  }
  const uint64_t until = sesp_idf_now_ms() + FLUSH_MAX_MS;
  while (sesp_idf_link_up() && esp_mqtt_client_get_outbox_size(s_client) > 0 && sesp_idf_now_ms() < until) {
    vTaskDelay(pdMS_TO_TICKS(20));
  }
  ESP_LOGW(SESP_IDF_TAG, "short of memory: no connection to the broker during the download");
  stop();
}

void sesp_idf_mqtt_resume(void) {
  if (s_paused) {
    s_paused = false;
    s_next_ms = 0;
  }
}
