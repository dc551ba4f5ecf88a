/* SPDX-License-Identifier: MIT */
/**
 * @file device.h
 * @brief What the tests of the port share: a provisioned device, its topics, and a server with an image.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include "boots.h"
#include "fake_http.h"
#include "fake_mqtt.h"
#include "images.h"
#include "secure_esp.h"
#include "sesp_idf.h"

#define DEVICE "esp-001"
#define SECRET "-----BEGIN PRIVATE KEY-----\nMHcCAQEEIsecretsecret\n-----END PRIVATE KEY-----\n"
#define PROV "secure_esp_prov"
#define SPACE "secure_esp"

/** Writes every entry of a provisioned device. Before the first boot or in it. */
void device_provision(void);
/** What device_online() starts it with. */
extern secure_esp_config_t device_config;
/** Starts it, brings the network up and waits for the connection. */
void device_online(void);
/** The text of the last message on a leaf of this device's topics; "" if there is none. */
const char *device_last(const char *leaf);
/** Waits until the last message on `update/state` contains a text. */
bool device_state_has(const char *text, uint32_t ms);
/** A topic for replies. */
#define REPLIES SESP_TOPIC_ROOT "/devices/" DEVICE "/replies/abcdefghijklmnop"
/** Sends update/run. */
void device_run(void);

/** A server that has one image and answers as the contract says, with ranges. */
extern uint8_t server_image[FAKE_IMAGE_MAX_BYTES];
extern size_t server_len;
extern char server_etag[68];
void server_offer(const fake_image_spec_t *spec);
fake_answer_t server_answers(const fake_request_t *request);
/** Adds a field to an answer. */
void server_field(fake_answer_t *answer, const char *name, const char *value);
/** Applied to each answer with a body, then forgotten. */
extern fake_answer_t server_twist;
extern bool server_twist_once;

#define SUITES(X)                                                                                               \
  X(start) X(link) X(inbound) X(download) X(cancel) X(memory) X(release) X(update) X(resume) X(restart) X(store) \
  X(clock_time) X(application) X(application_command) X(application_publish)
#define DECLARE(name) void name##_suite(void);
SUITES(DECLARE)

#endif
