import { FIRMWARE_IMAGE_ERROR_CODES } from '@secure-esp/firmware-image';
import { PKI_ERROR_CODES } from '@secure-esp/pki';
import { expect, test } from 'vitest';
import { factsOf } from '../src/errors.js';

/** What no command line can bring about. */
const OF_PROGRAMS: readonly string[] = ['ERR_PKI_SIGNER', 'signer_failed', 'no_webcrypto'];

test.each([...PKI_ERROR_CODES, ...FIRMWARE_IMAGE_ERROR_CODES].filter((code) => !OF_PROGRAMS.includes(code)))(
  'an error of code %s has a next step',
  (code) => {
    expect(factsOf(Object.assign(new Error('something'), { code })).nextStep).toMatch(/\.$/);
  },
);
