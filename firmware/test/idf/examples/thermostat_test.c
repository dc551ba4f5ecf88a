/* SPDX-License-Identifier: MIT */
/* The thermostat of examples/, its own app_main() on the component, as its operator sees it. */
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "network.h"

#define SETPOINT SESP_TOPIC_ROOT "/devices/" DEVICE "/app/setpoint"
#define MODE_ALL SESP_TOPIC_ROOT "/app/mode"
#define CLIMATE SESP_TOPIC_ROOT "/devices/" DEVICE "/app/climate"

void app_main(void);

/* The network is there once the application asks for it. */
void network_start(void) { fake_net_up(); }

static void main_task(void *unused) {
  (void)unused;
  app_main();
  abort();
}

static void start(void) {
  device_provision();
  CHECK(xTaskCreate(main_task, "main", 4096, NULL, 1, NULL) == pdPASS);
  CHECK(fake_run_until(fake_mqtt_connected, NULL, 60000));
  fake_run(1000);
}

static void send(const char *topic, const char *payload, const char *correlation) {
  fake_broker_sends(&(fake_message_t){.topic = topic,
                                      .payload = payload,
                                      .len = strlen(payload),
                                      .response_topic = REPLIES,
                                      .correlation = correlation});
  fake_run(100);
}

static unsigned climates(void) {
  unsigned count = 0;
  for (unsigned at = 0; at < fake_published_count; at++) {
    count += strcmp(fake_published[at].topic, CLIMATE) == 0 ? 1u : 0u;
  }
  return count;
}

static void it_listens_and_shows_its_climate(void) {
  start();
  unsigned found = 0;
  for (unsigned at = 0; at < fake_subscribed_count; at++) {
    const char *const filter = fake_subscribed[at].filter;
    found += strcmp(filter, SETPOINT) == 0 || strcmp(filter, MODE_ALL) == 0 ||
                     strcmp(filter, SESP_TOPIC_ROOT "/devices/" DEVICE "/app/mode") == 0
                 ? 1u
                 : 0u;
  }
  CHECK(found == 3u && fake_subscribed_count == 13u);
  CHECK_TEXT(device_last("app/climate"), "{\"temperature\":18,\"setpoint\":20,\"mode\":\"off\",\"action\":\"idle\"}");
  CHECK(fake_last_on(CLIMATE)->retain && fake_last_on(CLIMATE)->qos == 1);
  CHECK(climates() == 1u);
  fake_run(60000);
  CHECK(climates() == 1u);
}

static void it_obeys_and_answers(void) {
  start();
  send(SETPOINT, "21.5", "correlation-0001");
  CHECK_TEXT((const char *)fake_last_on(REPLIES)->payload, "{\"ok\":true}");
  CHECK(memcmp(fake_last_on(REPLIES)->correlation, "correlation-0001", 16) == 0);
  CHECK(strstr(device_last("app/climate"), "\"setpoint\":21.5") != NULL);
  send(SETPOINT, "99", "correlation-0002");
  CHECK(strstr((const char *)fake_last_on(REPLIES)->payload, "\"code\":\"out_of_range\"") != NULL);
  send(SETPOINT, "21.5", "correlation-0002");
  CHECK(strstr((const char *)fake_last_on(REPLIES)->payload, "\"code\":\"duplicate\"") != NULL);
  const unsigned published = fake_published_count;
  send(MODE_ALL, "heat", "correlation-0003");
  CHECK(fake_last_on(REPLIES) < &fake_published[published]);
  CHECK(strstr(device_last("app/climate"), "\"action\":\"heating\"") != NULL);
  fake_run(40000);
  CHECK_TEXT(device_last("app/climate"),
             "{\"temperature\":21.5,\"setpoint\":21.5,\"mode\":\"heat\",\"action\":\"idle\"}");
}

static void every_connection_hears_its_climate(void) {
  start();
  fake_broker_drops();
  fake_run(5000);
  CHECK(secure_esp_is_online());
  CHECK(climates() == 2u);
}

/* The room is warm in the end, and the next connection hears of it. */
static void it_heats_without_a_network(void) {
  start();
  send(MODE_ALL, "heat", "correlation-0001");
  fake_broker = FAKE_BROKER_UNREACHABLE;
  fake_broker_drops();
  fake_run(60000);
  CHECK(!secure_esp_is_online());
  fake_broker = FAKE_BROKER_ACCEPTS;
  fake_run(120000);
  CHECK(strstr(device_last("app/climate"), "{\"temperature\":20,") != NULL);
}

static void thermostat_suite(void) {
  BOOT_TEST(it_listens_and_shows_its_climate);
  BOOT_TEST(it_obeys_and_answers);
  BOOT_TEST(every_connection_hears_its_climate);
  BOOT_TEST(it_heats_without_a_network);
}

int main(void) {
  static const check_suite_t suites[] = {{"thermostat", thermostat_suite}};
  return check_run(suites, 1);
}
