const MAX_TARGET_BYTES = 2048;
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;

export interface RequestTarget {
  /** Percent-decoded once. Starts with `/`. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Path and query of a request line, origin form or absolute form; `undefined` for anything else. */
export function parseTarget(target: string): RequestTarget | undefined {
  if (target.length > MAX_TARGET_BYTES) return undefined;
  const origin = target.replace(ABSOLUTE_FORM, '');
  const mark = origin.indexOf('?');
  const encoded = mark === -1 ? origin : origin.slice(0, mark);
  if (!encoded.startsWith('/')) return undefined;
  try {
    return { path: decodeURIComponent(encoded), query: new URLSearchParams(mark === -1 ? '' : origin.slice(mark + 1)) };
  } catch {
    // a malformed percent escape
    return undefined;
  }
}
