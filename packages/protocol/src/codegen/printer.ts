import { acslLines } from './acsl.js';

/** One level of indentation. */
export const INDENT = '    ';
const COMMENT_WIDTH = 116;

/** Collects lines of C. Everything it writes is ASCII with LF. */
export class Printer {
  readonly #lines: string[] = [];
  #depth = 0;

  /** One line at the current indentation. */
  line(text: string): this {
    this.#lines.push(text === '' ? '' : INDENT.repeat(this.#depth) + text);
    return this;
  }

  /** Several lines, indented alike; for text that is already laid out. */
  lines(text: string): this {
    for (const line of text.split('\n')) this.line(line);
    return this;
  }

  /** An empty line, never two in a row. */
  blank(): this {
    if (this.#lines.length > 0 && this.#lines.at(-1) !== '') this.#lines.push('');
    return this;
  }

  indent(body: () => void): this {
    this.#depth++;
    body();
    this.#depth--;
    return this;
  }

  /** `head {`, the indented body, then `}` and `tail`. */
  block(head: string, body: () => void, tail = ''): this {
    return this.line(`${head} {`).indent(body).line(`}${tail}`);
  }

  /** A function below its ACSL contract: its brace stands on a line of its own. */
  function(head: string, body: () => void, contract: readonly string[] = []): this {
    this.blank();
    for (const line of acslLines(contract)) this.line(line);
    return this.lines(head).line('{').indent(body).line('}');
  }

  /** A comment, wrapped; harmless whatever the text holds. */
  doc(text: string): this {
    const lines = wrap(commentText(text), COMMENT_WIDTH - INDENT.length * this.#depth);
    if (lines.length === 1) return this.line(`/** ${lines[0] ?? ''} */`);
    this.line('/**');
    for (const line of lines) this.line(` * ${line}`);
    return this.line(' */');
  }

  /** `#define` lines with their values aligned. */
  defines(entries: readonly (readonly [name: string, value: string])[]): this {
    const width = Math.max(...entries.map(([name]) => name.length));
    for (const [name, value] of entries) this.line(`#define ${name.padEnd(width)} ${value}`);
    return this;
  }

  toString(): string {
    return `${this.#lines.join('\n').trimEnd()}\n`;
  }
}

/** Text that can stand in a C comment: printable ASCII that neither opens nor closes one. */
export function commentText(text: string): string {
  const printable = text.replace(/\s+/g, ' ').replace(/[^ -~]/gu, '?');
  return printable
    .replace(/\*(?=\/)/g, '* ')
    .replace(/\/(?=\*)/g, '/ ')
    .trim();
}

/** A C string literal of the text's UTF-8 bytes, ASCII only. */
export function cString(text: string): string {
  const bytes = [...new TextEncoder().encode(text)];
  const escaped = bytes.map((byte) => {
    const char = String.fromCharCode(byte);
    if (char === '"' || char === '\\' || char === '?') return `\\${char}`;
    return byte >= 0x20 && byte < 0x7f ? char : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

/** Joins items with `, ` into lines of at most `width` columns. */
export function wrapList(items: readonly string[], width = 100): string[] {
  const lines: string[] = [];
  for (const [index, item] of items.entries()) {
    const part = index < items.length - 1 ? `${item},` : item;
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + 1 <= width) lines[lines.length - 1] = `${last} ${part}`;
    else lines.push(part);
  }
  return lines;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + word.length + 1 <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
