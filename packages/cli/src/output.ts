import { print, type CliContext } from './context.js';

/** What every command takes that prints a result. */
export interface JsonOption {
  readonly json?: true;
}

/** Prints the one JSON document of a command. */
export const printJson = (context: CliContext, value: unknown): void => {
  print(context, JSON.stringify(value, undefined, 2));
};

/** Prints one of many: a JSON object in a line of its own. */
export const printJsonLine = (context: CliContext, value: object): void => {
  print(context, JSON.stringify(value));
};

/** A result as one document with `--json`, as lines for a person without. */
export function printResult(
  context: CliContext,
  { json }: { readonly json?: true | undefined },
  value: object,
  lines: readonly string[],
): void {
  if (json === true) printJson(context, value);
  else for (const line of lines) print(context, line);
}
