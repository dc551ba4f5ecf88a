import type { CEnum } from './c-model.js';
import { cString, wrapList, type Printer } from './printer.js';

/** File-local table of an enum's wire names. */
export const namesTable = (type: CEnum): string => `${type.stem}_names`;

/** The table and the public function that turns a value into its wire name. */
export function emitEnumFunctions(out: Printer, type: CEnum): void {
  if (type.count === undefined) return;
  out.blank().block(
    `static const char *const ${namesTable(type)}[${type.count}] =`,
    () => {
      for (const line of wrapList(type.enumerators.map(({ text }) => cString(text)))) out.line(line);
    },
    ';',
  );
  out.function(`const char *${type.stem}_to_string(${type.type} value)`, () => {
    out.line('const size_t index = (size_t)value;').blank();
    out.line(`return index < ${String(type.count)} ? ${namesTable(type)}[index] : "unknown";`);
  });
}
