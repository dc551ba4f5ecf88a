#include "thermostat_control.h"

void thermostat_control_init(thermostat_control_t *control)
{
    control->mode = THERMOSTAT_MODE_OFF;
    control->action = THERMOSTAT_ACTION_IDLE;
    control->setpoint_e1 = THERMOSTAT_SETPOINT_DEFAULT_E1;
}

bool thermostat_control_set_setpoint(thermostat_control_t *control, int16_t setpoint_e1)
{
    if (setpoint_e1 < THERMOSTAT_SETPOINT_MIN_E1 || setpoint_e1 > THERMOSTAT_SETPOINT_MAX_E1) {
        return false;
    }
    control->setpoint_e1 = setpoint_e1;
    return true;
}

bool thermostat_control_set_mode(thermostat_control_t *control, thermostat_mode_t mode)
{
    switch (mode) {
    case THERMOSTAT_MODE_OFF:
    case THERMOSTAT_MODE_HEAT:
    case THERMOSTAT_MODE_COOL:
    case THERMOSTAT_MODE_AUTO:
        control->mode = mode;
        return true;
    default:
        return false;
    }
}

/* error_e1: how far above the setpoint it is. Int holds the difference of any two int16_t. */
static bool heats(const thermostat_control_t *control, int error_e1)
{
    if (control->mode != THERMOSTAT_MODE_HEAT && control->mode != THERMOSTAT_MODE_AUTO) {
        return false;
    }
    return control->action == THERMOSTAT_ACTION_HEATING ? error_e1 < 0 : error_e1 <= -THERMOSTAT_HYSTERESIS_E1;
}

static bool cools(const thermostat_control_t *control, int error_e1)
{
    int begin_e1 = THERMOSTAT_HYSTERESIS_E1;

    if (control->mode != THERMOSTAT_MODE_COOL && control->mode != THERMOSTAT_MODE_AUTO) {
        return false;
    }
    if (control->mode == THERMOSTAT_MODE_AUTO) {
        begin_e1 = THERMOSTAT_AUTO_COOLING_E1;
    }
    return control->action == THERMOSTAT_ACTION_COOLING ? error_e1 > 0 : error_e1 >= begin_e1;
}

thermostat_action_t thermostat_control_step(thermostat_control_t *control, thermostat_reading_t reading)
{
    thermostat_action_t next = THERMOSTAT_ACTION_IDLE;

    if (reading.valid) {
        const int error_e1 = (int)reading.temperature_e1 - (int)control->setpoint_e1;

        if (heats(control, error_e1)) {
            next = THERMOSTAT_ACTION_HEATING;
        } else if (cools(control, error_e1)) {
            next = THERMOSTAT_ACTION_COOLING;
        }
    }
    control->action = next;
    return next;
}
