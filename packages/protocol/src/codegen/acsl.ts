/**
 * An ACSL annotation: a function's contract or a loop's invariants, which Frama-C's WP proves of the C below it. To a
 * compiler it is a comment.
 */
export function acslLines(clauses: readonly string[]): string[] {
  return clauses.map((clause, index) => {
    const head = index === 0 ? '/*@ ' : '    ';
    return `${head}${clause};${index === clauses.length - 1 ? ' */' : ''}`;
  });
}

/** What every file-local reader of JSON asks for and promises. `extra`: promises of its own. */
export const readerContract = (extra: readonly string[]): readonly string[] => [
  'requires json_ok(json) && at <= json->len && \\valid(out) && \\separated(json, out)',
  'assigns json->open, json->code, *out',
  ...extra,
];

/** The locations that every writer may change, as an ACSL list. */
export const WRITER_ASSIGNS = 'writer->code, writer->len, writer->out[0 .. writer->cap - 1]';

/** What every file-local writer of a struct asks for and promises. */
export const WRITER_CONTRACT: readonly string[] = [
  'requires writer_ok(writer) && \\valid_read(in)',
  `assigns ${WRITER_ASSIGNS}`,
  'ensures writer_ok(writer)',
];
