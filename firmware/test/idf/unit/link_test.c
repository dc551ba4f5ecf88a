/* SPDX-License-Identifier: MIT */
/* The life of the MQTT client: properties, failures told to the core, acknowledgements by token. */
#include "device.h"

#include <string.h>

#include "esp_tls_errors.h"
#include "mbedtls/ssl.h"

static void it_connects_with_its_certificate_and_a_last_will(void) {
  device_provision();
  device_online();
  CHECK(secure_esp_is_online());
  CHECK_TEXT(fake_mqtt_config.credentials.client_id, DEVICE);
  CHECK(fake_mqtt_config.credentials.authentication.certificate != NULL);
  CHECK_TEXT(fake_mqtt_config.credentials.authentication.key, SECRET);
  CHECK(fake_mqtt_config.broker.verification.certificate != NULL);
  CHECK(!fake_mqtt_config.broker.verification.skip_cert_common_name_check);
  CHECK(fake_mqtt_config.session.protocol_ver == MQTT_PROTOCOL_V_5);
  CHECK(!fake_mqtt_config.session.disable_clean_session);
  CHECK(fake_mqtt_connect_properties.session_expiry_interval == 0u);
  CHECK(strstr(fake_mqtt_config.session.last_will.msg, "\"online\":false") != NULL);
  CHECK(fake_mqtt_config.session.last_will.retain == 1);
  CHECK(!fake_log_contains("PRIVATE KEY"));
}

static void subscriptions_ask_for_no_retained_messages(void) {
  device_provision();
  device_online();
  CHECK(fake_subscribed_count > 0u);
  for (unsigned at = 0; at < fake_subscribed_count; at++) {
    CHECK(fake_subscribed[at].qos == 1);
    CHECK(fake_subscribed[at].properties.retain_handle == 2u);
  }
}

static void nothing_connects_before_there_is_an_address(void) {
  const secure_esp_config_t config = SECURE_ESP_CONFIG_DEFAULT();
  device_provision();
  CHECK(secure_esp_start(&config) == ESP_OK);
  fake_run(300000);
  CHECK(fake_connects == 0u);
  CHECK(!fake_sntp_started());
  fake_net_up();
  CHECK(fake_run_until(fake_mqtt_connected, NULL, 60000));
}

static void it_comes_back_after_a_lost_connection(void) {
  device_provision();
  device_online();
  const unsigned before = fake_connects;
  fake_broker_drops();
  fake_run(100);
  CHECK(!secure_esp_is_online());
  CHECK(fake_run_until(fake_mqtt_connected, NULL, 10000));
  fake_run(500);
  CHECK(fake_connects == before + 1u);
  CHECK(strstr(device_last("status"), "\"online\":true") != NULL);
}

static void attempts_become_rarer_and_never_end(void) {
  device_provision();
  fake_broker = FAKE_BROKER_UNREACHABLE;
  const secure_esp_config_t config = SECURE_ESP_CONFIG_DEFAULT();
  CHECK(secure_esp_start(&config) == ESP_OK);
  fake_net_up();
  fake_run(3600u * 1000u);
  CHECK(fake_connects > 30u);
  CHECK(fake_connects < 150u);
  fake_broker = FAKE_BROKER_ACCEPTS;
  CHECK(fake_run_until(fake_mqtt_connected, NULL, 120000));
}

static void an_attempt_without_an_end_is_given_up(void) {
  device_provision();
  fake_broker = FAKE_BROKER_SILENT;
  const secure_esp_config_t config = SECURE_ESP_CONFIG_DEFAULT();
  CHECK(secure_esp_start(&config) == ESP_OK);
  fake_net_up();
  fake_run(200000);
  fake_broker = FAKE_BROKER_ACCEPTS;
  CHECK(fake_run_until(fake_mqtt_connected, NULL, 200000));
}

static void a_client_that_cannot_be_made_is_tried_again(void) {
  device_provision();
  fake_fail("esp_mqtt_client_init", 1, ESP_ERR_NO_MEM);
  fake_fail("esp_mqtt5_client_set_connect_property", 1, ESP_ERR_NO_MEM);
  fake_fail("esp_mqtt_client_start", 1, ESP_FAIL);
  device_online();
  CHECK(fake_calls("esp_mqtt_client_init") == 3u);
}

static void failure_with(fake_broker_t broker, int reason, esp_err_t tls, int code) {
  sesp_connect_failure_t failure = SESP_CONNECT_UNREACHABLE;
  esp_mqtt_error_codes_t error = {.esp_tls_last_esp_err = tls, .esp_tls_stack_err = code};
  esp_mqtt_event_t event = {.event_id = MQTT_EVENT_ERROR, .error_handle = &error};
  error.error_type =
      broker == FAKE_BROKER_REFUSES ? MQTT_ERROR_TYPE_CONNECTION_REFUSED : MQTT_ERROR_TYPE_TCP_TRANSPORT;
  error.connect_return_code = (esp_mqtt_connect_return_code_t)reason;
  sesp_idf_link_reset();
  sesp_idf_link_event(NULL, "", MQTT_EVENT_ERROR, &event);
  event.event_id = MQTT_EVENT_DISCONNECTED;
  sesp_idf_link_event(NULL, "", MQTT_EVENT_DISCONNECTED, &event);
  CHECK(sesp_idf_link_ended(&failure));
  fake_broker_reason = (int)failure;
}

