import type { Snippet } from './snippets.js';

/** Lists of names in one array: no pointers to follow, no table to relocate. */
export const NAME_SNIPPETS: readonly Snippet[] = [
  {
    name: 'name_start',
    needs: [],
    code: String.raw`
/* Where the index-th name of a list starts, 'size' behind the last. */
/*@ requires \valid_read(names + (0 .. size - 1));
    assigns \nothing;
    ensures \result < size ==> \result + 1 + names[\result] < size;
    ensures \result <= size; */
static size_t name_start(const char *names, size_t size, size_t index)
{
    size_t start = 0u;

    /*@ loop invariant start <= size;
        loop assigns start, index;
        loop variant size - start; */
    while (start < size && size - start > (uint8_t)names[start] + 1u) {
        if (index == 0u) return start;
        start += (uint8_t)names[start] + 2u;
        index--;
    }
    return size;
}`,
  },
];
