/* SPDX-License-Identifier: MIT */
/* The configuration of the unit tests: an ESP32-C3 with encrypted NVS and signed apps. */
#ifndef STUB_SDKCONFIG_H
#define STUB_SDKCONFIG_H

#define CONFIG_IDF_TARGET "esp32c3"
#define CONFIG_IDF_FIRMWARE_CHIP_ID 0x0005
#define CONFIG_FREERTOS_HZ 100
#define CONFIG_LWIP_SNTP_MAX_SERVERS 1
#define CONFIG_MQTT_PROTOCOL_5 1
#define CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE 1
#define CONFIG_ESP_HTTP_CLIENT_ENABLE_HTTPS 1
#define CONFIG_MBEDTLS_HAVE_TIME_DATE 1
#define CONFIG_SECURE_SIGNED_ON_UPDATE 1
#define CONFIG_NVS_ENCRYPTION 1

/* CONFIG_SECURE_ESP_*: made from the Kconfig files of the components by run-unit.mjs. */
#include "secure_esp_options.h"

#endif
