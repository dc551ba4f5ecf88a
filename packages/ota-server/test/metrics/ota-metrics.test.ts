import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { OtaError, type OtaClient, type OtaEvent, PROBLEMS } from '../../src/index.js';
import { createOtaMetrics, HANDSHAKE_CODES } from '../../src/metrics/index.js';
import { parseExposition, type Sample } from './exposition.js';

const client: OtaClient = { cn: 'esp-001', role: 'device' };
const running = { project: 'lamp', chip: 'esp32', version: '1.0.0' };

/** One of each, in the order of a device's day. */
const EVENTS: readonly OtaEvent[] = [
  { type: 'replied', method: 'GET', path: '/secure_esp.bin', status: 206, durationMs: 12, client },
  { type: 'refused', code: 'revoked', client },
  { type: 'offered', running, seq: 7, version: '1.1.0', as: 'manifest', client },
  { type: 'not_offered', running, reason: 'same_image', client },
  { type: 'download_started', sha256: 'ab', start: 0, client },
  { type: 'download', sha256: 'ab', start: 0, bytes: 4096, complete: true, durationMs: 1500, client },
  { type: 'handshake_failed', code: 'CERT_HAS_EXPIRED' },
  { type: 'failed', error: new OtaError('store_failed', 'the disk failed'), client },
  { type: 'connection_closed', reason: 'revoked', client },
  { type: 'bridge_used', channel: 'secure_esp' },
];

async function samplesAfter(events: readonly OtaEvent[]): Promise<readonly Sample[]> {
  const { onEvent, register } = createOtaMetrics();
  for (const event of events) onEvent(event);
  return parseExposition(await register.metrics()).samples;
}

const valueOf = (samples: readonly Sample[], name: string): number | undefined =>
  samples.find((sample) => sample.name === `secure_esp_ota_${name}`)?.value;

describe('metrics', () => {
  it('count every event, with labels from closed lists', async () => {
    const samples = await samplesAfter(EVENTS);
    const counted = samples.filter(({ name, value }) => value !== 0 && !name.endsWith('_bucket'));
    expect(counted.map(({ name, labels, value }) => [name.replace('secure_esp_ota_', ''), labels, value])).toEqual([
      ['requests_total', { status: '206', method: 'GET', role: 'device' }, 1],
      ['refused_total', { code: 'revoked' }, 1],
      ['offers_total', { as: 'manifest' }, 1],
      ['not_offered_total', { reason: 'same_image' }, 1],
      ['downloads_total', { complete: 'true' }, 1],
      ['download_bytes_total', {}, 4096],
      ['handshake_failures_total', { code: 'CERT_HAS_EXPIRED' }, 1],
      ['failures_total', {}, 1],
      ['connections_closed_total', { reason: 'revoked' }, 1],
      ['bridge_requests_total', {}, 1],
      ['request_duration_seconds_sum', {}, 0.012],
      ['request_duration_seconds_count', {}, 1],
      ['download_duration_seconds_sum', {}, 1.5],
      ['download_duration_seconds_count', {}, 1],
    ]);
  });

  it('show how many downloads are running', async () => {
    const started: OtaEvent = { type: 'download_started', sha256: 'ab', start: 0 };
    const ended: OtaEvent = { type: 'download', sha256: 'ab', start: 0, bytes: 1, complete: false, durationMs: 1 };
    expect(valueOf(await samplesAfter([started, started, started, ended]), 'downloads_active')).toBe(2);
  });

  it('give a histogram that only rises and ends with the count', async () => {
    const samples = await samplesAfter([3, 30, 300, 3000, 300_000].map((durationMs) => ({ ...replied(), durationMs })));
    const buckets = samples.filter(({ name }) => name === 'secure_esp_ota_request_duration_seconds_bucket');
    const values = buckets.map(({ value }) => value);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect([buckets.at(-1)?.labels, values.at(-1)]).toEqual([{ le: '+Inf' }, 5]);
  });

  it('go into a given registry under a given prefix', async () => {
    const register = new Registry();
    expect(createOtaMetrics({ register, prefix: 'fleet_' }).register).toBe(register);
    expect(await register.metrics()).toContain('\nfleet_downloads_active 0\n');
    expect(() => createOtaMetrics({ register, prefix: 'fleet_' })).toThrow('already been registered');
  });
});

const replied = () => ({ type: 'replied', method: 'GET', path: '/', status: 200, durationMs: 1 }) as const;

/** What a client, or a library below us in a version of tomorrow, could make of an event. */
const anyEvent: fc.Arbitrary<OtaEvent> = fc
  .record({
    event: fc.constantFrom(...EVENTS),
    text: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', '"} 1\nx 2')),
    number: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.constantFrom(NaN, Infinity, 200.5)),
  })
  .map(({ event, text, number }) => {
    const fields = { method: text, path: text, code: text, reason: text, version: text, sha256: text, channel: text };
    const from: OtaClient = { cn: text, role: text as OtaClient['role'] };
    return { ...event, ...fields, status: number, client: from } as OtaEvent;
  });

describe('metrics of events that nobody foresaw', () => {
  it('have no labels but known ones, and a format that Prometheus reads', async () => {
    const lists: Readonly<Record<string, readonly string[]>> = {
      method: ['GET', 'HEAD', 'other'],
      role: ['device', 'operator', 'broker', 'ota', 'none', 'other'],
      code: [...Object.keys(PROBLEMS), ...HANDSHAKE_CODES, 'other'],
      as: ['manifest', 'image'],
      complete: ['true', 'false'],
    };
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { minLength: 1, maxLength: 40 }), async (events) => {
        for (const { labels } of await samplesAfter(events)) {
          for (const [name, value] of Object.entries(labels)) {
            if (name === 'status') expect(value).toMatch(/^([1-5][0-9]{2}|other)$/);
            else if (name === 'le') expect(value).toMatch(/^(\+Inf|[0-9.]+)$/);
            else if (name === 'reason') expect(value).toMatch(/^[a-z_]{2,20}$/);
            else expect(lists[name]).toContain(value);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('the README', () => {
  it('lists exactly the metrics and labels that there are', async () => {
    const { onEvent, register } = createOtaMetrics();
    for (const event of EVENTS) onEvent(event);
    const { metrics, samples } = parseExposition(await register.metrics());
    const inCode = metrics.map(({ name, type }) => {
      const labels = samples.filter((sample) => sample.name === name).flatMap((sample) => Object.keys(sample.labels));
      return [name.replace('secure_esp_ota_', ''), type, [...new Set(labels)].join(', ')];
    });
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
    const section = readme.split('\n## Metrics\n')[1]?.split('\n## ')[0] ?? '';
    const inReadme = [...section.matchAll(/^\| `([a-z_]+)` +\| (counter|gauge|histogram) +\| (.*?) +\|/gm)].map(
      ([, name, type, labels = '']) => [name, type, labels.replaceAll('`', '')],
    );
    expect(inReadme).toEqual(inCode);
  });
});
