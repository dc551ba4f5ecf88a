/* SPDX-License-Identifier: MIT */
/* A lamp: a device with the contract of lamp.h, and an application that writes down what it is told. */
#ifndef LAMP_DEVICE_H
#define LAMP_DEVICE_H

#include "device.h"
#include "lamp.h"

#define LEVEL SESP_TOPIC_ROOT "/devices/" DEVICE "/app/level"
#define SCENE SESP_TOPIC_ROOT "/devices/" DEVICE "/app/scene"
#define SCENE_ALL SESP_TOPIC_ROOT "/app/scene"
#define STATE SESP_TOPIC_ROOT "/devices/" DEVICE "/app/state"
#define ALARM SESP_TOPIC_ROOT "/app/alarm"

extern const secure_esp_contract_t *const lamp;

/** What on_command was called with last; `payload` points to a copy. */
extern secure_esp_command_t lamp_command;
extern char lamp_payload[1024];
extern unsigned lamp_commands;
/** Called by on_command and on_online. */
extern void (*lamp_on_command)(const secure_esp_command_t *command);
extern void (*lamp_on_online)(void);
extern unsigned lamp_onlines;

/** The configuration of a lamp. */
secure_esp_config_t lamp_config(void);
/** Starts it and waits until it is online. */
void lamp_online(void);
/** Sends a command with REPLIES as response topic; without one when `correlation` is NULL. */
void lamp_send(const char *topic, const char *payload, const char *correlation);
/** The last reply, "" if there is none. */
const char *lamp_reply(void);

#endif
