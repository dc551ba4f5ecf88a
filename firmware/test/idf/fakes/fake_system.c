/* SPDX-License-Identifier: MIT */
/* Faults, log, heap, random numbers, timers, the wall clock. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "esp_heap_caps.h"
#include "esp_log.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "boots.h"
#include "fake.h"
#include "fake_internal.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#define MAX_FUNCTIONS (96u)
#define LOG_BYTES (1u << 18)

typedef struct {
  const char *name;
  unsigned calls;
  bool armed;
  unsigned countdown; /* 0 = always */
  esp_err_t code;
} function_t;

static function_t functions[MAX_FUNCTIONS];

static function_t *function_of(const char *name) {
  for (unsigned at = 0; at < MAX_FUNCTIONS; at++) {
    if (functions[at].name == NULL) {
      functions[at].name = name;
    }
    if (strcmp(functions[at].name, name) == 0) {
      return &functions[at];
    }
  }
  abort();
}

void fake_fail(const char *function, unsigned nth, esp_err_t code) {
  function_t *entry = function_of(function);
  entry->armed = true;
  entry->countdown = nth;
  entry->code = code;
}

void fake_fail_never(const char *function) { function_of(function)->armed = false; }

unsigned fake_calls(const char *function) { return function_of(function)->calls; }

esp_err_t fake_due(const char *function) {
  function_t *entry = function_of(function);
  entry->calls++;
  if (!entry->armed) {
    return ESP_OK;
  }
  if (entry->countdown == 0u) {
    return entry->code;
  }
  if (--entry->countdown > 0u) {
    return ESP_OK;
  }
  entry->armed = false;
  return entry->code;
}

const char *esp_err_to_name(esp_err_t code) {
  static char name[24];
  (void)snprintf(name, sizeof(name), "ERROR 0x%x", (unsigned)code);
  return name;
}

void fake_check_failed(esp_err_t code, const char *file, int line, const char *expression) {
  (void)fprintf(stderr, "%s:%d: ESP_ERROR_CHECK(%s): 0x%x\n", file, line, expression, (unsigned)code);
  abort();
}

void fake_assert(bool condition, const char *text, const char *file, int line) {
  if (!condition) {
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, text);
    abort();
  }
}

static char log_text[LOG_BYTES];
static size_t log_len;

void fake_log(esp_log_level_t level, const char *tag, const char *format, ...) {
  char line[1024];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(line, sizeof(line), format, args);
  va_end(args);
  if (log_len + strlen(line) + strlen(tag) + 8u < LOG_BYTES) {
    log_len += (size_t)snprintf(&log_text[log_len], LOG_BYTES - log_len, "%c %s: %s\n", "NEWIDV"[level], tag, line);
  }
  if (getenv("FAKE_LOG") != NULL) {
    (void)fprintf(stderr, "%8lld.%03lld %c %s: %s\n", (long long)(fake_now_us() / 1000000),
                  (long long)((fake_now_us() / 1000) % 1000), "NEWIDV"[level], tag, line);
  }
}

void esp_log_level_set(const char *tag, esp_log_level_t level) {
  (void)tag;
  (void)level;
}

bool fake_log_contains(const char *text) { return strstr(log_text, text) != NULL; }

void fake_log_clear(void) {
  log_len = 0;
  log_text[0] = '\0';
}

size_t fake_free_heap = 200u * 1024u;
size_t fake_largest_block = 110u * 1024u;

uint32_t esp_get_free_heap_size(void) { return (uint32_t)fake_free_heap; }
uint32_t esp_get_free_internal_heap_size(void) { return (uint32_t)fake_free_heap; }
uint32_t esp_get_minimum_free_heap_size(void) { return (uint32_t)fake_free_heap; }

size_t heap_caps_get_free_size(uint32_t caps) {
  (void)caps;
  return fake_free_heap;
}

size_t heap_caps_get_largest_free_block(uint32_t caps) {
  (void)caps;
  return fake_largest_block;
}

size_t heap_caps_get_minimum_free_size(uint32_t caps) { return heap_caps_get_free_size(caps); }

void *heap_caps_malloc(size_t size, uint32_t caps) {
  (void)caps;
  return fake_due(__func__) != ESP_OK ? NULL : malloc(size);
}

void *heap_caps_calloc(size_t n, size_t size, uint32_t caps) {
  (void)caps;
  return fake_due(__func__) != ESP_OK ? NULL : calloc(n, size);
}

void heap_caps_free(void *ptr) { free(ptr); }

static uint32_t random_state = 2463534242u;

uint32_t esp_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

void esp_fill_random(void *buf, size_t len) {
  for (size_t at = 0; at < len; at++) {
    ((uint8_t *)buf)[at] = (uint8_t)esp_random();
  }
}

