/* Unit tests of the firmware's own code, for the host. Exit code 1 with a line for each check that failed. */
#include <stdio.h>
#include <string.h>

#include "thermostat_commands.h"

static int checks;
static int failures;

#define CHECK(condition)                                                                   \
    do {                                                                                   \
        checks++;                                                                          \
        if (!(condition)) {                                                                \
            failures++;                                                                    \
            (void)fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
        }                                                                                  \
    } while (0)

static thermostat_control_t make(thermostat_mode_t mode, int16_t setpoint_e1)
{
    thermostat_control_t control;

    thermostat_control_init(&control);
    CHECK(thermostat_control_set_mode(&control, mode));
    CHECK(thermostat_control_set_setpoint(&control, setpoint_e1));
    return control;
}

static thermostat_action_t at(thermostat_control_t *control, int temperature_e1)
{
    const thermostat_reading_t reading = {true, (int16_t)temperature_e1};

    return thermostat_control_step(control, reading);
}

static void test_heating_begins_below_and_ends_at_the_setpoint(void)
{
    thermostat_control_t control = make(THERMOSTAT_MODE_HEAT, 210);

    CHECK(at(&control, 206) == THERMOSTAT_ACTION_IDLE);
    CHECK(at(&control, 205) == THERMOSTAT_ACTION_HEATING);
    CHECK(at(&control, 209) == THERMOSTAT_ACTION_HEATING);
    CHECK(at(&control, 210) == THERMOSTAT_ACTION_IDLE);
    CHECK(at(&control, 206) == THERMOSTAT_ACTION_IDLE);
    CHECK(at(&control, 900) == THERMOSTAT_ACTION_IDLE);
}

static void test_cooling_begins_above_and_ends_at_the_setpoint(void)
{
    thermostat_control_t control = make(THERMOSTAT_MODE_COOL, 240);

    CHECK(at(&control, 244) == THERMOSTAT_ACTION_IDLE);
    CHECK(at(&control, 245) == THERMOSTAT_ACTION_COOLING);
    CHECK(at(&control, 241) == THERMOSTAT_ACTION_COOLING);
    CHECK(at(&control, 240) == THERMOSTAT_ACTION_IDLE);
    CHECK(at(&control, -400) == THERMOSTAT_ACTION_IDLE);
}

static void test_auto_does_both_with_a_gap_between(void)
{
    thermostat_control_t control = make(THERMOSTAT_MODE_AUTO, 210);

    CHECK(at(&control, 200) == THERMOSTAT_ACTION_HEATING);
    CHECK(at(&control, 216) == THERMOSTAT_ACTION_IDLE);
    CHECK(at(&control, 224) == THERMOSTAT_ACTION_IDLE);
    CHECK(at(&control, 225) == THERMOSTAT_ACTION_COOLING);
    CHECK(at(&control, 211) == THERMOSTAT_ACTION_COOLING);
    CHECK(at(&control, 150) == THERMOSTAT_ACTION_HEATING);
}

static void test_off_and_a_silent_sensor_switch_everything_off(void)
{
    thermostat_control_t control = make(THERMOSTAT_MODE_HEAT, 350);
    const thermostat_reading_t none = {false, 0};

    CHECK(at(&control, 100) == THERMOSTAT_ACTION_HEATING);
    CHECK(thermostat_control_step(&control, none) == THERMOSTAT_ACTION_IDLE);
    CHECK(at(&control, 100) == THERMOSTAT_ACTION_HEATING);
    CHECK(thermostat_control_set_mode(&control, THERMOSTAT_MODE_OFF));
    CHECK(at(&control, 100) == THERMOSTAT_ACTION_IDLE);
}

/* Never heats above and never cools below the setpoint, whatever it did before. */
static void test_every_temperature_mode_and_action(void)
{
    for (int mode = THERMOSTAT_MODE_OFF; mode <= THERMOSTAT_MODE_AUTO; mode++) {
        for (int before = THERMOSTAT_ACTION_IDLE; before <= THERMOSTAT_ACTION_COOLING; before++) {
            int wrong = 0;

            for (int temperature_e1 = INT16_MIN; temperature_e1 <= INT16_MAX; temperature_e1++) {
                thermostat_control_t control = {(thermostat_mode_t)mode, (thermostat_action_t)before, 210};
                const thermostat_action_t action = at(&control, temperature_e1);

                wrong += action == THERMOSTAT_ACTION_HEATING && (temperature_e1 >= 210 || (mode & 1) == 0);
                wrong += action == THERMOSTAT_ACTION_COOLING && (temperature_e1 <= 210 || (mode & 2) == 0);
            }
            CHECK(wrong == 0);
        }
    }
}

static void test_bounds_of_the_setters(void)
{
    thermostat_control_t control = make(THERMOSTAT_MODE_HEAT, THERMOSTAT_SETPOINT_MIN_E1);

    CHECK(thermostat_control_set_setpoint(&control, THERMOSTAT_SETPOINT_MAX_E1));
    CHECK(!thermostat_control_set_setpoint(&control, THERMOSTAT_SETPOINT_MAX_E1 + 1));
    CHECK(!thermostat_control_set_setpoint(&control, THERMOSTAT_SETPOINT_MIN_E1 - 1));
    CHECK(!thermostat_control_set_mode(&control, (thermostat_mode_t)4));
    CHECK(control.setpoint_e1 == THERMOSTAT_SETPOINT_MAX_E1 && control.mode == THERMOSTAT_MODE_HEAT);
}

