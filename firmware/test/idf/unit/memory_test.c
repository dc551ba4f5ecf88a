/* SPDX-License-Identifier: MIT */
/* Heap before a download: when it is short, MQTT makes room and comes back. */
#include "device.h"

#include <string.h>

static bool is_offline(void *unused) {
  (void)unused;
  return !fake_mqtt_connected(NULL);
}

static bool has_asked(void *unused) {
  (void)unused;
  return fake_requests > 0u;
}

/* The server is silent for 30 s, so that there is a time to look at. */
static void runs(void) {
  server_twist.no_answer = true;
  device_provision();
  server_offer(&(fake_image_spec_t){.version = "1.1.0"});
  device_online();
  fake_broker_sends(&(fake_message_t){.topic = SESP_TOPIC_ROOT "/devices/" DEVICE "/update/run",
                                      .response_topic = REPLIES,
                                      .correlation = "correlation-0001"});
}

static void makes_room_and_comes_back(void) {
  runs();
  CHECK(fake_run_until(is_offline, NULL, 3000));
  CHECK(fake_last_on(REPLIES) != NULL && fake_broker_got(fake_last_on(REPLIES)));
  CHECK(fake_mqtt_lost == 0u);
  CHECK(fake_run_until(has_asked, NULL, 1000));
  fake_run(25000);
  CHECK(!fake_mqtt_connected(NULL));
  CHECK(fake_connects == 1u);
  CHECK(device_state_has("stalled", 60000));
  CHECK(secure_esp_is_online());
  CHECK(fake_connects == 2u);
  fake_run(30000);
  CHECK(secure_esp_is_online());
}

static void short_of_heap_it_makes_room_and_comes_back(void) {
  fake_free_heap = CONFIG_SECURE_ESP_MIN_FREE_HEAP - 1u;
  makes_room_and_comes_back();
}

static void without_a_block_for_a_tls_record_it_makes_room_too(void) {
  fake_largest_block = 17u * 1024u - 1u;
  makes_room_and_comes_back();
}

static void with_enough_heap_it_stays(void) {
  fake_free_heap = CONFIG_SECURE_ESP_MIN_FREE_HEAP;
  fake_largest_block = 17u * 1024u;
  runs();
  CHECK(!fake_run_until(is_offline, NULL, 60000));
  CHECK(device_state_has("stalled", 60000));
  CHECK(fake_connects == 1u);
  CHECK(!fake_log_contains("short of memory"));
}

static void a_broker_that_does_not_acknowledge_delays_it_for_two_seconds_only(void) {
  fake_free_heap = 0;
  fake_broker_acks = false;
  runs();
  fake_run(1900);
  CHECK(fake_mqtt_connected(NULL));
  CHECK(fake_requests == 0u);
  fake_run(400);
  CHECK(!fake_mqtt_connected(NULL));
  CHECK(fake_run_until(has_asked, NULL, 200));
}

static void makes_room_for_an_update(void) {
  fake_free_heap = 0;
  device_provision();
  server_offer(&(fake_image_spec_t){.version = "1.1.0", .code_bytes = 90000});
  device_online();
  device_run();
  CHECK(fake_run_until(is_offline, NULL, 3000));
  CHECK(fake_log_contains("short of memory"));
  (void)device_state_has("never", 600000);
}

static void short_of_heap_it_updates(void) {
  fake_new_chip();
  CHECK(fake_boot(makes_room_for_an_update) == FAKE_BOOT_RESTARTED);
  CHECK(fake_chip->boot_sets == 1u);
}

void memory_suite(void) {
  BOOT_TEST(short_of_heap_it_makes_room_and_comes_back);
  BOOT_TEST(without_a_block_for_a_tls_record_it_makes_room_too);
  BOOT_TEST(with_enough_heap_it_stays);
  BOOT_TEST(a_broker_that_does_not_acknowledge_delays_it_for_two_seconds_only);
  TEST(short_of_heap_it_updates);
}
