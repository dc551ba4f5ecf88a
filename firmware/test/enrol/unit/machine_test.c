/* SPDX-License-Identifier: MIT */
/* The machine against a storage that loses power at every write, and a server that keeps the rules of the real one. */
#include "enrol.h"
#include "suites.h"
#include "vectors.h"

#define ITEMS (3u)
#define NEVER (1000u)

typedef struct {
  /* storage, which survives */
  char items[ITEMS][SESP_ENROL_CERTIFICATE_PEM_SIZE];
  bool is_there[ITEMS];
  bool fails_to_load[ITEMS];
  /* the server, which survives too */
  bool is_bound;
  uint32_t answer_status;
  const char *answer_text;
  bool answer_is_html;
  unsigned issued;
  /* what happens */
  unsigned writes;
  unsigned power_fails_at; /* before this write; everything after it fails */
  unsigned answers_lost;
  unsigned requests;
  unsigned keys_made;
  bool key_fails;
  char log[64];
  char url[SESP_ENROL_URL_MAX + 64u];
  char authorization[300];
  bool had_client_certificate;
} world_t;

static world_t world;
static sesp_enrol_t enrol;

static void note(char what) {
  const size_t len = strlen(world.log);
  if (len < sizeof(world.log) - 1u) {
    world.log[len] = what;
    world.log[len + 1u] = '\0';
  }
}

static bool make_key(void *ctx, sesp_enrol_key_t *key) {
  (void)ctx;
  world.keys_made++;
  note('m');
  return !world.key_fails && sesp_enrol_key_read(VECTOR_KEY_SEC1, key);
}

static bool sign(void *ctx, const sesp_enrol_key_t *key, const uint8_t *message, size_t len,
                 uint8_t signature[SESP_ENROL_SIGNATURE_BYTES]) {
  (void)ctx;
  (void)key;
  (void)message;
  (void)len;
  memset(signature, 1, SESP_ENROL_SIGNATURE_BYTES);
  return true;
}

static sesp_enrol_load_t load(void *ctx, sesp_enrol_item_t item, char *text, size_t capacity) {
  (void)ctx;
  if (world.fails_to_load[item]) {
    return SESP_ENROL_UNREADABLE;
  }
  if (!world.is_there[item]) {
    return SESP_ENROL_ABSENT;
  }
  if (strlen(world.items[item]) >= capacity) {
    return SESP_ENROL_UNREADABLE;
  }
  memcpy(text, world.items[item], strlen(world.items[item]) + 1u);
  return SESP_ENROL_FOUND;
}

static bool store(void *ctx, sesp_enrol_item_t item, const char *text) {
  (void)ctx;
  static const char names[ITEMS] = {'K', 'C', 'E'};
  if (world.writes >= world.power_fails_at) {
    return false;
  }
  world.writes++;
  note(names[item]);
  world.is_there[item] = text != NULL;
  if (text != NULL) {
    CHECK(strlen(text) < sizeof(world.items[item]));
    memcpy(world.items[item], text, strlen(text) + 1u);
  }
  return true;
}

static void post(void *ctx, const sesp_enrol_request_t *request, char *body, size_t capacity,
                 sesp_enrol_answer_t *answer) {
  (void)ctx;
  uint8_t der[SESP_ENROL_CSR_MAX];
  size_t len = 0;
  world.requests++;
  note('r');
  CHECK(sesp_base64_decode(request->body, request->body_len, der, sizeof(der), &len));
  CHECK(world.is_there[SESP_ENROL_KEY]); /* or it could be lost, and the claim with it */
  memcpy(world.url, request->url, strlen(request->url) + 1u);
  world.had_client_certificate = request->client_certificate != NULL && request->client_key != NULL;
  world.authorization[0] = '\0';
  if (request->authorization != NULL) {
    memcpy(world.authorization, request->authorization, strlen(request->authorization) + 1u);
  }
  if (world.answer_status == 200u) {
    world.issued += world.is_bound ? 0u : 1u;
    world.is_bound = true;
  }
  if (world.answers_lost > 0u) {
    world.answers_lost--;
    return;
  }
  CHECK(strlen(world.answer_text) <= capacity);
  memcpy(body, world.answer_text, strlen(world.answer_text));
  *answer = (sesp_enrol_answer_t){.status = world.answer_status,
                                  .is_pkcs7 = !world.answer_is_html,
                                  .retry_after_s = world.answer_status == 503u ? 77u : 0u,
                                  .len = strlen(world.answer_text)};
}

