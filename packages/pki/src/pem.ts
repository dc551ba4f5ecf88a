import { PkiError } from './errors.js';

/** One PEM block (RFC 7468), LF line ends, one final newline. */
export type Pem = string;

const MAX_PEM_CHARS = 65_536;
const BLOCK = /^-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----\s*$/;

export function encodePem(label: string, der: Buffer): Pem {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/**
 * The blocks of a file that may hold several, each with its own line ends; nothing is checked but where they begin, so
 * give every one to a reader of a single block.
 */
export const splitPem = (text: string): readonly Pem[] => text.split(/(?<=\n)(?=-----BEGIN )/);

export interface PemBlock {
  label: string;
  der: Buffer;
}

/**
 * Exactly one block with nothing around it. Readers disagree about text before a block and about several blocks
 * (which one counts?), so neither is let in.
 *
 * @throws PkiError `ERR_PKI_PEM`
 */
export function decodePem(text: Pem, labels: readonly string[], maxChars = MAX_PEM_CHARS): PemBlock {
  const match = text.length > maxChars ? null : BLOCK.exec(text);
  const label = match?.[1];
  const body = match?.[2]?.replace(/[\r\n]/g, '');
  if (label === undefined || body === undefined) {
    throw new PkiError('ERR_PKI_PEM', `not a PEM file with exactly one block of at most ${maxChars} characters`);
  }
  if (!labels.includes(label)) {
    throw new PkiError('ERR_PKI_PEM', `the PEM block is "${label}", expected "${labels.join('" or "')}"`);
  }
  const der = Buffer.from(body, 'base64');
  if (der.toString('base64') !== body) throw new PkiError('ERR_PKI_PEM', 'the PEM block is not valid base64');
  return { label, der };
}
