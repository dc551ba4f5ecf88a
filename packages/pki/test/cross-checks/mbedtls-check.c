/*
 * SPDX-License-Identifier: MIT
 *
 * Asks mbedTLS, the TLS library of the ESP32, about files and servers. Works with mbedTLS 2.28 and 3.x.
 * One line on standard output per fact; exit status 0 unless the command line is wrong.
 *
 *   version
 *   verify CA CERT CRL|- NAME|-      "trusted", or "refused" and mbedTLS's reasons, one a line
 *   uses CERT                        the uses that the certificate is good for
 *   csr FILE | key FILE [PASSPHRASE] | crl FILE | chain FILE      "parsed ..." or "error -0x...."
 *   client PORT NAME CA CERT|- KEY|- [HEX...]    handshake, then sends each HEX and prints what comes back
 *   server CERT KEY CA CRL|- COUNT   prints its port, then takes COUNT connections
 */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>
#include <mbedtls/x509_csr.h>
#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 10000

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context random_source;

static int given(const char *argument)
{
    return strcmp(argument, "-") != 0;
}

static int failed(const char *what, int code)
{
    char text[128];
    mbedtls_strerror(code, text, sizeof text);
    printf("error -0x%04x %s: %s\n", (unsigned) -code, what, text);
    return 0;
}

/* Must work for the program to say anything of use. */
static void need(const char *what, int code)
{
    if (code != 0) {
        (void) failed(what, code);
        exit(0);
    }
}

static int parse_key(mbedtls_pk_context *key, const char *path, const char *passphrase)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_pk_parse_keyfile(key, path, passphrase, mbedtls_ctr_drbg_random, &random_source);
#else
    return mbedtls_pk_parse_keyfile(key, path, passphrase);
#endif
}

static int same_pair(const mbedtls_pk_context *public_key, const mbedtls_pk_context *private_key)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_pk_check_pair(public_key, private_key, mbedtls_ctr_drbg_random, &random_source);
#else
    return mbedtls_pk_check_pair(public_key, private_key);
#endif
}

static void print_flags(uint32_t flags)
{
    char text[1024];
    if (flags == 0) {
        printf("trusted\n");
        return;
    }
    printf("refused\n");
    if (mbedtls_x509_crt_verify_info(text, sizeof text, "", flags) > 0) {
        printf("%s", text);
    }
}

static int command_verify(char **argument)
{
    mbedtls_x509_crt ca, certificate;
    mbedtls_x509_crl crl;
    uint32_t flags = 0;

    mbedtls_x509_crt_init(&ca);
    mbedtls_x509_crt_init(&certificate);
    mbedtls_x509_crl_init(&crl);
    need("CA", mbedtls_x509_crt_parse_file(&ca, argument[0]));
    need("certificate", mbedtls_x509_crt_parse_file(&certificate, argument[1]));
    if (given(argument[2])) {
        need("CRL", mbedtls_x509_crl_parse_file(&crl, argument[2]));
    }
    (void) mbedtls_x509_crt_verify(&certificate, &ca, given(argument[2]) ? &crl : NULL,
                                   given(argument[3]) ? argument[3] : NULL, &flags, NULL, NULL);
    print_flags(flags);
    mbedtls_x509_crl_free(&crl);
    mbedtls_x509_crt_free(&certificate);
    mbedtls_x509_crt_free(&ca);
    return 0;
}

