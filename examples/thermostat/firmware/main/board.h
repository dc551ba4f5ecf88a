/**
 * @file board.h
 * @brief The sensor and the relays. Used by one task.
 */
#ifndef BOARD_H
#define BOARD_H

#include "thermostat_control.h"

/** Reads the sensor: at most a few milliseconds. */
thermostat_reading_t board_read(void);

/** Switches the relays. Harmless to repeat. */
void board_switch(thermostat_action_t action);

#endif /* BOARD_H */
