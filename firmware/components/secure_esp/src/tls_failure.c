/* SPDX-License-Identifier: MIT */
/*
 * Is it us or is it the network? Of an update that awaits confirmation, TLS failures roll back and silence does not. So
 * only what speaks of certificates, keys or protocol is called TLS; a handshake that the network cut off is not.
 */
#include "esp_tls_errors.h"
#include "mbedtls/net_sockets.h"
#include "mbedtls/ssl.h"
#include "mbedtls/x509.h"
#include "sesp_idf.h"

/** The transport below TLS gave up. mbedTLS and esp-tls report some of these with the sign changed. */
static bool is_transport(int mbedtls_error) {
  switch (mbedtls_error < 0 ? mbedtls_error : -mbedtls_error) {
    case MBEDTLS_ERR_NET_SOCKET_FAILED:
    case MBEDTLS_ERR_NET_CONNECT_FAILED:
    case MBEDTLS_ERR_NET_RECV_FAILED:
    case MBEDTLS_ERR_NET_SEND_FAILED:
    case MBEDTLS_ERR_NET_CONN_RESET:
    case MBEDTLS_ERR_NET_UNKNOWN_HOST:
    case MBEDTLS_ERR_SSL_TIMEOUT:
    case MBEDTLS_ERR_SSL_CONN_EOF:
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
      return true;
    default:
      return false;
  }
}

/** A wrong clock says nothing about certificates. */
static bool is_clock(int certificate_flags) {
  const unsigned flags = (unsigned)certificate_flags;
  const unsigned of_time = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE | MBEDTLS_X509_BADCRL_EXPIRED |
                           MBEDTLS_X509_BADCRL_FUTURE;
  return flags != 0u && (flags & ~of_time) == 0u && !sesp_idf_time_synced();
}

sesp_connect_failure_t sesp_idf_tls_failure(esp_err_t esp_tls_error, int mbedtls_error, int certificate_flags) {
  switch (esp_tls_error) {
    case ESP_ERR_MBEDTLS_SSL_HANDSHAKE_FAILED:
      return is_transport(mbedtls_error) || is_clock(certificate_flags) ? SESP_CONNECT_UNREACHABLE : SESP_CONNECT_TLS;
    case ESP_ERR_MBEDTLS_CERT_PARTLY_OK:
    case ESP_ERR_MBEDTLS_SSL_SET_HOSTNAME_FAILED:
    case ESP_ERR_MBEDTLS_SSL_CONFIG_DEFAULTS_FAILED:
    case ESP_ERR_MBEDTLS_X509_CRT_PARSE_FAILED:
    case ESP_ERR_MBEDTLS_SSL_CONF_OWN_CERT_FAILED:
    case ESP_ERR_MBEDTLS_SSL_SETUP_FAILED:
    case ESP_ERR_MBEDTLS_PK_PARSE_KEY_FAILED:
      return SESP_CONNECT_TLS;
    case ESP_ERR_MBEDTLS_SSL_READ_FAILED:
    case ESP_ERR_MBEDTLS_SSL_WRITE_FAILED:
      /* TLS 1.3: a server that refuses our certificate says so in the first record after the handshake. */
      return mbedtls_error != 0 && !is_transport(mbedtls_error) ? SESP_CONNECT_TLS : SESP_CONNECT_UNREACHABLE;
    default:
      return SESP_CONNECT_UNREACHABLE;
  }
}