static thermostat_replies_t send(thermostat_control_t *control, thermostat_topic_t topic, const char *payload)
{
    thermostat_replies_t reply;

    thermostat_commands_handle(control, topic, (const uint8_t *)payload, strlen(payload), &reply);
    return reply;
}

static void test_commands(void)
{
    thermostat_control_t control = make(THERMOSTAT_MODE_OFF, 200);

    CHECK(send(&control, THERMOSTAT_TOPIC_APP_SETPOINT, "21.5").kind == THERMOSTAT_REPLIES_KIND_OK_TRUE);
    CHECK(control.setpoint_e1 == 215);
    CHECK(send(&control, THERMOSTAT_TOPIC_APP_SETPOINT, "5").kind == THERMOSTAT_REPLIES_KIND_OK_TRUE);
    CHECK(send(&control, THERMOSTAT_TOPIC_APP_SETPOINT, "35").kind == THERMOSTAT_REPLIES_KIND_OK_TRUE);
    CHECK(send(&control, THERMOSTAT_TOPIC_APP_MODE, "auto").kind == THERMOSTAT_REPLIES_KIND_OK_TRUE);
    CHECK(control.setpoint_e1 == 350 && control.mode == THERMOSTAT_MODE_AUTO);
}

static void test_refusals_change_nothing(void)
{
    static const struct {
        thermostat_topic_t topic;
        const char *payload;
        thermostat_replies_code_t code;
    } refused[] = {
        {THERMOSTAT_TOPIC_APP_SETPOINT, "99", THERMOSTAT_REPLIES_CODE_OUT_OF_RANGE},
        {THERMOSTAT_TOPIC_APP_SETPOINT, "4.9", THERMOSTAT_REPLIES_CODE_OUT_OF_RANGE},
        {THERMOSTAT_TOPIC_APP_SETPOINT, "21.55", THERMOSTAT_REPLIES_CODE_BAD_PAYLOAD},
        {THERMOSTAT_TOPIC_APP_SETPOINT, "warm", THERMOSTAT_REPLIES_CODE_BAD_PAYLOAD},
        {THERMOSTAT_TOPIC_APP_SETPOINT, "", THERMOSTAT_REPLIES_CODE_BAD_PAYLOAD},
        {THERMOSTAT_TOPIC_APP_SETPOINT, "000000021", THERMOSTAT_REPLIES_CODE_TOO_LONG},
        {THERMOSTAT_TOPIC_APP_MODE, "boost", THERMOSTAT_REPLIES_CODE_BAD_PAYLOAD},
        {THERMOSTAT_TOPIC_APP_MODE, "HEAT", THERMOSTAT_REPLIES_CODE_BAD_PAYLOAD},
        {THERMOSTAT_TOPIC_RESTART, "", THERMOSTAT_REPLIES_CODE_UNSUPPORTED},
        {THERMOSTAT_TOPIC_NONE, "21", THERMOSTAT_REPLIES_CODE_UNSUPPORTED},
    };
    thermostat_control_t control = make(THERMOSTAT_MODE_HEAT, 200);

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const thermostat_replies_t reply = send(&control, refused[i].topic, refused[i].payload);
        char text[THERMOSTAT_REPLIES_MAX_BYTES];
        size_t len = 0;

        CHECK(reply.kind == THERMOSTAT_REPLIES_KIND_OK_FALSE);
        CHECK(reply.as.ok_false.code == refused[i].code);
        CHECK(thermostat_replies_encode(&reply, text, sizeof text, &len) == THERMOSTAT_CODEC_OK);
    }
    CHECK(control.setpoint_e1 == 200 && control.mode == THERMOSTAT_MODE_HEAT);
}

static void test_climate(void)
{
    const thermostat_control_t control = {THERMOSTAT_MODE_HEAT, THERMOSTAT_ACTION_HEATING, 215};
    const thermostat_reading_t warm = {true, 208};
    const thermostat_reading_t impossible = {true, 3000};
    const char expected[] =
        "{\"temperature\":20.8,\"setpoint\":21.5,\"mode\":\"heat\",\"action\":\"heating\"}";
    char text[THERMOSTAT_APP_CLIMATE_MAX_BYTES];
    size_t len = 0;

    CHECK(thermostat_commands_climate(&control, warm, text, sizeof text, &len) == THERMOSTAT_CODEC_OK);
    CHECK(len == sizeof expected - 1 && memcmp(text, expected, len) == 0);
    CHECK(thermostat_commands_climate(&control, impossible, text, sizeof text, &len) == THERMOSTAT_CODEC_OK);
    CHECK(len > 19 && memcmp(text, "{\"temperature\":null", 19) == 0);
    CHECK(thermostat_commands_climate(&control, warm, text, 10, &len) == THERMOSTAT_CODEC_NO_SPACE);
}

int main(void)
{
    test_heating_begins_below_and_ends_at_the_setpoint();
    test_cooling_begins_above_and_ends_at_the_setpoint();
    test_auto_does_both_with_a_gap_between();
    test_off_and_a_silent_sensor_switch_everything_off();
    test_every_temperature_mode_and_action();
    test_bounds_of_the_setters();
    test_commands();
    test_refusals_change_nothing();
    test_climate();
    (void)printf("%d checks, %d failures\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
