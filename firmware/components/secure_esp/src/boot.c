/* SPDX-License-Identifier: MIT */
/* Slots and the bootloader's opinion. The core says when; nothing here restarts. */
#include "esp_log.h"
#include "esp_ota_ops.h"
#include "esp_system.h"
#include "sesp_idf.h"

bool sesp_idf_boot_pending(void) {
  esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
  return esp_ota_get_state_partition(esp_ota_get_running_partition(), &state) == ESP_OK &&
         state == ESP_OTA_IMG_PENDING_VERIFY;
}

sesp_status_reset_reason_t sesp_idf_reset_reason(void) {
  switch (esp_reset_reason()) {
    case ESP_RST_POWERON:
      return SESP_STATUS_RESET_REASON_POWER_ON;
    case ESP_RST_EXT:
    case ESP_RST_SDIO:
    case ESP_RST_USB:
    case ESP_RST_JTAG:
      return SESP_STATUS_RESET_REASON_EXTERNAL;
    case ESP_RST_SW:
      return SESP_STATUS_RESET_REASON_SOFTWARE;
    case ESP_RST_PANIC:
    case ESP_RST_CPU_LOCKUP:
      return SESP_STATUS_RESET_REASON_PANIC;
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
      return SESP_STATUS_RESET_REASON_WATCHDOG;
    case ESP_RST_DEEPSLEEP:
      return SESP_STATUS_RESET_REASON_DEEP_SLEEP;
    case ESP_RST_BROWNOUT:
    case ESP_RST_PWR_GLITCH:
      return SESP_STATUS_RESET_REASON_BROWNOUT;
    case ESP_RST_UNKNOWN:
    case ESP_RST_EFUSE:
    default:
      return SESP_STATUS_RESET_REASON_UNKNOWN;
  }
}

static sesp_result_t result_of(esp_err_t error, const char *what) {
  if (error == ESP_OK) {
    return SESP_OK;
  }
  ESP_LOGE(SESP_IDF_TAG, "%s failed: %s", what, esp_err_to_name(error));
  return SESP_ERR_PORT;
}

/* ESP-IDF verifies the image once more and writes the otadata sector that is not in use: torn, the old one still counts. */
sesp_result_t sesp_idf_boot_set(void) {
  return result_of(esp_ota_set_boot_partition(sesp_idf_slot()), "switching slots");
}

sesp_result_t sesp_idf_boot_confirm(void) {
  return result_of(esp_ota_mark_app_valid_cancel_rollback(), "confirming the image");
}

/* The one without reboot: the core says goodbye first. It refuses when there is no other image that would boot. */
sesp_result_t sesp_idf_boot_rollback(void) {
  return result_of(esp_ota_mark_app_invalid_rollback(), "rolling back");
}
