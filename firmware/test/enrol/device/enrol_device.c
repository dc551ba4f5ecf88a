/* SPDX-License-Identifier: MIT */
/*
 * A device that enrols, as a program: the portable sources and enrol_psa.c as they are, files for flash, and mbedTLS for TLS
 * (2.28 or 3.x). One attempt for each start, as after a reset.
 *
 *   enrol_device DIR DEVICE_ID EST_URL CA_FILE enrol [DIE_AT]
 *   enrol_device DIR DEVICE_ID EST_URL CA_FILE renew UNIX_TIME
 *
 * DIR has `key`, `cert` and `est_claim`. DIE_AT: the power goes at this step, counted from 0: each write is two, before and
 * after it, and each request two, before it and after its answer. Prints `done WAIT_S`, `wait REASON STATUS WAIT_S` or
 * `stuck REASON`.
 */
#include <mbedtls/net_sockets.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "enrol.h"

#define POWER_LOSS (9)
#define HEADER_MAX (1024u)

static const char *folder;
static const char *ca_file;
static long die_at = -1;

static void power(void) {
  if (die_at == 0) {
    _exit(POWER_LOSS);
  }
  die_at -= die_at > 0 ? 1 : 0;
}

static const char *path_of(sesp_enrol_item_t item, const char *ending) {
  static const char *const names[] = {"key", "cert", "est_claim"};
  static char path[2][512];
  static unsigned next;
  next = (next + 1u) % 2u;
  (void)snprintf(path[next], sizeof(path[next]), "%s/%s%s", folder, names[item], ending);
  return path[next];
}

static sesp_enrol_load_t load(void *ctx, sesp_enrol_item_t item, char *text, size_t capacity) {
  (void)ctx;
  FILE *file = fopen(path_of(item, ""), "r");
  if (file == NULL) {
    return SESP_ENROL_ABSENT;
  }
  const size_t len = fread(text, 1, capacity, file);
  (void)fclose(file);
  if (len == capacity) {
    return SESP_ENROL_UNREADABLE;
  }
  text[len] = '\0';
  return SESP_ENROL_FOUND;
}

/** Whole or not at all, as NVS does it. */
static bool store(void *ctx, sesp_enrol_item_t item, const char *text) {
  (void)ctx;
  power();
  bool good = false;
  if (text == NULL) {
    good = remove(path_of(item, "")) == 0;
  } else {
    FILE *file = fopen(path_of(item, ".new"), "w");
    good = file != NULL && fputs(text, file) >= 0 && fclose(file) == 0 &&
           rename(path_of(item, ".new"), path_of(item, "")) == 0;
  }
  power();
  return good;
}

static int random_bytes(void *ctx, unsigned char *out, size_t len) {
  (void)ctx;
  return psa_generate_random(out, len) == PSA_SUCCESS ? 0 : -1;
}

static uint16_t random_number(void *ctx) {
  uint8_t bytes[2] = {0};
  (void)random_bytes(ctx, bytes, sizeof(bytes));
  return (uint16_t)(bytes[0] * 256u + bytes[1]);
}

typedef struct {
  mbedtls_net_context net;
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config config;
  mbedtls_x509_crt ca;
  mbedtls_x509_crt certificate;
  mbedtls_pk_context key;
} connection_t;

static bool set_identity(connection_t *tls, const sesp_enrol_request_t *request) {
  if (request->client_certificate == NULL) {
    return true;
  }
  const unsigned char *key = (const unsigned char *)request->client_key;
#if MBEDTLS_VERSION_MAJOR >= 3
  const int parsed = mbedtls_pk_parse_key(&tls->key, key, strlen(request->client_key) + 1u, NULL, 0, random_bytes, NULL);
#else
  const int parsed = mbedtls_pk_parse_key(&tls->key, key, strlen(request->client_key) + 1u, NULL, 0);
#endif
  return parsed == 0 &&
         mbedtls_x509_crt_parse(&tls->certificate, (const unsigned char *)request->client_certificate,
                                strlen(request->client_certificate) + 1u) == 0 &&
         mbedtls_ssl_conf_own_cert(&tls->config, &tls->certificate, &tls->key) == 0;
}