static int command_uses(char **argument)
{
    mbedtls_x509_crt certificate;

    mbedtls_x509_crt_init(&certificate);
    need("certificate", mbedtls_x509_crt_parse_file(&certificate, argument[0]));
#define EXTENDED(name, oid) \
    if (mbedtls_x509_crt_check_extended_key_usage(&certificate, oid, MBEDTLS_OID_SIZE(oid)) == 0) { \
        printf("%s\n", name); \
    }
#define USAGE(name, bit) \
    if (mbedtls_x509_crt_check_key_usage(&certificate, bit) == 0) { \
        printf("%s\n", name); \
    }
    EXTENDED("serverAuth", MBEDTLS_OID_SERVER_AUTH)
    EXTENDED("clientAuth", MBEDTLS_OID_CLIENT_AUTH)
    USAGE("digitalSignature", MBEDTLS_X509_KU_DIGITAL_SIGNATURE)
    USAGE("keyEncipherment", MBEDTLS_X509_KU_KEY_ENCIPHERMENT)
    USAGE("keyAgreement", MBEDTLS_X509_KU_KEY_AGREEMENT)
    USAGE("keyCertSign", MBEDTLS_X509_KU_KEY_CERT_SIGN)
    USAGE("cRLSign", MBEDTLS_X509_KU_CRL_SIGN)
    mbedtls_x509_crt_free(&certificate);
    return 0;
}

static int command_csr(char **argument)
{
    mbedtls_x509_csr csr;
    char name[512];

    mbedtls_x509_csr_init(&csr);
    need("request", mbedtls_x509_csr_parse_file(&csr, argument[0]));
    need("subject", mbedtls_x509_dn_gets(name, sizeof name, &csr.subject) > 0 ? 0 : -1);
    printf("parsed %s, %s %u\n", name, mbedtls_pk_get_name(&csr.pk), (unsigned) mbedtls_pk_get_bitlen(&csr.pk));
    mbedtls_x509_csr_free(&csr);
    return 0;
}

static int command_key(int count, char **argument)
{
    mbedtls_pk_context key;

    mbedtls_pk_init(&key);
    need("key", parse_key(&key, argument[0], count > 1 ? argument[1] : NULL));
    need("pair", same_pair(&key, &key));
    printf("parsed %s %u\n", mbedtls_pk_get_name(&key), (unsigned) mbedtls_pk_get_bitlen(&key));
    mbedtls_pk_free(&key);
    return 0;
}

static int command_crl(char **argument)
{
    mbedtls_x509_crl crl;
    unsigned entries = 0;
    const mbedtls_x509_crl_entry *entry;

    mbedtls_x509_crl_init(&crl);
    need("CRL", mbedtls_x509_crl_parse_file(&crl, argument[0]));
    for (entry = &crl.entry; entry != NULL && entry->serial.len > 0; entry = entry->next) {
        entries++;
    }
    printf("parsed %u revoked, until %04d-%02d-%02d\n", entries, crl.next_update.year, crl.next_update.mon,
           crl.next_update.day);
    mbedtls_x509_crl_free(&crl);
    return 0;
}

static int command_chain(char **argument)
{
    mbedtls_x509_crt chain;
    const mbedtls_x509_crt *one;
    char name[512];

    mbedtls_x509_crt_init(&chain);
    need("certificate", mbedtls_x509_crt_parse_file(&chain, argument[0]));
    for (one = &chain; one != NULL && one->raw.len > 0; one = one->next) {
        need("subject", mbedtls_x509_dn_gets(name, sizeof name, &one->subject) > 0 ? 0 : -1);
        printf("parsed %s, %s %u, %04d-%02d-%02d..%04d-%02d-%02d\n", name, mbedtls_pk_get_name(&one->pk),
               (unsigned) mbedtls_pk_get_bitlen(&one->pk), one->valid_from.year, one->valid_from.mon,
               one->valid_from.day, one->valid_to.year, one->valid_to.mon, one->valid_to.day);
    }
    mbedtls_x509_crt_free(&chain);
    return 0;
}

/* A TLS peer: one configuration with its certificates. */
struct peer {
    mbedtls_ssl_config config;
    mbedtls_x509_crt ca, own;
    mbedtls_x509_crl crl;
    mbedtls_pk_context key;
};

