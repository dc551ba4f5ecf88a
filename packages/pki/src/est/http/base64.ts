const WHITESPACE = /[ \t\r\n]+/g;

/**
 * Base64 of RFC 4648 4 with white space anywhere, as RFC 8951 3.1 has EST bodies: no PEM labels, canonical padding.
 * Undefined for anything else, and for nothing at all.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const digits = text.replace(WHITESPACE, '');
  const bytes = Buffer.from(digits, 'base64');
  return digits !== '' && bytes.toString('base64') === digits ? bytes : undefined;
}

/** Lines of 64 characters: readers of the 1990s (and OpenSSL's `base64 -d`) take no longer ones. */
export const encodeBase64 = (bytes: Buffer): string =>
  `${(bytes.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n`;
