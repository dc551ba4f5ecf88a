import type { StringFormat } from '../../fields.js';
import { ENCODE_SNIPPETS } from './encode.js';
import { FORMAT_SNIPPETS, FORMATS, textIs } from './formats.js';
import { INTEGER_SNIPPETS } from './integers.js';
import { JSON_NUMBER_SNIPPETS } from './json-numbers.js';
import { JSON_SCAN_SNIPPETS } from './json-scan.js';
import { JSON_TEXT_SNIPPETS } from './json-text.js';
import { JSON_VALUE_SNIPPETS } from './json-values.js';
import { NAME_SNIPPETS } from './names.js';
import { TEXT_SNIPPETS } from './text.js';
import { WRITE_NUMBER_SNIPPETS } from './write-numbers.js';

/**
 * A file-local piece of C, written once and printed only into files that use it. `sesp_` and `SESP_` stand for the
 * contract's own prefix.
 */
export interface Snippet {
  readonly name: string;
  readonly needs: readonly string[];
  readonly code: string;
}

/** In the order in which C wants them: nothing is used above its definition. */
const SNIPPETS: readonly Snippet[] = [
  ...FORMAT_SNIPPETS,
  ...INTEGER_SNIPPETS,
  ...TEXT_SNIPPETS,
  ...JSON_TEXT_SNIPPETS,
  ...JSON_SCAN_SNIPPETS,
  ...JSON_VALUE_SNIPPETS,
  ...JSON_NUMBER_SNIPPETS,
  ...NAME_SNIPPETS,
  ...ENCODE_SNIPPETS,
  ...WRITE_NUMBER_SNIPPETS,
];

/** Collects what a source file uses. */
export class SnippetSet {
  readonly #used = new Set<string>();
  readonly #formats = new Set<StringFormat>();

  /** Notes that the file uses `name` and everything it needs; returns the name for the call. */
  use(name: string): string {
    if (this.#used.has(name)) return name;
    const snippet = SNIPPETS.find((candidate) => candidate.name === name);
    if (snippet === undefined) throw new TypeError(`no C snippet is called ${name}`);
    this.#used.add(name);
    for (const need of snippet.needs) this.use(need);
    return name;
  }

  /** Notes that the file checks a string format; returns the format's C constant. */
  format(format: StringFormat): string {
    this.#formats.add(format);
    this.use(FORMATS[format].check);
    return FORMATS[format].constant;
  }

  /** The pieces in use, in order. */
  code(prefix: string): string[] {
    return SNIPPETS.filter((snippet) => this.#used.has(snippet.name)).map((snippet) =>
      (snippet.name === 'text_is' ? textIs(this.#formats) : snippet.code)
        .trim()
        .replace(/\bsesp_/g, `${prefix}_`)
        .replace(/\bSESP_/g, `${prefix.toUpperCase()}_`),
    );
  }
}
