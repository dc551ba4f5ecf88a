/* SPDX-License-Identifier: MIT */
/**
 * @file enrol.h
 * @brief A device's certificate for a key that never leaves it, by EST (RFC 7030) over HTTPS.
 *
 * Everything but enrol_psa.c and enrol_esp.c is portable C11 without heap and without a clock: what it needs of the chip
 * it asks of a @ref sesp_enrol_port_t. Texts are NUL-terminated. Nothing reads behind the bytes that it was given.
 *
 * A power loss at any point is repaired by starting again: the key is stored before the first request is sent, the
 * certificate before the claim is erased, and the server gives the same certificate to the same claim and key.
 */
#ifndef SECURE_ESP_ENROL_H
#define SECURE_ESP_ENROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- limits ---------------------------------------------------------------------------------------------------- */

#define SESP_ENROL_PRIVATE_KEY_BYTES (32u)
/** Uncompressed point: 0x04, x, y. */
#define SESP_ENROL_PUBLIC_KEY_BYTES (65u)
/** SubjectPublicKeyInfo in DER. */
#define SESP_ENROL_SPKI_BYTES (91u)
/** r, then s. */
#define SESP_ENROL_SIGNATURE_BYTES (64u)
#define SESP_ENROL_DEVICE_ID_MAX (64u)
#define SESP_ENROL_CLAIM_MAX (128u)
#define SESP_ENROL_URL_MAX (255u)
#define SESP_ENROL_CSR_MAX (400u)
/** ECPrivateKey of RFC 5915 with curve and public key. */
#define SESP_ENROL_SEC1_BYTES (121u)
#define SESP_ENROL_KEY_PEM_SIZE (320u)
#define SESP_ENROL_CERTIFICATE_PEM_SIZE (3072u)
/** Base64 of an answer; one certificate takes about 1 KiB. */
#define SESP_ENROL_ANSWER_MAX (6144u)
#define SESP_ENROL_CERTIFICATES_MAX (8u)

/* ---- DER ------------------------------------------------------------------------------------------------------- */

/** Bytes of somebody else. */
typedef struct {
  const uint8_t *data;
  size_t len;
} sesp_slice_t;

/** Writes from the end of a buffer to its front, so that lengths are known when they are written. */
typedef struct {
  uint8_t *data;
  size_t at; /* of the first byte written so far */
  bool ok;   /* false once something did not fit */
} sesp_der_writer_t;

sesp_der_writer_t sesp_der_write(uint8_t *data, size_t capacity);
void sesp_der_put(sesp_der_writer_t *writer, const uint8_t *bytes, size_t len);
/** Puts tag and length in front of what was written since `writer->at` was `end`. */
void sesp_der_wrap(sesp_der_writer_t *writer, uint8_t tag, size_t end);
/** A positive INTEGER of big-endian bytes, as short as it can be. Zero fails. */
void sesp_der_put_positive(sesp_der_writer_t *writer, const uint8_t *bytes, size_t len);

/**
 * Takes the first element off `rest` if it has this tag. Strict DER: lengths are definite, as short as they can be, within
 * `rest` and below 64 KiB; tags take one byte.
 */
bool sesp_der_take(sesp_slice_t *rest, uint8_t tag, sesp_slice_t *content);
/** The same whatever the tag; `element` is it with its header, `content` without. */
bool sesp_der_take_any(sesp_slice_t *rest, uint8_t *tag, sesp_slice_t *element, sesp_slice_t *content);

/* ---- base64 and PEM -------------------------------------------------------------------------------------------- */

/** Without line ends, with padding. False if `text` has no room for it and NUL. */
bool sesp_base64_encode(const uint8_t *bytes, size_t len, char *text, size_t capacity);

/**
 * RFC 4648 4 with white space anywhere, as RFC 8951 3.1 has EST bodies: canonical, padded, not empty. `bytes` may be where
 * `text` is.
 */
bool sesp_base64_decode(const char *text, size_t text_len, uint8_t *bytes, size_t capacity, size_t *len);

/** One PEM block; false if it does not fit. */
bool sesp_pem_write(const char *label, const uint8_t *der, size_t len, char *text, size_t capacity);
/** The first PEM block of `text`, if its label is this one. */
bool sesp_pem_read(const char *text, const char *label, uint8_t *der, size_t capacity, size_t *len);

/* ---- key and request ------------------------------------------------------------------------------------------- */

typedef struct {
  uint8_t private_key[SESP_ENROL_PRIVATE_KEY_BYTES];
  uint8_t public_key[SESP_ENROL_PUBLIC_KEY_BYTES];
} sesp_enrol_key_t;

