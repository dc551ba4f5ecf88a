/* SPDX-License-Identifier: MIT */
#ifndef STUB_MQTT5_CLIENT_H
#define STUB_MQTT5_CLIENT_H

#include "esp_err.h"

typedef struct esp_mqtt_client *esp_mqtt5_client_handle_t;
typedef struct mqtt5_user_property_list_t *mqtt5_user_property_handle_t;

typedef enum {
  MQTT5_UNSPECIFIED_ERROR = 0x80,
  MQTT5_PROTOCOL_ERROR = 0x82,
  MQTT5_INVALID_CLIENT_ID = 0x85,
  MQTT5_BAD_USERNAME_OR_PWD = 0x86,
  MQTT5_NOT_AUTHORIZED = 0x87,
  MQTT5_SERVER_UNAVAILABLE = 0x88,
  MQTT5_SERVER_BUSY = 0x89,
  MQTT5_BANNED = 0x8A,
  MQTT5_SERVER_SHUTTING_DOWN = 0x8B,
  MQTT5_BAD_AUTH_METHOD = 0x8C,
  MQTT5_SESSION_TAKEN_OVER = 0x8E,
  MQTT5_QUOTA_EXCEEDED = 0x97,
  MQTT5_ADMINISTRATIVE_ACTION = 0x98,
  MQTT5_USE_ANOTHER_SERVER = 0x9C,
  MQTT5_SERVER_MOVED = 0x9D,
  MQTT5_CONNECTION_RATE_EXCEEDED = 0x9F,
} esp_mqtt5_error_reason_code_t;

typedef struct {
  uint32_t session_expiry_interval;
  uint32_t maximum_packet_size;
  uint16_t receive_maximum;
  uint16_t topic_alias_maximum;
  bool request_resp_info;
  bool request_problem_info;
  mqtt5_user_property_handle_t user_property;
  uint32_t will_delay_interval;
  uint32_t message_expiry_interval;
  bool payload_format_indicator;
  const char *content_type;
  const char *response_topic;
  const char *correlation_data;
  uint16_t correlation_data_len;
  mqtt5_user_property_handle_t will_user_property;
} esp_mqtt5_connection_property_config_t;

typedef struct {
  bool payload_format_indicator;
  uint32_t message_expiry_interval;
  uint16_t topic_alias;
  const char *response_topic;
  const char *correlation_data;
  uint16_t correlation_data_len;
  const char *content_type;
  mqtt5_user_property_handle_t user_property;
} esp_mqtt5_publish_property_config_t;

typedef struct {
  uint16_t subscribe_id;
  bool no_local_flag;
  bool retain_as_published_flag;
  uint8_t retain_handle;
  bool is_share_subscribe;
  const char *share_name;
  mqtt5_user_property_handle_t user_property;
} esp_mqtt5_subscribe_property_config_t;

typedef struct {
  uint32_t session_expiry_interval;
  uint8_t disconnect_reason;
  mqtt5_user_property_handle_t user_property;
} esp_mqtt5_disconnect_property_config_t;

typedef struct {
  bool payload_format_indicator;
  char *response_topic;
  int response_topic_len;
  char *correlation_data;
  uint16_t correlation_data_len;
  char *content_type;
  int content_type_len;
  uint16_t subscribe_id;
  mqtt5_user_property_handle_t user_property;
} esp_mqtt5_event_property_t;

esp_err_t esp_mqtt5_client_set_connect_property(esp_mqtt5_client_handle_t client,
                                                const esp_mqtt5_connection_property_config_t *connect_property);
esp_err_t esp_mqtt5_client_set_publish_property(esp_mqtt5_client_handle_t client,
                                                const esp_mqtt5_publish_property_config_t *property);
esp_err_t esp_mqtt5_client_set_subscribe_property(esp_mqtt5_client_handle_t client,
                                                  const esp_mqtt5_subscribe_property_config_t *property);
esp_err_t esp_mqtt5_client_set_disconnect_property(esp_mqtt5_client_handle_t client,
                                                   const esp_mqtt5_disconnect_property_config_t *property);
void esp_mqtt5_client_delete_user_property(mqtt5_user_property_handle_t user_property);

#endif
