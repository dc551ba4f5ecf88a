import { OtaError, type OtaEvent } from '@secure-esp/ota-server';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOtaLog, logOtaEvent } from '../../src/ota/ota-log.js';
import type { LogLevel } from '../../src/ota/log-levels.js';

function logged(event: OtaEvent, level: LogLevel = 'debug'): string {
  const lines: string[] = [];
  logOtaEvent(createOtaLog(level, { write: (line: string) => lines.push(line) }), event);
  return lines.join('');
}

test('every event is one line of JSON, whatever texts a client sends', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const running = { project: text, chip: text, version: text };
      const line = logged({ type: 'not_offered', running, reason: 'not_newer', client: { cn: text, role: 'device' } });
      expect(line.match(/\n/g)).toHaveLength(1);
      expect(JSON.parse(line)).toMatchObject({ level: 'info', type: 'not_offered', cn: text, role: 'device' });
    }),
  );
});

test('a failure has its code and those of its causes, but no path and no key', () => {
  const cause = Object.assign(new Error("EACCES: permission denied, open '/tree/ca/keys/ca.key'"), { code: 'EACCES' });
  const pem = '-----BEGIN PRIVATE KEY-----';
  const own = new OtaError('store_failed', 'the disk failed', { cause });
  expect(JSON.parse(logged({ type: 'failed', error: own, requestId: '00ff' }))).toMatchObject({
    level: 'error',
    requestId: '00ff',
    error: {
      name: 'OtaError',
      code: 'store_failed',
      message: 'the disk failed',
      cause: { name: 'Error', code: 'EACCES' },
    },
  });
  for (const error of [own, cause, new Error(pem), pem, { pem }]) {
    expect(logged({ type: 'failed', error })).not.toMatch(/ca\.key|BEGIN/);
  }
});

test('levels: what went wrong for the server, then for a client, then all', () => {
  const refused: OtaEvent = { type: 'refused', code: 'revoked', client: { cn: 'a', role: 'device', serial: '01' } };
  expect(logged(refused, 'error')).toBe('');
  expect(JSON.parse(logged(refused, 'warn'))).toMatchObject({ level: 'warn', code: 'revoked', cn: 'a' });
  expect(logged(refused, 'warn')).not.toContain('serial');
  expect(logged({ type: 'failed', error: undefined }, 'silent')).toBe('');
  expect(logged({ type: 'download_started', sha256: 'ab', start: 0 }, 'info')).toBe('');
});
