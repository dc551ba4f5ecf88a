/* SPDX-License-Identifier: MIT */
/**
 * @file boots.h
 * @brief Boots as child processes: static variables start afresh, `fake_chip` stays.
 */
#ifndef BOOTS_H
#define BOOTS_H

#include "check.h"
#include "fake.h"

typedef enum {
  FAKE_BOOT_ENDED = 0, /**< the function returned */
  FAKE_BOOT_RESTARTED  /**< esp_restart() or a panic; `fake_chip->reset_reason` says which */
} fake_boot_end_t;

/** A new chip: slot 0 runs a valid image, everything else is empty. */
void fake_new_chip(void);
/**
 * Boots once. After a restart the model of the bootloader chooses the slot for the next boot: a new image gets one try
 * (PENDING_VERIFY), one that is still pending is given up (ABORTED).
 */
fake_boot_end_t fake_boot(void (*boot)(void));
/** Power is lost here and now: this boot ends, what was not written is gone. */
void fake_power_cut(void) __attribute__((__noreturn__));
/** Ends this boot. For the fakes. */
void fake_reset(esp_reset_reason_t reason) __attribute__((__noreturn__));

/** A test that needs one boot of a new chip. */
#define BOOT_TEST(function)                                                 \
  do {                                                                      \
    check_state.test = #function;                                           \
    check_state.tests++;                                                    \
    fake_new_chip();                                                        \
    check_report(fake_boot(function) == FAKE_BOOT_ENDED, "it ends without a restart", __FILE__, __LINE__); \
  } while (false)

#endif