static bool open_tls(connection_t *tls, const char *host, const char *port, const sesp_enrol_request_t *request) {
  if (mbedtls_x509_crt_parse_file(&tls->ca, ca_file) != 0 ||
      mbedtls_ssl_config_defaults(&tls->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                  MBEDTLS_SSL_PRESET_DEFAULT) != 0 ||
      !set_identity(tls, request)) {
    return false;
  }
  mbedtls_ssl_conf_authmode(&tls->config, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_chain(&tls->config, &tls->ca, NULL);
  mbedtls_ssl_conf_rng(&tls->config, random_bytes, NULL);
#if MBEDTLS_VERSION_MAJOR >= 3
  mbedtls_ssl_conf_max_tls_version(&tls->config, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
  if (mbedtls_ssl_setup(&tls->ssl, &tls->config) != 0 || mbedtls_ssl_set_hostname(&tls->ssl, host) != 0 ||
      mbedtls_net_connect(&tls->net, host, port, MBEDTLS_NET_PROTO_TCP) != 0) {
    return false;
  }
  mbedtls_ssl_set_bio(&tls->ssl, &tls->net, mbedtls_net_send, mbedtls_net_recv, NULL);
  return mbedtls_ssl_handshake(&tls->ssl) == 0;
}

static bool send_all(connection_t *tls, const char *text, size_t len) {
  while (len > 0u) {
    const int sent = mbedtls_ssl_write(&tls->ssl, (const unsigned char *)text, len);
    if (sent <= 0) {
      return false;
    }
    text += sent;
    len -= (size_t)sent;
  }
  return true;
}

static size_t receive_all(connection_t *tls, char *text, size_t capacity) {
  size_t len = 0;
  while (len < capacity - 1u) {
    const int got = mbedtls_ssl_read(&tls->ssl, (unsigned char *)text + len, capacity - 1u - len);
    if (got <= 0) {
      break;
    }
    len += (size_t)got;
  }
  text[len] = '\0';
  return len;
}

/** Cuts the header into lines and takes what the machine wants to know of it. */
static void read_header(char *header, sesp_enrol_answer_t *answer, size_t *announced) {
  for (char *line = strtok(header, "\r\n"); line != NULL; line = strtok(NULL, "\r\n")) {
    char *colon = strchr(line, ':');
    if (strncmp(line, "HTTP/1.1 ", 9) == 0) {
      answer->status = (uint32_t)strtoul(line + 9, NULL, 10);
    } else if (colon != NULL) {
      const char *value = colon + 1 + strspn(colon + 1, " ");
      *colon = '\0';
      if (strcasecmp(line, "content-type") == 0) {
        answer->is_pkcs7 = sesp_enrol_is_pkcs7(value);
      } else if (strcasecmp(line, "retry-after") == 0) {
        answer->retry_after_s = sesp_enrol_retry_after(value);
      } else if (strcasecmp(line, "content-length") == 0) {
        *announced = strtoul(value, NULL, 10);
      }
    }
  }
}

static void read_reply(char *reply, char *body, size_t capacity, sesp_enrol_answer_t *answer) {
  char *end = strstr(reply, "\r\n\r\n");
  if (end == NULL) {
    return;
  }
  size_t announced = 0;
  const char *content = end + 4;
  const size_t len = strlen(content);
  *end = '\0';
  read_header(reply, answer, &announced);
  answer->is_cut = len != announced || len > capacity;
  answer->len = answer->is_cut ? 0u : len;
  memcpy(body, content, answer->len);
}

static void exchange(connection_t *tls, const sesp_enrol_request_t *request, char *body, size_t capacity,
                     sesp_enrol_answer_t *answer) {
  static char header[HEADER_MAX];
  static char reply[HEADER_MAX + SESP_ENROL_ANSWER_MAX];
  char host[128];
  char port[8] = "443";
  if (sscanf(request->url, "https://%127[^:/]:%7[0-9]", host, port) < 1) {
    return;
  }
  const char *path = strchr(request->url + 8, '/');
  const char *authorization = request->authorization;
  const int len = snprintf(header, sizeof(header),
                           "POST %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\nContent-Type: application/pkcs10\r\n"
                           "Content-Length: %zu\r\n%s%s%s\r\n",
                           path != NULL ? path : "/", host, port, request->body_len,
                           authorization != NULL ? "Authorization: " : "", authorization != NULL ? authorization : "",
                           authorization != NULL ? "\r\n" : "");
  if (open_tls(tls, host, port, request) && send_all(tls, header, (size_t)len) &&
      send_all(tls, request->body, request->body_len)) {
    (void)receive_all(tls, reply, sizeof(reply));
    read_reply(reply, body, capacity, answer);
  }
}

static void post(void *ctx, const sesp_enrol_request_t *request, char *body, size_t capacity,
                 sesp_enrol_answer_t *answer) {
  (void)ctx;
  connection_t tls;
  mbedtls_net_init(&tls.net);
  mbedtls_ssl_init(&tls.ssl);
  mbedtls_ssl_config_init(&tls.config);
  mbedtls_x509_crt_init(&tls.ca);
  mbedtls_x509_crt_init(&tls.certificate);
  mbedtls_pk_init(&tls.key);
  FILE *file = fopen(path_of(SESP_ENROL_KEY, ".csr"), "w");
  if (file != NULL) {
    (void)fprintf(file, "%s\n", request->body);
    (void)fclose(file);
  }
  power();
  exchange(&tls, request, body, capacity, answer);
  mbedtls_net_free(&tls.net);
  mbedtls_ssl_free(&tls.ssl);
  mbedtls_ssl_config_free(&tls.config);
  mbedtls_x509_crt_free(&tls.ca);
  mbedtls_x509_crt_free(&tls.certificate);
  mbedtls_pk_free(&tls.key);
  power();
}

int main(int argc, char **argv) {
  static sesp_enrol_t enrol;
  static const sesp_enrol_port_t port = {.make_key = sesp_enrol_psa_make_key,
                                         .sign = sesp_enrol_psa_sign,
                                         .load = load,
                                         .store = store,
                                         .request = post,
                                         .random = random_number};
  if (argc < 6 || psa_crypto_init() != PSA_SUCCESS) {
    return 2;
  }
  folder = argv[1];
  ca_file = argv[4];
  const bool renews = strcmp(argv[5], "renew") == 0;
  if (!sesp_enrol_begin(&enrol, &port, argv[2], argv[3])) {
    puts("stuck settings");
    return 0;
  }
  const long number = argc > 6 ? strtol(argv[6], NULL, 10) : -1;
  die_at = renews ? -1 : number;
  const sesp_enrol_result_t result = renews ? sesp_enrol_renew_step(&enrol, number) : sesp_enrol_step(&enrol);
  if (result.state == SESP_ENROL_DONE) {
    (void)printf("done %u\n", (unsigned)result.wait_s);
  } else if (result.state == SESP_ENROL_WAIT) {
    (void)printf("wait %d %u %u\n", (int)result.reason, (unsigned)result.status, (unsigned)result.wait_s);
  } else {
    (void)printf("stuck %d\n", (int)result.reason);
  }
  return 0;
}