static uint16_t no_jitter(void *ctx) {
  (void)ctx;
  return 0;
}

static const sesp_enrol_port_t PORT = {
    .make_key = make_key, .sign = sign, .load = load, .store = store, .request = post, .random = no_jitter};

static void put(sesp_enrol_item_t item, const char *text) {
  memcpy(world.items[item], text, strlen(text) + 1u);
  world.is_there[item] = true;
}

/** A device as `secure-esp provision --est-url` leaves it, and a server that knows its claim. */
static void start(void) {
  world = (world_t){.power_fails_at = NEVER, .answer_status = 200, .answer_text = VECTOR_TWO};
  put(SESP_ENROL_CLAIM, "the-token");
  CHECK(sesp_enrol_begin(&enrol, &PORT, "esp-007", "https://est.example:8443"));
}

static bool is_enrolled(void) {
  return world.is_there[SESP_ENROL_KEY] && world.is_there[SESP_ENROL_CERTIFICATE] &&
         !world.is_there[SESP_ENROL_CLAIM] && strcmp(world.items[SESP_ENROL_KEY], VECTOR_KEY_SEC1) == 0 &&
         strcmp(world.items[SESP_ENROL_CERTIFICATE], VECTOR_CERTIFICATE) == 0;
}

static bool has_secrets(void) {
  const uint8_t *bytes = (const uint8_t *)&enrol.key;
  for (size_t at = 0; at < sizeof(enrol.key); at++) {
    if (bytes[at] != 0u) {
      return true;
    }
  }
  return enrol.key_pem[0] != '\0' || enrol.claim[0] != '\0' || enrol.authorization[0] != '\0';
}

static void a_device_enrols_in_the_order_that_survives(void) {
  start();
  const sesp_enrol_result_t result = sesp_enrol_step(&enrol);
  CHECK(result.state == SESP_ENROL_DONE && is_enrolled());
  CHECK_TEXT(world.log, "mKrCE"); /* make, store the key, request, store the certificate, erase the claim */
  CHECK_TEXT(world.url, "https://est.example:8443/.well-known/est/simpleenroll");
  CHECK_TEXT(world.authorization, "Basic ZXNwLTAwNzp0aGUtdG9rZW4=");
  CHECK(!world.had_client_certificate && !has_secrets());
  CHECK(sesp_enrol_step(&enrol).state == SESP_ENROL_DONE && world.requests == 1u);
}

static void the_power_may_go_before_every_write(void) {
  unsigned cuts = 0;
  for (unsigned at = 0; at <= 3u; at++) {
    for (unsigned lost = 0; lost < 2u; lost++) {
      start();
      world.power_fails_at = at;
      world.answers_lost = lost;
      const sesp_enrol_result_t cut = sesp_enrol_step(&enrol);
      cuts += cut.state == SESP_ENROL_DONE ? 0u : 1u;
      /* switched on again */
      world.power_fails_at = NEVER;
      CHECK(sesp_enrol_begin(&enrol, &PORT, "esp-007", "https://est.example:8443"));
      unsigned steps = 0;
      while (sesp_enrol_step(&enrol).state != SESP_ENROL_DONE && steps < 5u) {
        steps++;
      }
      CHECK(is_enrolled() && world.issued == 1u);
      /* a key that was not stored was shown to nobody */
      CHECK(world.keys_made == (at == 0u ? 2u : 1u));
    }
  }
  CHECK(cuts >= 5u);
}

static void a_certificate_from_the_desk_needs_no_enrolment(void) {
  start();
  put(SESP_ENROL_KEY, VECTOR_KEY_PKCS8);
  put(SESP_ENROL_CERTIFICATE, VECTOR_CERTIFICATE);
  world.is_there[SESP_ENROL_CLAIM] = false;
  CHECK(sesp_enrol_step(&enrol).state == SESP_ENROL_DONE);
  CHECK_TEXT(world.log, "");
}

