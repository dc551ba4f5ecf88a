/* SPDX-License-Identifier: MIT */
/* Starts what every product has in common, then the application. */
#include "application.h"
#include "esp_err.h"
#include "network.h"
#include "secure_esp.h"

void app_main(void) {
  /* Name a health check of yours here: an update is kept only if it says that all is good. */
  const secure_esp_config_t config = SECURE_ESP_CONFIG_DEFAULT();

  /* Settings (NVS) are open after this, which Wi-Fi needs. */
  ESP_ERROR_CHECK(secure_esp_start(&config));
  network_start();

  application_run();
}
