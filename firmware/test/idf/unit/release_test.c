/* SPDX-License-Identifier: MIT */
/* Release manifests: what the port reads goes to the core, and is verified with a key of the provisioning partition. */
#include "device.h"

#include <stdio.h>
#include <string.h>

#include "manifest.h"
#include "psa/crypto.h"

#define IMAGE_URL "https://files.example/blink-1.1.0.bin"
#define SPKI_BYTES (91u)

typedef struct {
  psa_key_id_t id;
  uint8_t spki[SPKI_BYTES];
  char kid[65];
} signer_t;

static signer_t ours;
static signer_t theirs;
static uint8_t jws[4096];
static fake_answer_t manifest_answer; /* length, cut, type: filled in by a test */
static const char *s_type = "application/jose";

static void hex_of(const uint8_t *bytes, char *out) {
  for (unsigned at = 0; at < 32u; at++) {
    (void)snprintf(&out[2u * at], 3, "%02x", bytes[at]);
  }
}

static void new_signer(signer_t *out) {
  static const uint8_t HEAD[26] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
                                   0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  uint8_t hash[32];
  size_t len = 0;
  psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
  psa_set_key_bits(&attributes, 256);
  psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_MESSAGE | PSA_KEY_USAGE_EXPORT);
  psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
  CHECK(psa_crypto_init() == PSA_SUCCESS);
  CHECK(psa_generate_key(&attributes, &out->id) == PSA_SUCCESS);
  (void)memcpy(out->spki, HEAD, sizeof(HEAD));
  CHECK(psa_export_public_key(out->id, &out->spki[sizeof(HEAD)], 65, &len) == PSA_SUCCESS && len == 65u);
  CHECK(psa_hash_compute(PSA_ALG_SHA_256, out->spki, SPKI_BYTES, hash, sizeof(hash), &len) == PSA_SUCCESS);
  hex_of(hash, out->kid);
}

/* The manifest of the image that the server has, signed; `kid` is what its header says. */
static void announce(const char *kid, const signer_t *signer) {
  char header[128];
  char payload[1024];
  char image[65];
  uint8_t identity[32];
  uint8_t signature[64];
  char sha256[65];
  size_t len = 0;
  fake_image_identity(server_image, identity);
  hex_of(identity, image);
  (void)snprintf(sha256, sizeof(sha256), "%.64s", &server_etag[1]);
  (void)snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"kid\":\"%s\"}", kid);
  (void)snprintf(payload, sizeof(payload),
                 "{\"seq\":7,\"exp\":2000000000,\"project\":\"blink\",\"chip\":\"esp32c3\",\"version\":\"1.1.0\","
                 "\"secureVersion\":0,\"size\":%zu,\"sha256\":\"%s\",\"image\":\"%s\",\"url\":\"" IMAGE_URL "\"}",
                 server_len, sha256, image);
  size_t at = base64url((const uint8_t *)header, strlen(header), jws);
  jws[at++] = '.';
  at += base64url((const uint8_t *)payload, strlen(payload), &jws[at]);
  CHECK(psa_sign_message(signer->id, PSA_ALG_ECDSA(PSA_ALG_SHA_256), jws, at, signature, sizeof(signature), &len) ==
            PSA_SUCCESS &&
        len == sizeof(signature));
  jws[at++] = '.';
  at += base64url(signature, sizeof(signature), &jws[at]);
  manifest_answer.len = at;
}

static fake_answer_t answers(const fake_request_t *request) {
  if (strcmp(request->url, IMAGE_URL) == 0) {
    CHECK_TEXT(fake_field(request, "Accept"), "application/octet-stream");
    return server_answers(request);
  }
  CHECK(strstr(fake_field(request, "Accept"), "application/jose") != NULL);
  fake_answer_t answer = manifest_answer;
  server_field(&answer, "Content-Type", s_type);
  answer.body = jws;
  return answer;
}

/* Our key is the first or the second of the two that a device may have. */
static void provision(const char *entry) {
  device_provision();
  new_signer(&ours);
  new_signer(&theirs);
  fake_nvs_put(PROV, SPACE, entry, FAKE_NVS_BLOB, ours.spki, SPKI_BYTES);
  server_offer(&(fake_image_spec_t){.version = "1.1.0", .code_bytes = 90000});
  fake_server = answers;
}

static void run(void) {
  device_online();
  device_run();
}

static void image_was_fetched(void *user) {
  (void)user;
  CHECK(fake_requests == 2u);
  CHECK_TEXT(fake_last_request.url, IMAGE_URL);
  CHECK(strstr(device_last("update/state"), "\"to\":\"1.1.0\"") != NULL);
}

static void updates_with(const char *entry) {
  device_config.before_restart = image_was_fetched;
  provision(entry);
  announce(ours.kid, &ours);
  run();
  (void)device_state_has("never", 600000);
}

static void updates_by_the_first_key(void) {
  updates_with("release_key_1");
}

static void updates_by_the_second_key(void) {
  s_type = "Application/JOSE; charset=utf-8";
  updates_with("release_key_2");
}