/** PEM of the key in SEC1 form ("EC PRIVATE KEY"), which every mbedTLS reads. */
bool sesp_enrol_key_write(const sesp_enrol_key_t *key, char *pem, size_t capacity);
/** Reads that, and PKCS#8 ("PRIVATE KEY") as `secure-esp provision` writes it; P-256 only. */
bool sesp_enrol_key_read(const char *pem, sesp_enrol_key_t *key);
void sesp_enrol_spki(const uint8_t public_key[SESP_ENROL_PUBLIC_KEY_BYTES], uint8_t spki[SESP_ENROL_SPKI_BYTES]);
/** Overwrites a secret, also where the compiler sees no use of it. */
void sesp_enrol_forget(void *secret, size_t len);

/** ECDSA with P-256 over the SHA-256 of `message`. */
typedef bool (*sesp_enrol_sign_t)(void *ctx, const sesp_enrol_key_t *key, const uint8_t *message, size_t len,
                                  uint8_t signature[SESP_ENROL_SIGNATURE_BYTES]);

/** A PKCS#10 request (RFC 2986) of the subject CN = `device_id` and no attributes. Length in DER, 0 on failure. */
size_t sesp_enrol_csr(const char *device_id, const sesp_enrol_key_t *key, sesp_enrol_sign_t sign, void *ctx,
                      uint8_t *der, size_t capacity);

/** 1..64 characters of A-Z a-z 0-9 _ - */
bool sesp_enrol_is_device_id(const char *text);
/** `https://host[:port][/path]`, visible ASCII without user, query and fragment, at most 255 characters. */
bool sesp_enrol_is_url(const char *text);
/** The address of `operation`: below the path of `base`, or below `/.well-known/est` if it has none. */
bool sesp_enrol_target(const char *base, const char *operation, char *url, size_t capacity);
/** The value of the field Authorization (RFC 7617). */
bool sesp_enrol_authorization(const char *device_id, const char *claim, char *text, size_t capacity);

/* ---- answer ---------------------------------------------------------------------------------------------------- */

/** Certificates in DER; slices point into the message. */
typedef struct {
  sesp_slice_t certificates[SESP_ENROL_CERTIFICATES_MAX];
  size_t count;
} sesp_certs_only_t;

/**
 * Reads a certs-only CMS message (RFC 5652 5.1, RFC 7030 4.1.3): SignedData without content and signer, with 1..8
 * certificates; lists of revoked ones are skipped. False for anything that is not wholly such a message.
 */
bool sesp_certs_only_read(sesp_slice_t message, sesp_certs_only_t *out);

/** What is read of a certificate; slices point into it. */
typedef struct {
  sesp_slice_t spki;   /* SubjectPublicKeyInfo, with its header */
  sesp_slice_t common_name;
  int64_t not_before_s; /* since 1970 */
  int64_t not_after_s;
} sesp_certificate_t;

/** Reads the structure; signatures are not checked. The subject must have exactly one common name. */
bool sesp_certificate_read(sesp_slice_t der, sesp_certificate_t *out);
/** Whether it is for this public key. */
bool sesp_certificate_is_of_key(const sesp_certificate_t *certificate,
                                const uint8_t public_key[SESP_ENROL_PUBLIC_KEY_BYTES]);
/** 0 when two thirds (66 %) of its time are spent, else the seconds until then. */
uint32_t sesp_certificate_renewal_wait_s(const sesp_certificate_t *certificate, int64_t now_s);

typedef struct {
  uint32_t status;        /* 0: there was no answer */
  uint32_t retry_after_s; /* of Retry-After; 0: absent, or a date */
  bool is_pkcs7;          /* Content-Type is application/pkcs7-mime, whatever follows */
  bool is_cut;            /* the body was longer than the buffer, or shorter than announced */
  size_t len;             /* of the body */
} sesp_enrol_answer_t;

/** Delta-seconds of a Retry-After field, at most one day; 0 for anything else. */
uint32_t sesp_enrol_retry_after(const char *value);
/** Whether a Content-Type field says application/pkcs7-mime. */
bool sesp_enrol_is_pkcs7(const char *value);

typedef enum {
  SESP_ENROL_REASON_NONE = 0,
  SESP_ENROL_REASON_UNREACHABLE, /* no answer: network, name, TLS */
  SESP_ENROL_REASON_LATER,       /* 202, 408, 429, 5xx */
  SESP_ENROL_REASON_CLAIM,       /* 401, 403: the claim is wrong, over, or was used for another key */
  SESP_ENROL_REASON_CERTIFICATE, /* 401, 403 on renewal: the certificate is revoked, over or unknown */
  SESP_ENROL_REASON_STATUS,      /* any other status */
  SESP_ENROL_REASON_ANSWER,      /* 200, without a certificate for this key and name */
  SESP_ENROL_REASON_KEY,         /* the key was not made, not read, or did not sign */
  SESP_ENROL_REASON_STORAGE,     /* reading or writing failed */
  SESP_ENROL_REASON_SETTINGS,    /* no claim, or a device id or URL that is none */
} sesp_enrol_reason_t;

