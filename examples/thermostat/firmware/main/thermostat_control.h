/**
 * @file thermostat_control.h
 * @brief Decides when to heat and cool: two-point control with hysteresis. Pure: no clock, no heap, no hardware.
 *
 * Temperatures are integers in tenths of a degree Celsius, as in the contract.
 */
#ifndef THERMOSTAT_CONTROL_H
#define THERMOSTAT_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bounds of the setpoint. */
#define THERMOSTAT_SETPOINT_MIN_E1     (50)
#define THERMOSTAT_SETPOINT_MAX_E1     (350)
#define THERMOSTAT_SETPOINT_DEFAULT_E1 (200)

/** Distance from the setpoint at which heating or cooling begins; it ends at the setpoint. */
#define THERMOSTAT_HYSTERESIS_E1 (5)

/** In AUTO, distance above the setpoint at which cooling begins: heating that overshoots must not start it. */
#define THERMOSTAT_AUTO_COOLING_E1 (15)

/** What it may do. */
typedef enum {
    THERMOSTAT_MODE_OFF = 0,
    THERMOSTAT_MODE_HEAT = 1,
    THERMOSTAT_MODE_COOL = 2,
    THERMOSTAT_MODE_AUTO = 3
} thermostat_mode_t;

/** What it does. */
typedef enum {
    THERMOSTAT_ACTION_IDLE = 0,
    THERMOSTAT_ACTION_HEATING = 1,
    THERMOSTAT_ACTION_COOLING = 2
} thermostat_action_t;

/** What a sensor says. */
typedef struct {
    bool valid;             /**< false: no answer, or one that cannot be */
    int16_t temperature_e1; /**< if valid */
} thermostat_reading_t;

/** Memory of the caller; treat as private, read with the functions below. */
typedef struct {
    thermostat_mode_t mode;
    thermostat_action_t action;
    int16_t setpoint_e1;
} thermostat_control_t;

/** Off, with the default setpoint. */
void thermostat_control_init(thermostat_control_t *control);

/** @return false, and nothing changed: beyond the bounds. Takes effect with the next step. */
bool thermostat_control_set_setpoint(thermostat_control_t *control, int16_t setpoint_e1);

/** @return false, and nothing changed: no mode. Takes effect with the next step. */
bool thermostat_control_set_mode(thermostat_control_t *control, thermostat_mode_t mode);

/**
 * Decides anew. Call it at a fixed interval and after each change, and switch the relays to what it returns. Without a
 * valid reading nothing is switched on, and what is on goes off.
 */
thermostat_action_t thermostat_control_step(thermostat_control_t *control, thermostat_reading_t reading);

#ifdef __cplusplus
}
#endif

#endif /* THERMOSTAT_CONTROL_H */
