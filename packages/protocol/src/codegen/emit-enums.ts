import type { CEnum } from './c-model.js';
import { printPackedNames } from './packed-names.js';
import type { Printer } from './printer.js';
import type { SnippetSet } from './runtime/snippets.js';

/** File-local list of an enum's wire names. */
export const namesTable = (type: CEnum): string => `${type.stem}_names`;

/** The lists of wire names. */
export function emitEnumNames(out: Printer, enums: readonly CEnum[]): void {
  const named = enums.filter(({ count }) => count !== undefined);
  if (named.length === 0) return;
  out.blank().line('/* Wire names of each enum, in the order of its values. */').blank();
  for (const type of named) {
    printPackedNames(
      out,
      namesTable(type),
      type.enumerators.map(({ text }) => text),
    );
    out.blank();
  }
  out.line('static const char unknown_name[] = "unknown";');
}

/** The public functions that turn a value into its wire name. */
export function emitEnumFunctions(out: Printer, enums: readonly CEnum[], snippets: SnippetSet): void {
  for (const type of enums) {
    if (type.count === undefined) continue;
    snippets.use('name_start');
    const names = namesTable(type);
    out.function(
      `const char *${type.stem}_to_string(${type.type} value)`,
      () => {
        out.line(`const size_t size = sizeof ${names} - 1u;`);
        out.line(`const size_t start = name_start(${names}, size, (size_t)value);`).blank();
        out.line(`return start < size ? &${names}[start + 1u] : unknown_name;`);
      },
      ['assigns \\nothing'],
    );
  }
}
