#include "network.h"

#include "esp_err.h"
#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "protocol_examples_common.h"
#include "sdkconfig.h"

#if CONFIG_EXAMPLE_CONNECT_WIFI
#include "esp_wifi.h"
_Static_assert(CONFIG_EXAMPLE_WIFI_CONN_MAX_RETRY < 0, "Wi-Fi would stay off after so many attempts: must be -1");
#endif

#define STACK_BYTES (4096u)

static void network_task(void *unused)
{
    (void)unused;
    const esp_err_t error = example_connect();
    if (error != ESP_OK) {
        ESP_LOGE("network", "cannot be set up: %s", esp_err_to_name(error));
    }
#if CONFIG_EXAMPLE_CONNECT_WIFI
    /* Downloads stall less without power saving. */
    (void)esp_wifi_set_ps(WIFI_PS_NONE);
#endif
    vTaskDelete(NULL);
}

void network_start(void)
{
    ESP_ERROR_CHECK(esp_netif_init());
    const esp_err_t loop = esp_event_loop_create_default();
    ESP_ERROR_CHECK(loop == ESP_ERR_INVALID_STATE ? ESP_OK : loop); /* there is one already */
    const BaseType_t created = xTaskCreate(network_task, "network", STACK_BYTES, NULL, tskIDLE_PRIORITY + 1, NULL);
    ESP_ERROR_CHECK(created == pdPASS ? ESP_OK : ESP_ERR_NO_MEM);
}
