import { PkiError } from '../errors.js';

export const damagedJson = (what: string, cause?: unknown): PkiError =>
  new PkiError('ERR_PKI_STORE', `the ${what} is damaged`, { cause });

/** The members of a JSON object. @throws PkiError `ERR_PKI_STORE` */
export function parseJsonObject(json: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw damagedJson(what, cause);
  }
  if (typeof value !== 'object' || value === null) throw damagedJson(what);
  return { ...value };
}
