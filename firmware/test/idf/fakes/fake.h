/* SPDX-License-Identifier: MIT */
/**
 * @file fake.h
 * @brief Controls of the fakes: a chip with two OTA slots, NVS, a clock, a network and FreeRTOS tasks, all in one process.
 *
 * Tasks are coroutines. They run only inside fake_run() and its like, and each runs until it waits; time is a number that
 * moves only when every task waits. Nothing sleeps, so a test of an hour takes milliseconds and is the same every time.
 *
 * One boot of the device is one child process (boots.h): static variables of the port start afresh, as after a reset. What
 * outlives a reset is in `fake_chip`, which all boots of a test share.
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_app_desc.h"
#include "esp_err.h"
#include "esp_flash_partitions.h"
#include "esp_system.h"

/** @name What outlives a reset
 *  @{ */
#define FAKE_SLOT_BYTES (256u * 1024u)
#define FAKE_SECTOR_BYTES (4096u)
#define FAKE_SECTORS (FAKE_SLOT_BYTES / FAKE_SECTOR_BYTES)
#define FAKE_NVS_ENTRIES (64u)
#define FAKE_NVS_VALUE_BYTES (4096u)

typedef enum { FAKE_NVS_BLOB = 0, FAKE_NVS_STR, FAKE_NVS_NUMBER } fake_nvs_type_t;

typedef struct {
  bool used;
  fake_nvs_type_t type;
  uint8_t width; /**< of a number: bytes, with 0x10 for signed */
  char partition[17];
  char namespace_name[16];
  char key[16];
  size_t len;
  uint8_t value[FAKE_NVS_VALUE_BYTES];
} fake_nvs_entry_t;

typedef struct {
  uint8_t flash[2][FAKE_SLOT_BYTES];
  unsigned erases[2][FAKE_SECTORS];
  unsigned writes[2][FAKE_SECTORS];
  unsigned dirty_writes; /**< a write that wanted a 0 to become 1 */
  unsigned running;      /**< slot */
  unsigned boot;         /**< slot that boots next */
  esp_ota_img_states_t state[2];
  unsigned boot_sets;
  fake_nvs_entry_t nvs[FAKE_NVS_ENTRIES];
  esp_reset_reason_t reset_reason;
  int64_t unix_us;      /**< the wall clock when the boot begins */
  unsigned boots;
} fake_chip_t;

extern fake_chip_t *fake_chip;
/** Called before each write to a slot. */
extern void (*fake_flash_before_write)(size_t offset);

/** Writes an entry as if it had been provisioned: it is there and committed. */
void fake_nvs_put(const char *partition, const char *namespace_name, const char *key, fake_nvs_type_t type,
                  const void *value, size_t len);
void fake_nvs_put_number(const char *partition, const char *namespace_name, const char *key, uint8_t width,
                         uint64_t value);
void fake_nvs_remove(const char *partition, const char *namespace_name, const char *key);
/** @return the committed entry, or NULL */
const fake_nvs_entry_t *fake_nvs_committed(const char *partition, const char *namespace_name, const char *key);
/** @} */

/** @name Faults
 *  @{ */
/** The `nth` (1 = next) call of an ESP-IDF function from now on returns `code`; 0: every call does. */
void fake_fail(const char *function, unsigned nth, esp_err_t code);
void fake_fail_never(const char *function);
/** For the fakes: the fault that is due for this call, ESP_OK if there is none. Counts the call. */
esp_err_t fake_due(const char *function);
/** How often a function was called in this boot. */
unsigned fake_calls(const char *function);
/** @} */

/** @name Time and tasks
 *  @{ */
int64_t fake_now_us(void);
void fake_run(uint32_t ms);
/** Runs until `done`. @return false: it was not within `ms` */
bool fake_run_until(bool (*done)(void *arg), void *arg, uint32_t ms);
/** For fakes and tests: waits like a FreeRTOS call does, on a task or in the test itself. */
bool fake_block(bool (*ready)(void *arg), void *arg, uint64_t timeout_us);
#define FAKE_FOREVER (UINT64_MAX)
/** Calls of tasks that found nothing and did not wait for it. */
extern unsigned fake_polls;
unsigned fake_task_count(void);
bool fake_has_task(const char *name);
/** The wall clock, as gettimeofday() tells it. */
int64_t fake_unix_us(void);
void fake_set_unix_us(int64_t value);
/** @} */

/** @name Log, heap, restart
 *  @{ */
bool fake_log_contains(const char *text);
void fake_log_clear(void);
extern size_t fake_free_heap;
extern size_t fake_largest_block;
/** @} */

/** @name Network
 *  @{ */
/** An address comes or goes: the event is delivered at once. */
void fake_net_up(void);
void fake_net_down(void);
/** What SNTP tells once it runs; 0 = it never answers. */
extern int64_t fake_sntp_unix_s;
bool fake_sntp_started(void);
/** @} */


#endif