esp_reset_reason_t esp_reset_reason(void) { return fake_chip->reset_reason; }

void esp_restart(void) { fake_reset(ESP_RST_SW); }

void esp_system_abort(const char *details) {
  fake_log(ESP_LOG_ERROR, "panic", "%s", details);
  fake_reset(ESP_RST_PANIC);
}

esp_err_t esp_register_shutdown_handler(shutdown_handler_t handle) {
  (void)handle;
  return ESP_OK;
}

int64_t esp_timer_get_time(void) { return fake_now_us(); }

struct esp_timer {
  esp_timer_create_args_t args;
  bool active;
  bool periodic;
  uint64_t every_us;
  int64_t due_us;
};

static bool timer_is_due(void *arg) {
  const struct esp_timer *timer = arg;
  return timer->active && fake_now_us() >= timer->due_us;
}

/* One task per timer, where ESP-IDF has one for all. */
static void timer_task(void *arg) {
  struct esp_timer *timer = arg;
  for (;;) {
    if (timer_is_due(timer)) {
      timer->active = timer->periodic;
      timer->due_us += (int64_t)timer->every_us;
      timer->args.callback(timer->args.arg);
    }
    const int64_t left = timer->active ? timer->due_us - fake_now_us() : 0;
    (void)fake_block(timer_is_due, timer, timer->active ? (uint64_t)(left > 0 ? left : 0) : FAKE_FOREVER);
  }
}

esp_err_t esp_timer_create(const esp_timer_create_args_t *create_args, esp_timer_handle_t *out_handle) {
  FAKE_FAULT();
  struct esp_timer *timer = calloc(1, sizeof(*timer));
  timer->args = *create_args;
  *out_handle = timer;
  return xTaskCreate(timer_task, "esp_timer", 4096, timer, 22, NULL) == pdPASS ? ESP_OK : ESP_ERR_NO_MEM;
}

static esp_err_t start_timer(esp_timer_handle_t timer, uint64_t us, bool periodic) {
  if (timer->active) {
    return ESP_ERR_INVALID_STATE;
  }
  timer->active = true;
  timer->periodic = periodic;
  timer->every_us = us;
  timer->due_us = fake_now_us() + (int64_t)us;
  return ESP_OK;
}

esp_err_t esp_timer_start_once(esp_timer_handle_t timer, uint64_t timeout_us) {
  return start_timer(timer, timeout_us, false);
}

esp_err_t esp_timer_start_periodic(esp_timer_handle_t timer, uint64_t period) {
  return start_timer(timer, period, true);
}

esp_err_t esp_timer_stop(esp_timer_handle_t timer) {
  const bool was = timer->active;
  timer->active = false;
  return was ? ESP_OK : ESP_ERR_INVALID_STATE;
}

esp_err_t esp_timer_delete(esp_timer_handle_t timer) {
  return timer->active ? ESP_ERR_INVALID_STATE : ESP_OK;
}

/* The wall clock moves with the clock of the tasks. The linker puts these in the place of the C library's (--wrap). */
static int64_t unix_offset_us;
static bool unix_known;

int64_t fake_unix_us(void) {
  if (!unix_known) {
    unix_known = true;
    unix_offset_us = fake_chip->unix_us;
  }
  return unix_offset_us + fake_now_us();
}

void fake_set_unix_us(int64_t value) {
  unix_known = true;
  unix_offset_us = value - fake_now_us();
}

time_t __wrap_time(time_t *out);
int __wrap_gettimeofday(struct timeval *out, void *zone);
int __wrap_settimeofday(const struct timeval *value, const void *zone);

time_t __wrap_time(time_t *out) {
  const time_t now = (time_t)(fake_unix_us() / 1000000);
  if (out != NULL) {
    *out = now;
  }
  return now;
}

int __wrap_gettimeofday(struct timeval *out, void *zone) {
  (void)zone;
  out->tv_sec = (time_t)(fake_unix_us() / 1000000);
  out->tv_usec = (suseconds_t)(fake_unix_us() % 1000000);
  return 0;
}

int __wrap_settimeofday(const struct timeval *value, const void *zone) {
  (void)zone;
  fake_set_unix_us(((int64_t)value->tv_sec * 1000000) + value->tv_usec);
  return 0;
}

size_t fake_strlcpy(char *out, const char *from, size_t cap) {
  const size_t len = strlen(from);
  if (cap > 0u) {
    const size_t kept = len < cap ? len : cap - 1u;
    (void)memcpy(out, from, kept);
    out[kept] = '\0';
  }
  return len;
}

size_t fake_strlcat(char *out, const char *from, size_t cap) {
  const size_t len = strnlen(out, cap);
  return len == cap ? cap + strlen(from) : len + fake_strlcpy(&out[len], from, cap - len);
}