static void without_a_claim_there_is_nothing_to_ask_with(void) {
  static const char *const claims[] = {"", "to ken"};
  start();
  world.is_there[SESP_ENROL_CLAIM] = false;
  CHECK(sesp_enrol_step(&enrol).state == SESP_ENROL_STUCK);
  for (size_t at = 0; at < 2u; at++) {
    put(SESP_ENROL_CLAIM, claims[at]);
    const sesp_enrol_result_t result = sesp_enrol_step(&enrol);
    CHECK(result.state == SESP_ENROL_STUCK && result.reason == SESP_ENROL_REASON_SETTINGS);
  }
  CHECK_TEXT(world.log, "");
  CHECK(!sesp_enrol_begin(&enrol, &PORT, "esp 007", "https://est.example"));
  CHECK(!sesp_enrol_begin(&enrol, &PORT, "esp-007", "http://est.example"));
}

static void a_key_that_is_there_is_never_replaced(void) {
  start();
  put(SESP_ENROL_KEY, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  const sesp_enrol_result_t result = sesp_enrol_step(&enrol);
  CHECK(result.state == SESP_ENROL_WAIT && result.reason == SESP_ENROL_REASON_KEY);
  CHECK_TEXT(world.log, "");
}

static void what_fails_is_tried_again_later(void) {
  static const struct {
    uint32_t status;
    sesp_enrol_reason_t reason;
    uint32_t wait_s;
  } cases[] = {
      {0, SESP_ENROL_REASON_UNREACHABLE, 5}, {202, SESP_ENROL_REASON_LATER, 5}, {503, SESP_ENROL_REASON_LATER, 77},
      {401, SESP_ENROL_REASON_CLAIM, 3600},  {403, SESP_ENROL_REASON_CLAIM, 3600},
      {301, SESP_ENROL_REASON_STATUS, 3600}, {404, SESP_ENROL_REASON_STATUS, 3600},
  };
  for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
    start();
    world.answer_status = cases[at].status;
    const sesp_enrol_result_t result = sesp_enrol_step(&enrol);
    CHECK(result.state == SESP_ENROL_WAIT && result.reason == cases[at].reason);
    CHECK(result.wait_s == cases[at].wait_s && result.status == cases[at].status);
    CHECK(world.is_there[SESP_ENROL_CLAIM] && !world.is_there[SESP_ENROL_CERTIFICATE] && !has_secrets());
    world.answer_status = 200;
    CHECK(sesp_enrol_step(&enrol).state == SESP_ENROL_DONE && is_enrolled() && world.keys_made == 1u);
  }
}

static void an_answer_without_our_certificate_is_not_stored(void) {
  static const char *const answers[] = {"", "AAAA", "!", VECTOR_KEY_SEC1};
  for (size_t at = 0; at < sizeof(answers) / sizeof(answers[0]); at++) {
    start();
    world.answer_text = answers[at];
    const sesp_enrol_result_t result = sesp_enrol_step(&enrol);
    CHECK(result.state == SESP_ENROL_WAIT && result.reason == SESP_ENROL_REASON_ANSWER && result.wait_s == 5u);
    CHECK_TEXT(world.log, "mKr");
  }
  start();
  world.answer_is_html = true;
  CHECK(sesp_enrol_step(&enrol).reason == SESP_ENROL_REASON_ANSWER);
  /* our key, another name */
  start();
  CHECK(sesp_enrol_begin(&enrol, &PORT, "esp-008", "https://est.example:8443"));
  CHECK(sesp_enrol_step(&enrol).reason == SESP_ENROL_REASON_ANSWER && !world.is_there[SESP_ENROL_CERTIFICATE]);
}

static void storage_and_key_may_fail(void) {
  start();
  world.fails_to_load[SESP_ENROL_CERTIFICATE] = true;
  CHECK(sesp_enrol_step(&enrol).reason == SESP_ENROL_REASON_STORAGE);
  start();
  world.fails_to_load[SESP_ENROL_KEY] = true;
  CHECK(sesp_enrol_step(&enrol).reason == SESP_ENROL_REASON_STORAGE && world.keys_made == 0u);
  start();
  world.key_fails = true;
  CHECK(sesp_enrol_step(&enrol).reason == SESP_ENROL_REASON_KEY);
  CHECK_TEXT(world.log, "m");
}

#define AT_THE_START (1767225600)
#define AT_TWO_THIRDS (AT_THE_START + (2082758400 - 1767225600) / 100 * 66)

static void start_enrolled(void) {
  start();
  put(SESP_ENROL_KEY, VECTOR_KEY_PKCS8);
  put(SESP_ENROL_CERTIFICATE, VECTOR_CERTIFICATE);
  world.is_there[SESP_ENROL_CLAIM] = false;
  world.answer_text = VECTOR_LATE;
}

