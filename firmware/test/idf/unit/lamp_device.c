/* SPDX-License-Identifier: MIT */
#include "lamp_device.h"

#include <string.h>

SECURE_ESP_CONTRACT(lamp, LAMP);

const secure_esp_contract_t *const lamp = &lamp_contract;
secure_esp_command_t lamp_command;
char lamp_payload[1024];
unsigned lamp_commands;
void (*lamp_on_command)(const secure_esp_command_t *command);
void (*lamp_on_online)(void);
unsigned lamp_onlines;
static char s_user;

static void on_command(void *user, const secure_esp_command_t *command) {
  CHECK(user == &s_user);
  lamp_commands++;
  lamp_command = *command;
  (void)memset(lamp_payload, 0, sizeof(lamp_payload));
  (void)memcpy(lamp_payload, command->payload, command->payload_len);
  lamp_command.payload = (const uint8_t *)lamp_payload;
  if (lamp_on_command != NULL) {
    lamp_on_command(command);
  }
}

static void on_online(void *user) {
  CHECK(user == &s_user);
  lamp_onlines++;
  if (lamp_on_online != NULL) {
    lamp_on_online();
  }
}

secure_esp_config_t lamp_config(void) {
  return (secure_esp_config_t){
      .user = &s_user, .contract = &lamp_contract, .on_command = on_command, .on_online = on_online};
}

void lamp_online(void) {
  device_config = lamp_config();
  device_provision();
  device_online();
}

void lamp_send(const char *topic, const char *payload, const char *correlation) {
  fake_broker_sends(&(fake_message_t){.topic = topic,
                                      .payload = payload,
                                      .len = strlen(payload),
                                      .response_topic = correlation == NULL ? NULL : REPLIES,
                                      .correlation = correlation});
  fake_run(200);
}

const char *lamp_reply(void) {
  static char text[1025];
  const fake_published_t *const message = fake_last_on(REPLIES);
  (void)memset(text, 0, sizeof(text));
  if (message != NULL) {
    (void)memcpy(text, message->payload, message->len);
  }
  return text;
}
