/* SPDX-License-Identifier: MIT */
/**
 * @file check.h
 * @brief The smallest test frame that names what failed. Each test file defines one suite function.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  const char *suite;
  const char *test;
  unsigned tests;
  unsigned checks;
  unsigned failures;
} check_state_t;

extern check_state_t check_state;

typedef struct {
  const char *name;
  void (*run)(void);
} check_suite_t;

/** Runs suites, prints how many tests and checks there were, and returns the exit code of the program. */
int check_run(const check_suite_t *suites, size_t count);

static inline void check_report(bool good, const char *what, const char *file, int line) {
  check_state.checks++;
  if (!good) {
    check_state.failures++;
    (void)fprintf(stderr, "%s:%d: %s / %s: %s\n", file, line, check_state.suite, check_state.test, what);
  }
}

#define CHECK(condition) check_report((condition), #condition, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) check_report(strcmp((actual), (expected)) == 0, #actual, __FILE__, __LINE__)

/** Runs one test; its name is the sentence that it proves. */
#define TEST(function)              \
  do {                              \
    check_state.test = #function;   \
    check_state.tests++;            \
    function();                     \
  } while (false)

#endif
