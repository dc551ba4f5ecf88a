/*
 * The thermostat on the chip. secure_esp carries the commands and the climate over its connection, beside updates, settings and
 * logs; the room is kept warm with a network or without.
 */
#include <stdatomic.h>
#include <string.h>

#include "board.h"
#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "network.h"
#include "secure_esp.h"
#include "thermostat_commands.h"

#define STEP_MS (1000u)

/* The contract, as the generated headers describe it. */
SECURE_ESP_CONTRACT(thermostat, THERMOSTAT);

static thermostat_control_t control;
/* The control belongs to the loop and to the callback, which run on two tasks. Held for as long as it takes to decide. */
static SemaphoreHandle_t lock;
static TaskHandle_t loop;
/* A new connection has heard no climate yet. */
static atomic_bool announce;

static void on_command(void *user, const secure_esp_command_t *command)
{
    char text[THERMOSTAT_REPLIES_MAX_BYTES];
    size_t len = 0;
    thermostat_replies_t reply;

    (void)user;
    (void)xSemaphoreTake(lock, portMAX_DELAY);
    thermostat_commands_handle(&control, (thermostat_topic_t)command->topic, command->payload, command->payload_len,
                               &reply);
    (void)xSemaphoreGive(lock);
    if (thermostat_replies_encode(&reply, text, sizeof text, &len) == THERMOSTAT_CODEC_OK) {
        (void)secure_esp_reply(command, text, len);
    }
    (void)xTaskNotifyGive(loop); /* what changed is published at once */
}

static void on_online(void *user)
{
    (void)user;
    atomic_store(&announce, true);
    (void)xTaskNotifyGive(loop);
}

static thermostat_codec_t step(char *climate, size_t climate_cap, size_t *climate_len)
{
    const thermostat_reading_t reading = board_read();

    (void)xSemaphoreTake(lock, portMAX_DELAY);
    const thermostat_action_t action = thermostat_control_step(&control, reading);
    const thermostat_codec_t verdict = thermostat_commands_climate(&control, reading, climate, climate_cap, climate_len);
    (void)xSemaphoreGive(lock);
    board_switch(action);
    return verdict;
}

/* When it is another one, and once for each connection. */
static void publish(const char *climate, size_t climate_len)
{
    static char published[THERMOSTAT_APP_CLIMATE_MAX_BYTES];
    static size_t published_len;

    if (!atomic_exchange(&announce, false) && climate_len == published_len &&
        memcmp(climate, published, climate_len) == 0) {
        return;
    }
    if (SECURE_ESP_PUBLISH(THERMOSTAT_TOPIC_APP_CLIMATE, climate, climate_len) == ESP_OK) {
        memcpy(published, climate, climate_len);
        published_len = climate_len;
    } else {
        published_len = 0; /* tried again with the next step */
    }
}

void app_main(void)
{
    const secure_esp_config_t config = {
        .contract = &thermostat_contract,
        .on_command = on_command,
        .on_online = on_online,
    };

    thermostat_control_init(&control);
    loop = xTaskGetCurrentTaskHandle();
    lock = xSemaphoreCreateMutex();
    ESP_ERROR_CHECK(lock == NULL ? ESP_ERR_NO_MEM : ESP_OK);
    ESP_ERROR_CHECK(secure_esp_start(&config));
    network_start();

    for (;;) {
        char climate[THERMOSTAT_APP_CLIMATE_MAX_BYTES];
        size_t climate_len = 0;

        if (step(climate, sizeof climate, &climate_len) == THERMOSTAT_CODEC_OK) {
            publish(climate, climate_len);
        }
        (void)ulTaskNotifyTake(pdTRUE, pdMS_TO_TICKS(STEP_MS));
    }
}
