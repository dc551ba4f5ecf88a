import { expect } from 'vitest';
import { isPkiError, type PkiError, type PkiErrorCode } from '../../src/index.js';

function checked(error: unknown, code: PkiErrorCode): PkiError {
  if (!isPkiError(error)) throw new Error('expected a PkiError', { cause: error });
  expect(error.code).toBe(code);
  expect(error.message).not.toMatch(/-----|PRIVATE KEY-/);
  return error;
}

/** The PkiError that `work` throws. */
export function thrown(work: () => unknown, code: PkiErrorCode): PkiError {
  try {
    work();
  } catch (error) {
    return checked(error, code);
  }
  throw new Error(`expected ${code}, nothing was thrown`);
}

/** The PkiError that `work` rejects with. */
export async function rejected(work: Promise<unknown>, code: PkiErrorCode): Promise<PkiError> {
  try {
    await work;
  } catch (error) {
    return checked(error, code);
  }
  throw new Error(`expected ${code}, nothing was thrown`);
}
