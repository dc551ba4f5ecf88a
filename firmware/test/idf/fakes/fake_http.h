/* SPDX-License-Identifier: MIT */
/**
 * @file fake_http.h
 * @brief A server on the other side of esp_http_client: a function that answers requests.
 */
#ifndef FAKE_HTTP_H
#define FAKE_HTTP_H

#include "esp_http_client.h"
#include "fake.h"

#define FAKE_HTTP_FIELDS (16u)
#define FAKE_NOWHERE (SIZE_MAX)

typedef struct {
  char name[32];
  char value[128];
} fake_field_t;

typedef struct {
  char url[512];
  fake_field_t fields[FAKE_HTTP_FIELDS];
  unsigned count;
  bool has_certificate; /**< a client certificate and key were given */
} fake_request_t;

/** An answer. Zero is "200 and an empty body". */
typedef struct {
  esp_err_t open_error;  /**< the connection fails with it */
  esp_err_t tls_error;   /**< what esp_http_client_get_and_clear_last_tls_error() tells then */
  int tls_code;
  bool no_answer;        /**< connected, but no header ever comes */
  int status;            /**< 0 = 200 */
  fake_field_t fields[6];
  bool no_length;        /**< neither Content-Length nor chunked: the body ends with the connection */
  const uint8_t *body;
  size_t len;
  size_t cut_at;         /**< the connection ends after so many bytes; 0 and FAKE_NOWHERE: never */
  size_t stall_at;       /**< nothing more after so many bytes; 0 and FAKE_NOWHERE: never */
  uint32_t us_per_kib;   /**< how slow it is; 0: 500 */
} fake_answer_t;

extern fake_answer_t (*fake_server)(const fake_request_t *request);
extern fake_request_t fake_last_request;
extern unsigned fake_requests;
/** Body bytes that were handed out in this boot. */
extern size_t fake_http_bytes;
/** Called before each piece of a body is handed out. */
extern void (*fake_http_before_read)(size_t at);

const char *fake_field(const fake_request_t *request, const char *name);
/** Open clients: 0 when each was cleaned up. */
extern int fake_http_clients;

#endif
