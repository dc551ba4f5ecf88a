import { describe, expect, it } from 'vitest';
import type { OtaClient } from '../../src/index.js';
import { KnownClients } from '../../src/node/known-clients.js';

const client = { cn: 'esp-001', role: 'device' } satisfies OtaClient;

describe('known clients', () => {
  it('are told once, and nobody is nobody once and for all, too', () => {
    const known = new KnownClients();
    const asked: string[] = [];
    const tell = (name: string, answer: OtaClient | undefined) =>
      known.clientOf(Buffer.from(name), () => {
        asked.push(name);
        return answer;
      });
    expect([tell('a', client), tell('b', undefined)]).toEqual([client, undefined]);
    expect([tell('a', undefined), tell('b', client)]).toEqual([client, undefined]);
    expect(asked).toEqual(['a', 'b']);
  });

  it('are told apart by every byte', () => {
    const known = new KnownClients();
    const bytes = Buffer.alloc(500, 0xe9);
    known.clientOf(bytes, () => client);
    for (let at = 0; at < bytes.length; at += 1) {
      const other = Buffer.from(bytes);
      other.writeUInt8(0x80, at);
      expect(known.clientOf(other, () => undefined)).toBeUndefined();
    }
    expect(known.clientOf(bytes.subarray(1), () => undefined)).toBeUndefined();
  });

  it('are forgotten when many others came since', () => {
    const known = new KnownClients();
    known.clientOf(Buffer.from('often'), () => client);
    known.clientOf(Buffer.from('once'), () => client);
    for (let other = 0; other < 4095; other += 1) {
      known.clientOf(Buffer.from(`other ${other}`), () => client);
      expect(known.clientOf(Buffer.from('often'), () => undefined)).toBe(client);
    }
    expect(known.clientOf(Buffer.from('once'), () => undefined)).toBeUndefined();
  });
});
