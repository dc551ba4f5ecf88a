/* SPDX-License-Identifier: MIT */
/* The example application: an LED goes on and off. Replace this file with yours. */
#include "application.h"
#include "blink_pin.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

_Noreturn void application_run(void) {
  gpio_reset_pin(BLINK_PIN);
  gpio_set_direction(BLINK_PIN, GPIO_MODE_OUTPUT);

  for (uint32_t level = 0u;; level ^= 1u) {
    gpio_set_level(BLINK_PIN, level);
    vTaskDelay(pdMS_TO_TICKS(CONFIG_BLINK_PERIOD_MS));
  }
}
