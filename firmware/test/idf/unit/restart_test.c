/* SPDX-License-Identifier: MIT */
/* The command "restart": its reply goes out first. */
#include "device.h"

#include <string.h>

static int64_t asked_us;

static void is_told(void *user) {
  const fake_published_t *const reply = fake_last_on(REPLIES);
  (void)user;
  CHECK(reply != NULL && fake_broker_got(reply));
  CHECK(reply != NULL && strstr((const char *)reply->payload, "\"ok\":true") != NULL);
  CHECK(reply != NULL && reply->qos == 1);
  CHECK(fake_now_us() - asked_us < 200000);
}

static void is_not_told(void *user) {
  const fake_published_t *const reply = fake_last_on(REPLIES);
  (void)user;
  CHECK(reply != NULL && !fake_broker_got(reply));
  CHECK(fake_now_us() - asked_us >= 2000000);
  CHECK(fake_now_us() - asked_us < 2100000);
}

static void asks(void) {
  device_provision();
  device_online();
  fake_run(3); /* not in step with the ticks */
  asked_us = fake_now_us();
  fake_broker_sends(&(fake_message_t){.topic = SESP_TOPIC_ROOT "/devices/" DEVICE "/restart",
                                      .response_topic = REPLIES,
                                      .correlation = "correlation-0001"});
  fake_run(60000);
}

static void asks_a_broker_that_acknowledges(void) {
  device_config.before_restart = is_told;
  asks();
}

static void asks_a_broker_that_does_not(void) {
  device_config.before_restart = is_not_told;
  fake_broker_acks = false;
  asks();
}

static void the_reply_is_acknowledged_before_the_restart(void) {
  fake_new_chip();
  CHECK(fake_boot(asks_a_broker_that_acknowledges) == FAKE_BOOT_RESTARTED);
  CHECK(fake_chip->reset_reason == ESP_RST_SW);
}

static void without_an_acknowledgement_it_restarts_after_two_seconds(void) {
  fake_new_chip();
  CHECK(fake_boot(asks_a_broker_that_does_not) == FAKE_BOOT_RESTARTED);
  CHECK(fake_chip->reset_reason == ESP_RST_SW);
}

void restart_suite(void) {
  TEST(the_reply_is_acknowledged_before_the_restart);
  TEST(without_an_acknowledgement_it_restarts_after_two_seconds);
}
