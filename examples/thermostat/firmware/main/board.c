/* A room in place of a sensor and relays: a tenth of a degree warmer or colder each time it is looked at. Replace this file. */
#include "board.h"

#define START_E1 (180)

static int16_t room_e1 = START_E1;
static thermostat_action_t switched = THERMOSTAT_ACTION_IDLE;

thermostat_reading_t board_read(void)
{
    if (switched == THERMOSTAT_ACTION_HEATING) {
        room_e1 = (int16_t)(room_e1 + 1);
    } else if (switched == THERMOSTAT_ACTION_COOLING) {
        room_e1 = (int16_t)(room_e1 - 1);
    }
    return (thermostat_reading_t){true, room_e1};
}

void board_switch(thermostat_action_t action)
{
    switched = action;
}