static void a_certificate_is_renewed_when_it_is_due(void) {
  start_enrolled();
  sesp_enrol_result_t result = sesp_enrol_renew_step(&enrol, AT_TWO_THIRDS - 1);
  CHECK(result.state == SESP_ENROL_DONE && result.wait_s == 1u && world.requests == 0u);
  result = sesp_enrol_renew_step(&enrol, AT_TWO_THIRDS);
  CHECK(result.state == SESP_ENROL_DONE && result.wait_s == 0u);
  CHECK_TEXT(world.log, "rC"); /* one write: the old one, or the new one */
  CHECK_TEXT(world.url, "https://est.example:8443/.well-known/est/simplereenroll");
  CHECK_TEXT(world.authorization, "");
  CHECK(world.had_client_certificate && !has_secrets());
  CHECK(strcmp(world.items[SESP_ENROL_CERTIFICATE], VECTOR_CERTIFICATE) != 0);
  CHECK_TEXT(world.items[SESP_ENROL_KEY], VECTOR_KEY_PKCS8);
  CHECK(sesp_enrol_renew_step(&enrol, AT_TWO_THIRDS).wait_s > 0u && world.requests == 1u);
}

static void a_renewal_that_fails_changes_nothing(void) {
  static const uint32_t statuses[] = {0, 403, 429, 500};
  for (size_t at = 0; at < sizeof(statuses) / sizeof(statuses[0]); at++) {
    start_enrolled();
    world.answer_status = statuses[at];
    const sesp_enrol_result_t result = sesp_enrol_renew_step(&enrol, AT_TWO_THIRDS);
    CHECK(result.state == SESP_ENROL_WAIT && result.wait_s > 0u);
    CHECK((result.reason == SESP_ENROL_REASON_CERTIFICATE) == (statuses[at] == 403u));
    CHECK_TEXT(world.items[SESP_ENROL_CERTIFICATE], VECTOR_CERTIFICATE);
  }
  start_enrolled();
  world.power_fails_at = 0;
  CHECK(sesp_enrol_renew_step(&enrol, AT_TWO_THIRDS).reason == SESP_ENROL_REASON_STORAGE);
  CHECK_TEXT(world.items[SESP_ENROL_CERTIFICATE], VECTOR_CERTIFICATE);
  start_enrolled();
  world.is_there[SESP_ENROL_KEY] = false;
  CHECK(sesp_enrol_renew_step(&enrol, AT_TWO_THIRDS).reason == SESP_ENROL_REASON_STORAGE);
  start_enrolled();
  put(SESP_ENROL_CERTIFICATE, VECTOR_KEY_SEC1);
  CHECK(sesp_enrol_renew_step(&enrol, AT_TWO_THIRDS).state == SESP_ENROL_STUCK);
  start_enrolled();
  put(SESP_ENROL_KEY, "no key");
  CHECK(sesp_enrol_renew_step(&enrol, AT_TWO_THIRDS).reason == SESP_ENROL_REASON_KEY && world.requests == 0u);
}

static void a_certificate_of_another_key_is_not_renewed(void) {
  sesp_enrol_key_t key;
  start_enrolled();
  CHECK(sesp_enrol_key_read(VECTOR_KEY_SEC1, &key));
  key.public_key[1] = (uint8_t)(key.public_key[1] ^ 1u);
  CHECK(sesp_enrol_key_write(&key, world.items[SESP_ENROL_KEY], SESP_ENROL_KEY_PEM_SIZE));
  const sesp_enrol_result_t result = sesp_enrol_renew_step(&enrol, AT_TWO_THIRDS);
  CHECK(result.state == SESP_ENROL_STUCK && result.reason == SESP_ENROL_REASON_KEY && world.requests == 0u);
}

void machine_suite(void) {
  TEST(a_device_enrols_in_the_order_that_survives);
  TEST(the_power_may_go_before_every_write);
  TEST(a_certificate_from_the_desk_needs_no_enrolment);
  TEST(without_a_claim_there_is_nothing_to_ask_with);
  TEST(a_key_that_is_there_is_never_replaced);
  TEST(what_fails_is_tried_again_later);
  TEST(an_answer_without_our_certificate_is_not_stored);
  TEST(storage_and_key_may_fail);
  TEST(a_certificate_is_renewed_when_it_is_due);
  TEST(a_renewal_that_fails_changes_nothing);
  TEST(a_certificate_of_another_key_is_not_renewed);
}
