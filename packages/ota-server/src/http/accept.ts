/**
 * True when an `Accept` field names this media type with a weight above 0. Ranges such as `application/*` do not count:
 * a device names what it understands, and a browser or `curl` (`*`/`*`) wants the file.
 */
export function acceptsExplicitly(accept: string | undefined, mediaType: string): boolean {
  return (accept ?? '').split(',').some((item) => {
    const [type = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    return type === mediaType && !parameters.some((parameter) => /^q=0(?:\.0{0,3})?$/.test(parameter));
  });
}