const char *sesp_enrol_reason_text(sesp_enrol_reason_t reason);

typedef enum {
  SESP_ENROL_DONE,  /* there is a certificate; `wait_s`: renewal is due then */
  SESP_ENROL_WAIT,  /* call again after `wait_s` */
  SESP_ENROL_STUCK, /* nothing changes by itself: the device has to be provisioned again */
} sesp_enrol_state_t;

typedef struct {
  sesp_enrol_state_t state;
  sesp_enrol_reason_t reason;
  uint32_t status; /* HTTP, 0: none */
  uint32_t wait_s;
} sesp_enrol_result_t;

/** Waits after failures in a row, seconds. */
typedef struct {
  uint8_t failures;
  uint8_t refusals;
} sesp_enrol_schedule_t;

/**
 * When to ask again. What passes by itself: 5 s, doubled to 600 s; a refusal: 3600 s, doubled to one day; up to half of it
 * on top (`jitter`, 0..65535). The server's Retry-After replaces the first, within 5 s and one day.
 */
uint32_t sesp_enrol_wait_s(sesp_enrol_schedule_t *schedule, sesp_enrol_reason_t reason, uint32_t retry_after_s,
                           uint16_t jitter);
/** What an answer of this status means; NONE: its body has the certificate. */
sesp_enrol_reason_t sesp_enrol_judge(const sesp_enrol_answer_t *answer, bool is_renewal);

/* ---- machine --------------------------------------------------------------------------------------------------- */

typedef enum { SESP_ENROL_KEY, SESP_ENROL_CERTIFICATE, SESP_ENROL_CLAIM } sesp_enrol_item_t;
typedef enum { SESP_ENROL_FOUND, SESP_ENROL_ABSENT, SESP_ENROL_UNREADABLE } sesp_enrol_load_t;

typedef struct {
  const char *url;
  const char *authorization;      /* NULL on renewal */
  const char *client_certificate; /* PEM; NULL unless on renewal */
  const char *client_key;
  const char *body; /* base64 of the request, Content-Type application/pkcs10 */
  size_t body_len;
} sesp_enrol_request_t;

typedef struct {
  void *ctx;
  bool (*make_key)(void *ctx, sesp_enrol_key_t *key);
  sesp_enrol_sign_t sign;
  /** Reads a text; one that does not fit is unreadable. */
  sesp_enrol_load_t (*load)(void *ctx, sesp_enrol_item_t item, char *text, size_t capacity);
  /** Durable, whole or not at all, once it returns true. NULL erases. */
  bool (*store)(void *ctx, sesp_enrol_item_t item, const char *text);
  /** One POST to a server that is authenticated by the CA of the settings. No redirects. */
  void (*request)(void *ctx, const sesp_enrol_request_t *request, char *body, size_t capacity,
                  sesp_enrol_answer_t *answer);
  uint16_t (*random)(void *ctx);
} sesp_enrol_port_t;

/** About 11 KiB; only needed while it runs. */
typedef struct {
  const sesp_enrol_port_t *port;
  char device_id[SESP_ENROL_DEVICE_ID_MAX + 1u];
  char url[SESP_ENROL_URL_MAX + 1u];
  sesp_enrol_schedule_t schedule;
  sesp_enrol_key_t key;
  char key_pem[SESP_ENROL_KEY_PEM_SIZE];
  char certificate_pem[SESP_ENROL_CERTIFICATE_PEM_SIZE];
  char claim[SESP_ENROL_CLAIM_MAX + 1u];
  char authorization[300];
  char target[SESP_ENROL_URL_MAX + 64u];
  uint8_t csr[SESP_ENROL_CSR_MAX];
  char request_body[SESP_ENROL_CSR_MAX / 3u * 4u + 8u];
  char answer_body[SESP_ENROL_ANSWER_MAX];
} sesp_enrol_t;

/** False if the device id or the URL is none. */
bool sesp_enrol_begin(sesp_enrol_t *enrol, const sesp_enrol_port_t *port, const char *device_id, const char *est_url);
/** One attempt at a first certificate; at most one request. Returns at once when there is a certificate. */
sesp_enrol_result_t sesp_enrol_step(sesp_enrol_t *enrol);
/** Renews the certificate by itself, for the same key, if it is due at `now_s` (seconds since 1970). */
sesp_enrol_result_t sesp_enrol_renew_step(sesp_enrol_t *enrol, int64_t now_s);

/* ---- parts of the port ----------------------------------------------------------------------------------------- */

/** By PSA (enrol_psa.c); `ctx` is not used. */
bool sesp_enrol_psa_make_key(void *ctx, sesp_enrol_key_t *key);
bool sesp_enrol_psa_sign(void *ctx, const sesp_enrol_key_t *key, const uint8_t *message, size_t len,
                         uint8_t signature[SESP_ENROL_SIGNATURE_BYTES]);

#ifdef __cplusplus
}
#endif

#endif