static void peer_init(struct peer *peer, int endpoint, const char *ca, const char *crl, const char *own,
                      const char *key)
{
    mbedtls_ssl_config_init(&peer->config);
    mbedtls_x509_crt_init(&peer->ca);
    mbedtls_x509_crt_init(&peer->own);
    mbedtls_x509_crl_init(&peer->crl);
    mbedtls_pk_init(&peer->key);
    need("CA", mbedtls_x509_crt_parse_file(&peer->ca, ca));
    if (given(crl)) {
        need("CRL", mbedtls_x509_crl_parse_file(&peer->crl, crl));
    }
    need("configuration", mbedtls_ssl_config_defaults(&peer->config, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                                      MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_rng(&peer->config, mbedtls_ctr_drbg_random, &random_source);
    mbedtls_ssl_conf_authmode(&peer->config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&peer->config, &peer->ca, given(crl) ? &peer->crl : NULL);
    mbedtls_ssl_conf_read_timeout(&peer->config, TIMEOUT_MS);
    if (given(own)) {
        need("certificate", mbedtls_x509_crt_parse_file(&peer->own, own));
        need("key", parse_key(&peer->key, key, NULL));
        need("own certificate", mbedtls_ssl_conf_own_cert(&peer->config, &peer->own, &peer->key));
    }
}

static void peer_free(struct peer *peer)
{
    mbedtls_ssl_config_free(&peer->config);
    mbedtls_x509_crt_free(&peer->ca);
    mbedtls_x509_crt_free(&peer->own);
    mbedtls_x509_crl_free(&peer->crl);
    mbedtls_pk_free(&peer->key);
}

static int handshake(mbedtls_ssl_context *ssl)
{
    int code;

    do {
        code = mbedtls_ssl_handshake(ssl);
    } while (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE);
    if (code != 0) {
        uint32_t flags = mbedtls_ssl_get_verify_result(ssl);
        (void) failed("handshake", code);
        if (flags != 0 && flags != (uint32_t) -1) {
            print_flags(flags);
        }
    } else {
        printf("connected %s\n", mbedtls_ssl_get_version(ssl));
    }
    return code;
}

static int read_some(mbedtls_ssl_context *ssl, unsigned char *buffer, size_t size)
{
    int code;

    do {
        code = mbedtls_ssl_read(ssl, buffer, size);
    } while (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
             || code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
#endif
    );
    return code;
}

static size_t from_hex(const char *hex, unsigned char *bytes, size_t size)
{
    size_t length = 0;
    unsigned value;

    while (length < size && sscanf(hex + 2 * length, "%2x", &value) == 1) {
        bytes[length++] = (unsigned char) value;
    }
    return length;
}

/* In TLS 1.3 a client learns of a refusal only when it reads. */
static void exchange(mbedtls_ssl_context *ssl, const char *hex)
{
    unsigned char buffer[2048];
    size_t length = from_hex(hex, buffer, sizeof buffer);
    int code = mbedtls_ssl_write(ssl, buffer, length);
    int i;

    if (code >= 0) {
        code = read_some(ssl, buffer, sizeof buffer);
    }
    if (code <= 0) {
        (void) failed("read", code);
        return;
    }
    printf("received ");
    for (i = 0; i < code; i++) {
        printf("%02x", buffer[i]);
    }
    printf("\n");
}

static int command_client(int count, char **argument)
{
    struct peer peer;
    mbedtls_ssl_context ssl;
    mbedtls_net_context socket;
    int i;

    peer_init(&peer, MBEDTLS_SSL_IS_CLIENT, argument[2], "-", argument[3], argument[4]);
    mbedtls_ssl_init(&ssl);
    mbedtls_net_init(&socket);
    need("context", mbedtls_ssl_setup(&ssl, &peer.config));
    need("name", mbedtls_ssl_set_hostname(&ssl, argument[1]));
    need("connection", mbedtls_net_connect(&socket, "127.0.0.1", argument[0], MBEDTLS_NET_PROTO_TCP));
    mbedtls_ssl_set_bio(&ssl, &socket, mbedtls_net_send, NULL, mbedtls_net_recv_timeout);
    if (handshake(&ssl) == 0) {
        for (i = 5; i < count; i++) {
            exchange(&ssl, argument[i]);
        }
        (void) mbedtls_ssl_close_notify(&ssl);
    }
    mbedtls_net_free(&socket);
    mbedtls_ssl_free(&ssl);
    peer_free(&peer);
    return 0;
}

static int local_port(const mbedtls_net_context *socket)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;

    memset(&address, 0, sizeof address);
    return getsockname(socket->fd, (struct sockaddr *) &address, &size) == 0 ? ntohs(address.sin_port) : 0;
}

static void serve_one(const struct peer *peer, mbedtls_net_context *listener)
{
    static const char reply[] = "HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\nwelcome\n";
    mbedtls_ssl_context ssl;
    mbedtls_net_context socket;
    unsigned char buffer[2048];

    mbedtls_ssl_init(&ssl);
    mbedtls_net_init(&socket);
    need("context", mbedtls_ssl_setup(&ssl, &peer->config));
    need("accept", mbedtls_net_accept(listener, &socket, NULL, 0, NULL));
    mbedtls_ssl_set_bio(&ssl, &socket, mbedtls_net_send, NULL, mbedtls_net_recv_timeout);
    if (handshake(&ssl) == 0 && read_some(&ssl, buffer, sizeof buffer) > 0) {
        (void) mbedtls_ssl_write(&ssl, (const unsigned char *) reply, sizeof reply - 1);
        (void) mbedtls_ssl_close_notify(&ssl);
    }
    (void) fflush(stdout);
    mbedtls_net_free(&socket);
    mbedtls_ssl_free(&ssl);
}

static int command_server(char **argument)
{
    struct peer peer;
    mbedtls_net_context listener;
    int left;

    peer_init(&peer, MBEDTLS_SSL_IS_SERVER, argument[2], argument[3], argument[0], argument[1]);
    mbedtls_net_init(&listener);
    need("listener", mbedtls_net_bind(&listener, "127.0.0.1", "0", MBEDTLS_NET_PROTO_TCP));
    printf("port %d\n", local_port(&listener));
    (void) fflush(stdout);
    for (left = atoi(argument[4]); left > 0; left--) {
        serve_one(&peer, &listener);
    }
    mbedtls_net_free(&listener);
    peer_free(&peer);
    return 0;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    char **argument = argv + 2;
    int count = argc - 2;

    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random_source);
    need("random source", mbedtls_ctr_drbg_seed(&random_source, mbedtls_entropy_func, &entropy, NULL, 0));
#if MBEDTLS_VERSION_MAJOR >= 3
    need("PSA", psa_crypto_init() == PSA_SUCCESS ? 0 : -1);
#endif
    if (strcmp(command, "version") == 0) {
        printf("%s\n", MBEDTLS_VERSION_STRING);
        return 0;
    }
    if (strcmp(command, "verify") == 0 && count == 4) {
        return command_verify(argument);
    }
    if (strcmp(command, "uses") == 0 && count == 1) {
        return command_uses(argument);
    }
    if (strcmp(command, "csr") == 0 && count == 1) {
        return command_csr(argument);
    }
    if (strcmp(command, "key") == 0 && (count == 1 || count == 2)) {
        return command_key(count, argument);
    }
    if (strcmp(command, "crl") == 0 && count == 1) {
        return command_crl(argument);
    }
    if (strcmp(command, "chain") == 0 && count == 1) {
        return command_chain(argument);
    }
    if (strcmp(command, "client") == 0 && count >= 5) {
        return command_client(count, argument);
    }
    if (strcmp(command, "server") == 0 && count == 5) {
        return command_server(argument);
    }
    (void) fprintf(stderr, "usage: see the top of mbedtls-check.c\n");
    return 2;
}
