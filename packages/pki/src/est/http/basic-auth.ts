export interface BasicCredentials {
  readonly user: string;
  /** may be empty */
  readonly password: string;
}

const FIELD = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** RFC 7617; undefined for anything else than exactly one set of Basic credentials. */
export function parseBasicAuth(field: string | undefined): BasicCredentials | undefined {
  const encoded = FIELD.exec(field ?? '')?.[1];
  if (encoded === undefined) return undefined;
  let text: string;
  try {
    text = utf8.decode(Buffer.from(encoded, 'base64'));
  } catch {
    // not UTF-8
    return undefined;
  }
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
