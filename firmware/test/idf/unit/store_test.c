/* SPDX-License-Identifier: MIT */
/* The core's keys and values: the contract of kv_get, kv_set and kv_erase in sesp_port.h. */
#include "device.h"
#include "nvs.h"

static void a_value_comes_back_whole(void) {
  uint8_t out[8];
  size_t len = 0;
  CHECK(sesp_idf_store_open() == ESP_OK);
  CHECK(sesp_idf_store_get("absent", out, sizeof(out), &len) == SESP_KV_NOT_FOUND);
  CHECK(sesp_idf_store_set("key", (const uint8_t *)"value", 5) == SESP_OK);
  CHECK(sesp_idf_store_get("key", out, sizeof(out), &len) == SESP_KV_OK && len == 5u);
  CHECK(sesp_idf_store_get("key", out, 4, &len) == SESP_KV_TOO_SMALL);
  CHECK(fake_nvs_committed("nvs", SPACE, "key") != NULL);
  CHECK(sesp_idf_store_erase("key") == SESP_OK);
  CHECK(sesp_idf_store_erase("key") == SESP_OK);
  CHECK(fake_nvs_committed("nvs", SPACE, "key") == NULL);
}

static void failures_are_not_success(void) {
  uint8_t out[8];
  size_t len = 0;
  CHECK(sesp_idf_store_open() == ESP_OK);
  fake_fail("nvs_commit", 1, ESP_FAIL);
  CHECK(sesp_idf_store_set("key", (const uint8_t *)"value", 5) == SESP_ERR_PORT);
  CHECK(fake_nvs_committed("nvs", SPACE, "key") == NULL);
  fake_fail("nvs_set_blob", 1, ESP_ERR_NVS_NOT_ENOUGH_SPACE);
  CHECK(sesp_idf_store_set("key", (const uint8_t *)"value", 5) == SESP_ERR_PORT);
  fake_fail("nvs_get_blob", 1, ESP_FAIL);
  CHECK(sesp_idf_store_get("key", out, sizeof(out), &len) == SESP_KV_FAILED);
  fake_fail("nvs_erase_key", 1, ESP_FAIL);
  CHECK(sesp_idf_store_erase("key") == SESP_ERR_PORT);
  CHECK(!fake_log_contains("value"));
}

static void a_partition_of_another_format_is_erased_once(void) {
  fake_fail("nvs_flash_init", 1, ESP_ERR_NVS_NEW_VERSION_FOUND);
  CHECK(sesp_idf_store_open() == ESP_OK);
  CHECK(fake_calls("nvs_flash_erase_partition") == 1u);
}

static void keys_of_encryption_that_are_gone_do_not_erase(void) {
  fake_fail("nvs_flash_init", 1, ESP_ERR_NVS_CORRUPT_KEY_PART);
  CHECK(sesp_idf_store_open() != ESP_OK);
  CHECK(fake_calls("nvs_flash_erase_partition") == 0u);
}

void store_suite(void) {
  BOOT_TEST(a_value_comes_back_whole);
  BOOT_TEST(failures_are_not_success);
  BOOT_TEST(a_partition_of_another_format_is_erased_once);
  BOOT_TEST(keys_of_encryption_that_are_gone_do_not_erase);
}
