import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  CommandError,
  DEVICE_CLIENT_ERROR_CODES,
  DeviceClientError,
  isCommandError,
  isDeviceClientError,
  isUpdateError,
  UpdateError,
} from '../src/index.js';

describe('errors', () => {
  const plain = new DeviceClientError('closed', 'x');
  const command = new CommandError({ device: 'd', leaf: 'restart', replyCode: 'busy', detail: '' });
  const update = new UpdateError('failed', 'x', { device: 'd', run: 1, reason: 'flash', lastState: 'failed' });

  it('are recognised by name and code, so that a second copy of the package counts', () => {
    expect([plain, command, update].map(isDeviceClientError)).toEqual([true, true, true]);
    expect([plain, command, update].map(isCommandError)).toEqual([false, true, false]);
    expect([plain, command, update].map(isUpdateError)).toEqual([false, false, true]);
    const foreign = Object.assign(new Error('x'), { name: 'CommandError', code: 'busy' });
    expect([isDeviceClientError(foreign), isCommandError(foreign)]).toEqual([true, true]);
    for (const other of [undefined, null, 'closed', { name: 'DeviceClientError', code: 'closed' }, new Error('x')]) {
      expect([isDeviceClientError(other), isCommandError(other), isUpdateError(other)]).toEqual([false, false, false]);
    }
    expect(isDeviceClientError(Object.assign(new Error('x'), { name: 'DeviceClientError', code: 'other' }))).toBe(
      false,
    );
  });

  it('keep a reply code of another contract beside the closed set', () => {
    const error = new CommandError({ device: 'd', leaf: 'lamp', replyCode: 'too_bright', detail: 'no' });
    expect(error).toMatchObject({
      code: 'rejected',
      replyCode: 'too_bright',
      message: 'lamp: d refused with too_bright: no',
    });
  });

  it('have codes that the README documents, all of them and no others', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const documented = [...readme.slice(readme.indexOf('## Errors')).matchAll(/^\| `([a-z_]+)` +\|/gm)].map(
      ([, code]) => code,
    );
    expect(documented.toSorted()).toEqual([...DEVICE_CLIENT_ERROR_CODES].toSorted());
    expect(new Set(DEVICE_CLIENT_ERROR_CODES).size).toBe(DEVICE_CLIENT_ERROR_CODES.length);
  });
});
