#include "thermostat_commands.h"

#include <string.h>

/* The enums are passed on as numbers: the contract and the control must mean the same. */
_Static_assert((int)THERMOSTAT_APP_MODE_VALUE_OFF == (int)THERMOSTAT_MODE_OFF, "mode");
_Static_assert((int)THERMOSTAT_APP_MODE_VALUE_HEAT == (int)THERMOSTAT_MODE_HEAT, "mode");
_Static_assert((int)THERMOSTAT_APP_MODE_VALUE_COOL == (int)THERMOSTAT_MODE_COOL, "mode");
_Static_assert((int)THERMOSTAT_APP_MODE_VALUE_AUTO == (int)THERMOSTAT_MODE_AUTO, "mode");
_Static_assert(THERMOSTAT_APP_MODE_VALUE_COUNT == 4u, "mode");
_Static_assert((int)THERMOSTAT_APP_CLIMATE_MODE_AUTO == (int)THERMOSTAT_MODE_AUTO, "mode");
_Static_assert((int)THERMOSTAT_APP_CLIMATE_ACTION_HEATING == (int)THERMOSTAT_ACTION_HEATING, "action");
_Static_assert((int)THERMOSTAT_APP_CLIMATE_ACTION_COOLING == (int)THERMOSTAT_ACTION_COOLING, "action");

#define CLIMATE_TEMPERATURE_MIN_E1 (-400)
#define CLIMATE_TEMPERATURE_MAX_E1 (1250)

static void refuse(thermostat_replies_t *reply, thermostat_replies_code_t code, const char *detail)
{
    size_t len = strlen(detail);

    reply->kind = THERMOSTAT_REPLIES_KIND_OK_FALSE;
    reply->as.ok_false.code = code;
    if (len > THERMOSTAT_REPLIES_DETAIL_MAX_BYTES) {
        len = THERMOSTAT_REPLIES_DETAIL_MAX_BYTES;
    }
    memcpy(reply->as.ok_false.detail, detail, len);
    reply->as.ok_false.detail[len] = '\0';
}

/* What a decoder found wrong is what the device answers. */
static void refuse_payload(thermostat_replies_t *reply, thermostat_codec_t verdict, const char *detail)
{
    switch (verdict) {
    case THERMOSTAT_CODEC_OUT_OF_RANGE:
        refuse(reply, THERMOSTAT_REPLIES_CODE_OUT_OF_RANGE, detail);
        break;
    case THERMOSTAT_CODEC_TOO_LONG:
        refuse(reply, THERMOSTAT_REPLIES_CODE_TOO_LONG, detail);
        break;
    default:
        refuse(reply, THERMOSTAT_REPLIES_CODE_BAD_PAYLOAD, detail);
        break;
    }
}

static void handle_setpoint(thermostat_control_t *control, const uint8_t *payload, size_t payload_len,
                            thermostat_replies_t *reply)
{
    thermostat_app_setpoint_t setpoint;
    const thermostat_codec_t verdict = thermostat_app_setpoint_decode(payload, payload_len, &setpoint);

    if (verdict != THERMOSTAT_CODEC_OK) {
        refuse_payload(reply, verdict, "setpoint: 5 to 35 degrees Celsius, one digit behind the point");
    } else if (!thermostat_control_set_setpoint(control, (int16_t)setpoint.value_e1)) {
        refuse(reply, THERMOSTAT_REPLIES_CODE_OUT_OF_RANGE, "setpoint: not of this device");
    }
}

static void handle_mode(thermostat_control_t *control, const uint8_t *payload, size_t payload_len,
                        thermostat_replies_t *reply)
{
    thermostat_app_mode_t mode;
    const thermostat_codec_t verdict = thermostat_app_mode_decode(payload, payload_len, &mode);

    if (verdict != THERMOSTAT_CODEC_OK) {
        refuse_payload(reply, verdict, "mode: off, heat, cool or auto");
    } else if (!thermostat_control_set_mode(control, (thermostat_mode_t)mode.value)) {
        refuse(reply, THERMOSTAT_REPLIES_CODE_OUT_OF_RANGE, "mode: not of this device");
    }
}

void thermostat_commands_handle(thermostat_control_t *control, thermostat_topic_t topic, const uint8_t *payload,
                                size_t payload_len, thermostat_replies_t *reply)
{
    memset(reply, 0, sizeof *reply);
    reply->kind = THERMOSTAT_REPLIES_KIND_OK_TRUE;
    if (topic == THERMOSTAT_TOPIC_APP_SETPOINT) {
        handle_setpoint(control, payload, payload_len, reply);
    } else if (topic == THERMOSTAT_TOPIC_APP_MODE) {
        handle_mode(control, payload, payload_len, reply);
    } else {
        refuse(reply, THERMOSTAT_REPLIES_CODE_UNSUPPORTED, "no command of the thermostat");
    }
}

thermostat_codec_t thermostat_commands_climate(const thermostat_control_t *control, thermostat_reading_t reading,
                                               char *out, size_t out_cap, size_t *out_len)
{
    thermostat_app_climate_t climate;

    memset(&climate, 0, sizeof climate);
    climate.temperature_is_null = !reading.valid || reading.temperature_e1 < CLIMATE_TEMPERATURE_MIN_E1 ||
                                  reading.temperature_e1 > CLIMATE_TEMPERATURE_MAX_E1;
    climate.temperature_e1 = climate.temperature_is_null ? (int16_t)0 : reading.temperature_e1;
    climate.setpoint_e1 = (uint16_t)control->setpoint_e1;
    climate.mode = (thermostat_app_climate_mode_t)control->mode;
    climate.action = (thermostat_app_climate_action_t)control->action;
    return thermostat_app_climate_encode(&climate, out, out_cap, out_len);
}
