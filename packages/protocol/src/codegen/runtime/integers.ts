import type { Snippet } from './snippets.js';

/** Integers in decimal, as text and JSON read them. */
export const INTEGER_SNIPPETS: readonly Snippet[] = [
  {
    name: 'shift_in',
    needs: [],
    code: String.raw`
/* Beyond every integer of a contract: those stay below 2^53. */
#define MAGNITUDE_LIMIT (10000000000000000u)

/* magnitude * 10 + digit, or MAGNITUDE_LIMIT where that is beyond it. */
/*@ requires magnitude <= MAGNITUDE_LIMIT && digit <= 9;
    assigns \nothing;
    ensures \result <= MAGNITUDE_LIMIT && (magnitude + digit > 0 ==> \result > 0); */
static uint64_t shift_in(uint64_t magnitude, uint64_t digit)
{
    return magnitude < MAGNITUDE_LIMIT / 10u ? magnitude * 10u + digit : MAGNITUDE_LIMIT;
}`,
  },
  {
    name: 'bounded_integer',
    needs: ['shift_in'],
    code: String.raw`
/* The integer if it is within its bounds; else min, and *fits false. */
/*@ requires magnitude <= MAGNITUDE_LIMIT && min <= max && \valid(fits);
    assigns *fits;
    ensures min <= \result <= max; */
static int64_t bounded_integer(bool negative, uint64_t magnitude, int64_t min, int64_t max, bool *fits)
{
    const int64_t value = negative ? -(int64_t)magnitude : (int64_t)magnitude;

    *fits = magnitude < MAGNITUDE_LIMIT && value >= min && value <= max;
    return *fits ? value : min;
}`,
  },
];
