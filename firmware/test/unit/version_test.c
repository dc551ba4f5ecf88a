/* SPDX-License-Identifier: MIT */
#include "sesp_version.h"
#include "suites.h"

static bool parses(const char *text) {
  sesp_version_t version;
  return sesp_version_parse(text, strlen(text), &version);
}

static int order(const char *a, const char *b) {
  sesp_version_t left;
  sesp_version_t right;
  if (!sesp_version_parse(a, strlen(a), &left) || !sesp_version_parse(b, strlen(b), &right)) {
    return 99;
  }
  return sesp_version_compare(&left, &right);
}

static void accepts_the_grammar(void) {
  static const char *const good[] = {"0", "1", "v1", "1.2", "1.2.3", "1.2.3.4", "v0.0.0.0", "4294967295.0",
                                     "1.2-rc.1", "1.2.3-3-gabcd", "1.2.3-3-gabcdef0-dirty", "1.2.3+build.01",
                                     "1.2.3-rc.1+b", "1-a--b", "1-0", "1.2.0-dirty", "1.0-0a",
                                     "1.2.0-4294967296-gabcd", "1.2.0-3-gABCD", "1.0+a-b.0-0"};
  for (size_t at = 0; at < sizeof(good) / sizeof(good[0]); at++) {
    check_report(parses(good[at]), good[at], __FILE__, __LINE__);
  }
}

static void refuses_everything_else(void) {
  static const char *const bad[] = {"", "v", "V1", "vv1", ".1", "1.", "1..2", "1.2.3.4.5", "01", "1.02", "4294967296",
                                    "1.2.3.", "1.2-", "1.2-a..b", "1.2-a.", "1.2-01", "1.2-4294967296", "1.2+",
                                    "1.2+a..b", "1.2+a+b", "1.2_3", "1.2 ", " 1.2", "1.2-a_b", "1a", "1.2.3rc1",
                                    "1.2-\xc3\xa9", "-1", "esp-idf: v4.4", "1.2.3-aaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                    "99999999999999999999", "+1"};
  for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++) {
    check_report(!parses(bad[at]), bad[at], __FILE__, __LINE__);
  }
  sesp_version_t version;
  CHECK(!sesp_version_parse(NULL, 1, &version));
  CHECK(!sesp_version_parse("1", 1, NULL));
  CHECK(!sesp_version_parse("1\0", 2, &version));
}

static void orders_a_chain(void) {
  static const char *const chain[] = {"0.9.9", "1.0.0-0", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0--", "1.0.0-A",
                                      "1.0.0-a", "1.0.0-a.0", "1.0.0-a.0.0", "1.0.0-a.a", "1.0.0-aa", "1.0.0-rc.1",
                                      "1.0.0-rc.1-3-gabcd", "1.0.0", "1.0.0-1-gabcd", "1.0.0-12-gabcd", "1.0.0.1-rc",
                                      "1.0.0.1", "1.0.1", "1.2", "1.10", "2", "4294967295"};
  const size_t count = sizeof(chain) / sizeof(chain[0]);
  for (size_t a = 0; a < count; a++) {
    for (size_t b = 0; b < count; b++) {
      const int expected = a == b ? 0 : (a < b ? -1 : 1);
      check_report(order(chain[a], chain[b]) == expected, chain[a], chain[b], __LINE__);
    }
  }
}

static void knows_equal_versions(void) {
  CHECK(order("v1.2", "1.2.0.0") == 0);
  CHECK(order("1.2+a", "1.2+b") == 0);
  CHECK(order("1.2-3-gabcd", "1.2-3-gef01-dirty") == 0);
  CHECK(order("1.2.0-0-gabcd", "1.2.0") == 0);
}

void version_suite(void) {
  TEST(accepts_the_grammar);
  TEST(refuses_everything_else);
  TEST(orders_a_chain);
  TEST(knows_equal_versions);
}
