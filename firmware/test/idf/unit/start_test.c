/* SPDX-License-Identifier: MIT */
/* Provisioning, and what secure_esp_start() says when something is missing. */
#include "device.h"
#include "nvs.h"

#include <string.h>

static esp_err_t start(void) {
  const secure_esp_config_t config = SECURE_ESP_CONFIG_DEFAULT();
  return secure_esp_start(&config);
}

static void it_starts_once(void) {
  device_provision();
  CHECK(secure_esp_start(NULL) == ESP_ERR_INVALID_ARG);
  CHECK(start() == ESP_OK);
  CHECK(start() == ESP_ERR_INVALID_STATE);
  CHECK(!secure_esp_is_online());
}

static void a_device_that_is_not_provisioned_says_so(void) {
  CHECK(start() == ESP_ERR_NOT_FOUND);
  CHECK(fake_log_contains("provisioning: partition \"secure_esp_prov\""));
}

static const char *s_key;

static void without_the_key(void) {
  device_provision();
  fake_nvs_remove(PROV, SPACE, s_key);
  CHECK(start() == ESP_ERR_NOT_FOUND);
  CHECK(fake_log_contains(s_key));
  CHECK(!fake_log_contains("PRIVATE KEY"));
}

static void with_another_type(void) {
  device_provision();
  fake_nvs_put(PROV, SPACE, s_key, FAKE_NVS_BLOB, SECRET, sizeof(SECRET));
  CHECK(start() != ESP_OK);
  CHECK(fake_log_contains(s_key));
  CHECK(!fake_log_contains("secretsecret"));
}

static void with_a_value_that_is_too_long(void) {
  static uint8_t text[SESP_IDF_PEM_MAX_BYTES / 2u];
  device_provision();
  (void)memset(text, 'x', sizeof(text) - 1u);
  fake_nvs_put(PROV, SPACE, s_key, FAKE_NVS_STR, text, sizeof(text));
  CHECK(start() == ESP_ERR_INVALID_SIZE);
  CHECK(fake_log_contains(s_key));
  CHECK(!fake_log_contains("xxxx"));
}

static void with_a_plain_broker(void) {
  device_provision();
  fake_nvs_put(PROV, SPACE, "broker_url", FAKE_NVS_STR, "mqtt://broker", 14);
  CHECK(start() != ESP_OK);
  CHECK(fake_connects == 0u);
}

static void with_an_unknown_format(void) {
  device_provision();
  fake_nvs_put_number(PROV, SPACE, "format", 1, 2);
  CHECK(start() == ESP_ERR_NOT_SUPPORTED);
}

static void with_a_release_key_that_is_none(void) {
  device_provision();
  fake_nvs_put(PROV, SPACE, "release_key_1", FAKE_NVS_BLOB, "garbage", 7);
  CHECK(start() != ESP_OK);
  CHECK(!fake_log_contains("garbage"));
}

static void keys_of_nvs_that_cannot_be_read(void) {
  device_provision();
  fake_fail("nvs_flash_read_security_cfg_v2", 1, ESP_ERR_NVS_CORRUPT_KEY_PART);
  CHECK(start() != ESP_OK);
  CHECK(fake_log_contains("provisioning"));
}

static const char *s_function;

static void a_part_fails(void) {
  device_provision();
  fake_fail(s_function, 1, ESP_ERR_NO_MEM);
  check_report(start() != ESP_OK, s_function, __FILE__, __LINE__);
}

void start_suite(void) {
  static const char *const mandatory[] = {"format", "device_id", "cert", "key", "server_ca"};
  static const char *const functions[] = {
      "xQueueCreate",          "xTaskCreate",           "nvs_flash_init",   "nvs_open_from_partition",
      "esp_partition_read",    "esp_timer_create",      "esp_event_handler_register",
      "esp_ota_get_next_update_partition",
  };
  BOOT_TEST(it_starts_once);
  BOOT_TEST(a_device_that_is_not_provisioned_says_so);
  for (size_t at = 0; at < sizeof(mandatory) / sizeof(mandatory[0]); at++) {
    s_key = mandatory[at];
    BOOT_TEST(without_the_key);
    if (at > 0u) {
      BOOT_TEST(with_another_type);
    }
  }
  s_key = "device_id";
  BOOT_TEST(with_a_value_that_is_too_long);
  s_key = "ota_url";
  BOOT_TEST(with_a_value_that_is_too_long);
  BOOT_TEST(with_a_plain_broker);
  BOOT_TEST(with_an_unknown_format);
  BOOT_TEST(with_a_release_key_that_is_none);
  BOOT_TEST(keys_of_nvs_that_cannot_be_read);
  for (size_t at = 0; at < sizeof(functions) / sizeof(functions[0]); at++) {
    s_function = functions[at];
    BOOT_TEST(a_part_fails);
  }
}
