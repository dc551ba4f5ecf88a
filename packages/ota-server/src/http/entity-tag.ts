/** The strong ETag of a file, RFC 9110 clause 8.8.3. */
export const etagOf = (sha256: string): string => `"${sha256}"`;

const TAG = /^[ \t]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|$)/;

/** Entity tags of an `If-Match` or `If-None-Match` list; what does not parse ends the list. */
function tagsOf(list: string): { readonly weak: boolean; readonly tag: string }[] {
  const tags: { weak: boolean; tag: string }[] = [];
  for (let rest = list; ;) {
    const match = TAG.exec(rest);
    if (match?.[2] === undefined) return tags;
    tags.push({ weak: match[1] !== undefined, tag: match[2] });
    rest = rest.slice(match[0].length);
  }
}

/** `If-None-Match`: weak comparison; `*` matches whatever exists. */
export const matchesWeakly = (list: string, etag: string): boolean =>
  list.trim() === '*' || tagsOf(list).some(({ tag }) => tag === etag);

/** `If-Match`: strong comparison. */
export const matchesStrongly = (list: string, etag: string): boolean =>
  list.trim() === '*' || tagsOf(list).some(({ weak, tag }) => !weak && tag === etag);

/** `If-Range`: exactly this strong tag. A date never matches, as no `Last-Modified` is sent. */
export const isSameRepresentation = (ifRange: string, etag: string): boolean => ifRange.trim() === etag;
