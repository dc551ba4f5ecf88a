import { ProtocolError } from '../errors.js';
import type { LocalFunction } from './local-function.js';
import { cString, type Printer } from './printer.js';

/** One name of a list: its length as a byte, its text, a NUL. */
function packed(name: string): string {
  const length = new TextEncoder().encode(name).length;
  if (length > 255) {
    throw new ProtocolError('invalid_definition', `${name.slice(0, 40)}...: a name has at most 255 bytes in C`, name);
  }
  return `"\\${length.toString(8).padStart(3, '0')}${cString(name).slice(1, -1)}\\0"`;
}

const declaration = (array: string, names: readonly string[]): string[] =>
  names.length === 0
    ? [`static const char ${array}[] = "";`]
    : [
        `static const char ${array}[] =`,
        ...names.map((name, index) => `    ${packed(name)}${index < names.length - 1 ? '' : ';'}`),
      ];

/** `static const char <array>[]`: a list of names in one array, as `json_name()` and `name_start()` read it. */
export function printPackedNames(out: Printer, array: string, names: readonly string[]): void {
  for (const line of declaration(array, names)) out.line(line);
}

/** The same among the local variables of a function. */
export function localPackedNames(body: LocalFunction, array: string, names: readonly string[]): void {
  body.local(declaration(array, names).join('\n'));
}

/** The array and the size of its names, as arguments. */
export const namesArguments = (array: string): string => `${array}, sizeof ${array} - 1u`;