#define FAILURE(broker, reason, tls, code, expected)   \
  do {                                                 \
    failure_with((broker), (reason), (tls), (code));   \
    CHECK(fake_broker_reason == (int)(expected));      \
  } while (false)

static void failures_are_told_apart(void) {
  FAILURE(FAKE_BROKER_REFUSES, MQTT5_NOT_AUTHORIZED, 0, 0, SESP_CONNECT_AUTH);
  FAILURE(FAKE_BROKER_REFUSES, MQTT5_BAD_USERNAME_OR_PWD, 0, 0, SESP_CONNECT_AUTH);
  FAILURE(FAKE_BROKER_REFUSES, MQTT5_BANNED, 0, 0, SESP_CONNECT_AUTH);
  FAILURE(FAKE_BROKER_REFUSES, MQTT5_SERVER_BUSY, 0, 0, SESP_CONNECT_UNREACHABLE);
  FAILURE(FAKE_BROKER_REFUSES, MQTT5_SERVER_UNAVAILABLE, 0, 0, SESP_CONNECT_UNREACHABLE);
  FAILURE(FAKE_BROKER_TLS, 0, ESP_ERR_MBEDTLS_SSL_HANDSHAKE_FAILED, MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE,
          SESP_CONNECT_TLS);
  FAILURE(FAKE_BROKER_TLS, 0, ESP_ERR_MBEDTLS_SSL_HANDSHAKE_FAILED, -MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE,
          SESP_CONNECT_TLS);
  FAILURE(FAKE_BROKER_TLS, 0, ESP_ERR_MBEDTLS_SSL_HANDSHAKE_FAILED, MBEDTLS_ERR_SSL_CONN_EOF, SESP_CONNECT_UNREACHABLE);
  FAILURE(FAKE_BROKER_TLS, 0, ESP_ERR_MBEDTLS_X509_CRT_PARSE_FAILED, 0, SESP_CONNECT_TLS);
  FAILURE(FAKE_BROKER_TLS, 0, ESP_ERR_ESP_TLS_CANNOT_RESOLVE_HOSTNAME, 0, SESP_CONNECT_UNREACHABLE);
  FAILURE(FAKE_BROKER_TLS, 0, ESP_ERR_ESP_TLS_CONNECTION_TIMEOUT, 0, SESP_CONNECT_UNREACHABLE);
}

static void tokens_are_found_by_packet_id_once(void) {
  static const sesp_publish_t message = {.token = 77, .topic = "/t", .topic_len = 2, .qos = 1};
  device_provision();
  fake_broker_acks = false;
  device_online();
  CHECK(sesp_idf_publish(&message) == SESP_OK);
  const int id = fake_published[fake_published_count - 1u].packet_id;
  CHECK(sesp_idf_outbound_token(id) == 77u);
  CHECK(sesp_idf_outbound_token(id) == 0u);
  CHECK(sesp_idf_outbound_token(0) == 0u);
  CHECK(sesp_idf_outbound_token(9999) == 0u);
}

static void a_full_outbox_is_not_accepted(void) {
  static const sesp_publish_t message = {.token = 78, .topic = "/t", .topic_len = 2, .qos = 1};
  device_provision();
  device_online();
  fake_fail("esp_mqtt_client_enqueue", 1, -2);
  CHECK(sesp_idf_publish(&message) == SESP_ERR_PORT);
  CHECK(sesp_idf_publish(&message) == SESP_OK);
  fake_broker_drops();
  fake_run(50);
  CHECK(sesp_idf_publish(&message) == SESP_ERR_PORT);
}

void link_suite(void) {
  BOOT_TEST(it_connects_with_its_certificate_and_a_last_will);
  BOOT_TEST(subscriptions_ask_for_no_retained_messages);
  BOOT_TEST(nothing_connects_before_there_is_an_address);
  BOOT_TEST(it_comes_back_after_a_lost_connection);
  BOOT_TEST(attempts_become_rarer_and_never_end);
  BOOT_TEST(an_attempt_without_an_end_is_given_up);
  BOOT_TEST(a_client_that_cannot_be_made_is_tried_again);
  BOOT_TEST(failures_are_told_apart);
  BOOT_TEST(tokens_are_found_by_packet_id_once);
  BOOT_TEST(a_full_outbox_is_not_accepted);
}
