import { styleText } from 'node:util';

/** Marks text for a terminal; without colours it leaves text alone. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Stream = Pick<NodeJS.WritableStream, 'write'> & { readonly isTTY?: boolean };

/**
 * Whether that stream gets colours: if it is a terminal, and `NO_COLOR` (https://no-color.org) and `TERM=dumb` do not say
 * otherwise. `FORCE_COLOR` decides before all that, as it does for Node.js: `0` and `false` are no, all else is yes.
 */
export function wantsColor(stream: Stream, env: Environment = process.env): boolean {
  const { FORCE_COLOR: force, NO_COLOR: none, TERM: term } = env;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (none !== undefined && none !== '') return false;
  return stream.isTTY === true && term !== 'dumb';
}

/** The style of one stream: ask for that of standard output and of standard error separately. */
export function styleOf(stream: Stream, env: Environment = process.env): Style {
  const color = wantsColor(stream, env);
  const mark =
    (format: keyof Style) =>
    (text: string): string =>
      // the stream was looked at here: styleText would look at standard output
      color ? styleText(format, text, { validateStream: false }) : text;
  return Object.freeze({
    bold: mark('bold'),
    dim: mark('dim'),
    red: mark('red'),
    green: mark('green'),
    yellow: mark('yellow'),
    cyan: mark('cyan'),
  });
}
