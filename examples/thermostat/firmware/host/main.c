/*
 * The thermostat's firmware as a program: what the network and the sensor would say comes on standard input, a line each,
 * what it answers goes to standard output.
 *
 *   temperature 205            tenths of a degree; "temperature none": the sensor does not answer
 *   command TOPIC HEX          a message with this payload
 *
 *   reply JSON                 to each command
 *   climate JSON               after each line
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thermostat_commands.h"
#include "thermostat_topics.h"

/* A payload may be longer than the contract allows: the decoders are to find that out. */
#define PAYLOAD_CAP (1024u)
#define LINE_CAP    (2u * PAYLOAD_CAP + 512u)

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: no hexadecimal text, or too much of it. */
static bool from_hex(const char *text, uint8_t *out, size_t *out_len)
{
    size_t len = 0;

    for (; text[0] != '\0'; text += 2) {
        const int high = digit(text[0]);
        const int low = high < 0 ? -1 : digit(text[1]);

        if (low < 0 || len == PAYLOAD_CAP) {
            return false;
        }
        out[len++] = (uint8_t)(high * 16 + low);
    }
    *out_len = len;
    return true;
}

static void command(thermostat_control_t *control, const char *topic, const char *hex)
{
    static uint8_t payload[PAYLOAD_CAP];
    char text[THERMOSTAT_REPLIES_MAX_BYTES];
    size_t payload_len = 0;
    size_t len = 0;
    thermostat_topic_match_t match;
    thermostat_replies_t reply;

    if (!from_hex(hex, payload, &payload_len)) {
        exit(2);
    }
    (void)thermostat_topic_match(topic, strlen(topic), &match);
    thermostat_commands_handle(control, match.topic, payload, payload_len, &reply);
    if (thermostat_replies_encode(&reply, text, sizeof text, &len) != THERMOSTAT_CODEC_OK) {
        exit(3);
    }
    (void)printf("reply %.*s\n", (int)len, text);
}

static thermostat_reading_t reading_of(const char *text)
{
    thermostat_reading_t reading = {false, 0};
    char *end = NULL;
    const long value = strtol(text, &end, 10);

    if (end != text && *end == '\0' && value >= INT16_MIN && value <= INT16_MAX) {
        reading.valid = true;
        reading.temperature_e1 = (int16_t)value;
    }
    return reading;
}

int main(void)
{
    static char line[LINE_CAP];
    thermostat_control_t control;
    thermostat_reading_t reading = {false, 0};

    thermostat_control_init(&control);
    while (fgets(line, sizeof line, stdin) != NULL) {
        char climate[THERMOSTAT_APP_CLIMATE_MAX_BYTES];
        size_t len = 0;
        char *rest = NULL;

        line[strcspn(line, "\n")] = '\0';
        rest = strchr(line, ' ');
        if (rest == NULL) {
            return 2;
        }
        *rest++ = '\0';
        if (strcmp(line, "temperature") == 0) {
            reading = reading_of(rest);
        } else {
            char *hex = strchr(rest, ' ');

            if (strcmp(line, "command") != 0 || hex == NULL) {
                return 2;
            }
            *hex++ = '\0';
            command(&control, rest, hex);
        }
        (void)thermostat_control_step(&control, reading);
        if (thermostat_commands_climate(&control, reading, climate, sizeof climate, &len) != THERMOSTAT_CODEC_OK) {
            return 3;
        }
        (void)printf("climate %.*s\n", (int)len, climate);
        (void)fflush(stdout);
    }
    return 0;
}
