/* SPDX-License-Identifier: MIT */
/* Refuses, when it is compiled, a pin that would stop the chip: those that its flash is connected to. */
#ifndef BLINK_PIN_H
#define BLINK_PIN_H

#include "driver/gpio.h"
#include "sdkconfig.h"

#define BLINK_PIN ((gpio_num_t)CONFIG_BLINK_GPIO)

/* MSPI_IOMUX_PIN_NUM_* in ESP-IDF's soc/spi_pins.h; on the C3 also the pin that powers the flash. */
#if CONFIG_IDF_TARGET_ESP32
#define BLINK_FLASH_PIN_FIRST 6
#define BLINK_FLASH_PIN_LAST 11
#elif CONFIG_IDF_TARGET_ESP32S3
#define BLINK_FLASH_PIN_FIRST 26
#define BLINK_FLASH_PIN_LAST 32
#elif CONFIG_IDF_TARGET_ESP32C3
#define BLINK_FLASH_PIN_FIRST 11
#define BLINK_FLASH_PIN_LAST 17
#elif CONFIG_IDF_TARGET_ESP32C6
#define BLINK_FLASH_PIN_FIRST 24
#define BLINK_FLASH_PIN_LAST 30
#else
#error "Name the flash pins of this chip."
#endif

_Static_assert(CONFIG_BLINK_GPIO < BLINK_FLASH_PIN_FIRST || CONFIG_BLINK_GPIO > BLINK_FLASH_PIN_LAST,
               "CONFIG_BLINK_GPIO is a pin of the flash chip: choose another one in menuconfig, Example application");
_Static_assert(GPIO_IS_VALID_OUTPUT_GPIO(CONFIG_BLINK_GPIO),
               "CONFIG_BLINK_GPIO is no pin that can be an output: choose another one in menuconfig, Example application");

#endif