static void what_a_release_key_signed_is_installed(void) {
  fake_new_chip();
  CHECK(fake_boot(updates_by_the_first_key) == FAKE_BOOT_RESTARTED);
  CHECK(fake_chip->boot_sets == 1u && fake_chip->boot == 1u);
  fake_new_chip();
  CHECK(fake_boot(updates_by_the_second_key) == FAKE_BOOT_RESTARTED);
  CHECK(fake_chip->boot_sets == 1u && fake_chip->boot == 1u);
}

/* No image is asked for, and the slot is as it was. */
static void refused(const char *reason, const char *line) {
  CHECK(device_state_has(reason, 60000));
  CHECK(fake_log_contains(line));
  fake_run(2000);
  CHECK(fake_requests == 1u);
  CHECK(fake_chip->erases[1][0] == 0u);
  CHECK(fake_chip->boot_sets == 0u);
  CHECK(fake_http_clients == 0);
}

static void a_signature_that_was_changed_is_refused(void) {
  provision("release_key_1");
  announce(ours.kid, &ours);
  jws[manifest_answer.len - 43u] = jws[manifest_answer.len - 43u] == 'A' ? 'B' : 'A';
  run();
  refused("\"reason\":\"bad_signature\"", "the release manifest's");
}

static void a_manifest_that_was_changed_is_refused(void) {
  provision("release_key_1");
  announce(ours.kid, &ours);
  uint8_t *const digit = &jws[200];
  *digit = *digit == 'A' ? 'B' : 'A';
  run();
  refused("\"reason\":\"bad_signature\"", "the release manifest's");
}

static void a_key_that_is_only_claimed_is_refused(void) {
  provision("release_key_1");
  announce(ours.kid, &theirs);
  run();
  refused("\"reason\":\"bad_signature\"", "the release manifest's");
}

static void an_unknown_key_is_refused(void) {
  provision("release_key_1");
  announce(theirs.kid, &theirs);
  run();
  refused("\"reason\":\"untrusted_key\"", "the release manifest's");
}

static void a_device_without_release_keys_refuses_all(void) {
  provision("release_key_1");
  fake_nvs_remove(PROV, SPACE, "release_key_1");
  announce(ours.kid, &ours);
  run();
  refused("\"reason\":\"untrusted_key\"", "the release manifest's");
}

static void too_long(bool no_length) {
  provision("release_key_1");
  announce(ours.kid, &ours);
  (void)memset(&jws[manifest_answer.len], 'A', sizeof(jws) - manifest_answer.len);
  manifest_answer.len = no_length ? sizeof(jws) : SESP_JWS_MAX_BYTES + 1u;
  manifest_answer.no_length = no_length;
  run();
  refused("\"reason\":\"too_large\"", no_length ? "too_large" : "the release manifest is too long");
}

static void a_manifest_that_says_that_it_is_too_long_is_not_read(void) {
  too_long(false);
  CHECK(fake_http_bytes == 0u);
}

static void a_manifest_that_turns_out_too_long_is_read_no_further(void) {
  too_long(true);
  CHECK(fake_http_bytes == SESP_JWS_MAX_BYTES + 1u);
}

static void a_manifest_of_the_longest_length_is_read_whole(void) {
  provision("release_key_1");
  announce(ours.kid, &ours);
  (void)memset(&jws[manifest_answer.len], 'A', sizeof(jws) - manifest_answer.len);
  manifest_answer.len = SESP_JWS_MAX_BYTES;
  run();
  refused("\"reason\":\"bad_signature\"", "the release manifest is malformed");
  CHECK(fake_http_bytes == SESP_JWS_MAX_BYTES);
}

static void half_a_manifest_is_truncated(void) {
  provision("release_key_1");
  announce(ours.kid, &ours);
  manifest_answer.cut_at = 300;
  run();
  refused("\"reason\":\"truncated\"", "truncated");
}

static void an_image_that_was_not_announced_is_refused(void) {
  provision("release_key_1");
  announce(ours.kid, &ours);
  server_image[server_len - 1u] ^= 1u; /* in the trailer: neither its hash nor its checksum covers it */
  run();
  CHECK(device_state_has("\"reason\":\"bad_hash\"", 60000));
  fake_run(2000);
  CHECK(fake_chip->boot_sets == 0u);
}

void release_suite(void) {
  TEST(what_a_release_key_signed_is_installed);
  BOOT_TEST(a_signature_that_was_changed_is_refused);
  BOOT_TEST(a_manifest_that_was_changed_is_refused);
  BOOT_TEST(a_key_that_is_only_claimed_is_refused);
  BOOT_TEST(an_unknown_key_is_refused);
  BOOT_TEST(a_device_without_release_keys_refuses_all);
  BOOT_TEST(a_manifest_that_says_that_it_is_too_long_is_not_read);
  BOOT_TEST(a_manifest_that_turns_out_too_long_is_read_no_further);
  BOOT_TEST(a_manifest_of_the_longest_length_is_read_whole);
  BOOT_TEST(half_a_manifest_is_truncated);
  BOOT_TEST(an_image_that_was_not_announced_is_refused);
}
