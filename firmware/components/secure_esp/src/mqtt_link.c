/* SPDX-License-Identifier: MIT */
/*
 * What esp-mqtt's task reports. It holds the client's lock meanwhile, and the core task may wait for that lock: so
 * nothing here waits. Links are counted, not queued: the core task compares, and misses none when the queue is full.
 */
#include <stdatomic.h>

#include "esp_log.h"
#include "mqtt_client.h"
#include "sesp_idf.h"

static atomic_uint s_generation;
static atomic_bool s_ended;
static atomic_int s_failure;

unsigned sesp_idf_link_generation(void) {
  return atomic_load(&s_generation);
}

bool sesp_idf_link_up(void) {
  return atomic_load(&s_generation) % 2u == 1u;
}

bool sesp_idf_link_ended(sesp_connect_failure_t *failure) {
  *failure = (sesp_connect_failure_t)atomic_load(&s_failure);
  return atomic_load(&s_ended);
}

static void set_up(bool up) {
  if (sesp_idf_link_up() != up) {
    (void)atomic_fetch_add(&s_generation, 1u);
  }
}

void sesp_idf_link_reset(void) {
  set_up(false);
  atomic_store(&s_ended, false);
  atomic_store(&s_failure, (int)SESP_CONNECT_UNREACHABLE);
}

/** What CONNACK said (MQTT 5, 3.2.2.2). A busy broker says nothing about our credentials. */
static sesp_connect_failure_t refusal(int reason) {
  switch (reason) {
    case MQTT5_SERVER_UNAVAILABLE:
    case MQTT5_SERVER_BUSY:
    case MQTT5_SERVER_SHUTTING_DOWN:
    case MQTT5_QUOTA_EXCEEDED:
    case MQTT5_USE_ANOTHER_SERVER:
    case MQTT5_SERVER_MOVED:
    case MQTT5_CONNECTION_RATE_EXCEEDED:
      return SESP_CONNECT_UNREACHABLE;
    default:
      return SESP_CONNECT_AUTH;
  }
}

static void on_error(const esp_mqtt_error_codes_t *error) {
  switch (error->error_type) {
    case MQTT_ERROR_TYPE_CONNECTION_REFUSED:
      ESP_LOGW(SESP_IDF_TAG, "the broker refuses the connection, reason 0x%02x",
               (unsigned)error->connect_return_code);
      atomic_store(&s_failure, (int)refusal((int)error->connect_return_code));
      break;
    case MQTT_ERROR_TYPE_TCP_TRANSPORT:
      atomic_store(&s_failure, (int)sesp_idf_tls_failure(error->esp_tls_last_esp_err, error->esp_tls_stack_err,
                                                         error->esp_tls_cert_verify_flags));
      break;
    case MQTT_ERROR_TYPE_SUBSCRIBE_FAILED:
    case MQTT_ERROR_TYPE_NONE:
    default:
      break;
  }
}

static void on_acknowledged(const esp_mqtt_event_t *event) {
  const sesp_idf_event_t post = {.kind = SESP_IDF_EVENT_PUBLISHED, .number = (uint32_t)event->msg_id};
  if (sesp_idf_ack_good(event)) {
    /* The last places of the queue are kept for these: a lost one delays a restart or a confirmation. */
    (void)sesp_idf_post(&post, 0);
  } else {
    ESP_LOGW(SESP_IDF_TAG, "the broker did not take a message: look at its access rules");
  }
}

void sesp_idf_link_event(void *arg, const char *base, int32_t id, void *data) {
  const esp_mqtt_event_t *const event = data;
  (void)arg;
  (void)base;
  switch ((esp_mqtt_event_id_t)id) {
    case MQTT_EVENT_CONNECTED:
      set_up(true);
      break;
    case MQTT_EVENT_DISCONNECTED:
      set_up(false);
      sesp_idf_inbound_drop();
      atomic_store(&s_ended, true);
      break;
    case MQTT_EVENT_ERROR:
      on_error(event->error_handle);
      return;
    case MQTT_EVENT_DATA:
      sesp_idf_inbound_piece(event);
      return;
    case MQTT_EVENT_PUBLISHED:
      on_acknowledged(event);
      return;
    case MQTT_EVENT_SUBSCRIBED:
      if (event->error_handle->error_type == MQTT_ERROR_TYPE_SUBSCRIBE_FAILED) {
        ESP_LOGW(SESP_IDF_TAG, "the broker refuses a subscription: look at its access rules");
      }
      return;
    default:
      return;
  }
  const sesp_idf_event_t wake = {.kind = SESP_IDF_EVENT_WAKE};
  (void)sesp_idf_post(&wake, 8);
}
