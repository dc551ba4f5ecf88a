/* SPDX-License-Identifier: MIT */
#include "sesp_blob.h"
#include "sesp_records.h"
#include "sesp_text.h"
#include "suites.h"
#include "world.h"

static world_t world;

static void reads_back_what_was_stored(void) {
  world_ready(&world);
  sesp_pending_t in;
  sesp_pending_t out;
  memset(&in, 0, sizeof(in));
  in.run = 0xFFFFFFFEu;
  in.stated = true;
  world_identity(in.identity, 9);
  memset(in.from, 'a', SESP_VERSION_MAX_BYTES);
  memset(in.etag, 'b', SESP_ETAG_MAX_BYTES);
  CHECK(sesp_store_pending(&world.core, &in) == SESP_OK);
  CHECK(sesp_load_pending(&world.core, &out) == SESP_KV_OK);
  CHECK(out.run == in.run && out.stated && !out.failed && memcmp(out.identity, in.identity, 32) == 0);
  CHECK_TEXT(out.from, in.from);
  CHECK_TEXT(out.to, "");
  CHECK_TEXT(out.etag, in.etag);
}

static void takes_a_damaged_record_for_none(void) {
  world_ready(&world);
  sesp_pending_t out;
  sesp_pending_t in;
  memset(&in, 0, sizeof(in));
  CHECK(sesp_store_pending(&world.core, &in) == SESP_OK);
  world_entry_t *entry = (world_entry_t *)world_entry(&world, "pending");
  const size_t len = entry->len;
  for (entry->len = 0; entry->len < len; entry->len++) {
    CHECK(sesp_load_pending(&world.core, &out) == SESP_KV_NOT_FOUND);
  }
  entry->len = len + 1u;
  CHECK(sesp_load_pending(&world.core, &out) == SESP_KV_NOT_FOUND);
  entry->len = len;
  CHECK(sesp_load_pending(&world.core, &out) == SESP_KV_OK);
  entry->value[0] = 2; /* the form of another release */
  CHECK(sesp_load_pending(&world.core, &out) == SESP_KV_NOT_FOUND);
  entry->len = sizeof(entry->value);
  CHECK(sesp_load_pending(&world.core, &out) == SESP_KV_NOT_FOUND);
}

static void refuses_an_outcome_that_the_contract_does_not_know(void) {
  world_ready(&world);
  sesp_update_state_t in;
  sesp_update_state_t out;
  memset(&in, 0, sizeof(in));
  in.state = SESP_UPDATE_STATE_STATE_CONFIRMED;
  in.reason_is_null = true;
  CHECK(sesp_store_outcome(&world.core, &in) == SESP_OK);
  CHECK(sesp_load_outcome(&world.core, &out) == SESP_KV_OK && out.reason_is_null);
  world_entry_t *entry = (world_entry_t *)world_entry(&world, "outcome");
  entry->value[5] = 200;
  CHECK(sesp_load_outcome(&world.core, &out) == SESP_KV_NOT_FOUND);
  entry->value[5] = (uint8_t)SESP_UPDATE_STATE_STATE_DOWNLOADING; /* ends no run */
  CHECK(sesp_load_outcome(&world.core, &out) == SESP_KV_NOT_FOUND);
}

static void takes_unprintable_text_for_damage(void) {
  world_ready(&world);
  sesp_update_state_t in;
  sesp_update_state_t out;
  memset(&in, 0, sizeof(in));
  memcpy(in.from, "1.0", 4);
  CHECK(sesp_store_outcome(&world.core, &in) == SESP_OK && sesp_load_outcome(&world.core, &out) == SESP_KV_OK);
  in.from[1] = '\x7f';
  CHECK(sesp_store_outcome(&world.core, &in) == SESP_OK);
  CHECK(sesp_load_outcome(&world.core, &out) == SESP_KV_NOT_FOUND);
}

static void never_writes_beyond_a_blob(void) {
  uint8_t bytes[SESP_BLOB_MAX_BYTES];
  sesp_blob_t blob;
  memset(bytes, 1, sizeof(bytes));
  sesp_blob_begin(&blob);
  sesp_blob_put_bytes(&blob, bytes, SESP_BLOB_MAX_BYTES - 1u);
  CHECK(blob.ok);
  sesp_blob_put_u8(&blob, 1);
  CHECK(!blob.ok && blob.len == SESP_BLOB_MAX_BYTES);
}

static void builds_bounded_texts(void) {
  char small[8];
  sesp_text_t text = sesp_text_begin(small, sizeof(small));
  sesp_text_add(&text, "abc");
  sesp_text_add_u32(&text, 4294967295u);
  CHECK_TEXT(small, "abc4294");
  char printable[8];
  sesp_text_printable(printable, sizeof(printable), "a\x01\"\xc3\xa9" "bcdefg");
  CHECK_TEXT(printable, "a?\"??bc");
  uint8_t bytes[2] = {0x0f, 0xa0};
  char hex[5];
  uint8_t back[2];
  sesp_text_hex(hex, bytes, 2);
  CHECK_TEXT(hex, "0fa0");
  sesp_text_unhex(back, 2, hex);
  CHECK(memcmp(back, bytes, 2) == 0);
}

void records_suite(void) {
  TEST(reads_back_what_was_stored);
  TEST(takes_a_damaged_record_for_none);
  TEST(refuses_an_outcome_that_the_contract_does_not_know);
  TEST(takes_unprintable_text_for_damage);
  TEST(never_writes_beyond_a_blob);
  TEST(builds_bounded_texts);
}
