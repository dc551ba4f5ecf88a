import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/index.js';
import { createBackoff } from '../../src/ports/backoff.js';
import { resolveOptions } from '../../src/device/resolve-options.js';
import { BOUNDS, constants, kconfigDefault, PAGE, valueOf } from './page.js';

const sources = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.test.ts') && name !== 'page.test.ts')
  .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  .join('\n');
/** A title of a test, or the first cell of a row of a table of tests. */
const isTest = (name: string): boolean => sources.includes(`it('${name}',`) || sources.includes(`['${name}',`);

describe('docs/liveness.md', () => {
  it.each(BOUNDS)('$fault: the bound is the sum that the formula says, and there is a test', (bound) => {
    expect(valueOf(bound.formula)).toBeCloseTo(bound.seconds, 3);
    expect(isTest(bound.test), bound.test).toBe(true);
  });

  it('has a bound for every fault', () => {
    expect(BOUNDS.length).toBeGreaterThanOrEqual(12);
    expect(BOUNDS.length).toBe(PAGE.split('\n').filter((line) => / +[\d ]+ s +\| /.test(line)).length);
  });

  const never = PAGE.slice(PAGE.indexOf('## What never happens'))
    .split('\n')
    .flatMap((line) => /^\| (?!Never|-)([^|]+?) +\| ([^|]+?) +\|$/.exec(line)?.[2] ?? []);
  it.each(never)('there is a test: %s', (name) => {
    expect(isTest(name)).toBe(true);
  });
  it('lists what never happens', () => {
    expect(never.length).toBeGreaterThanOrEqual(9);
  });

  it('has the values of the ESP-IDF port as its Kconfig has them', () => {
    const named = [...PAGE.matchAll(/`(SECURE_ESP_\w+)`\s\((\d+)/g)].map(([, name = '', value]) => [
      name,
      Number(value),
    ]);
    expect(named.length).toBeGreaterThanOrEqual(5);
    expect(named).toEqual(named.map(([name]) => [name, kconfigDefault(String(name))]));
  });

  it('has the port’s constants as the simulator has them', () => {
    const credentials = { cert: '', key: '', ca: '' };
    const { timeouts, settings } = resolveOptions({
      id: 'esp-001',
      firmware: new Uint8Array(),
      mqtt: { url: 'mqtts://broker.example', ...credentials },
      ota: { url: 'https://ota.example/a.bin', ...credentials },
      trusted: {},
      clock: systemClock,
    });
    const backoff = createBackoff(() => 1);
    const pauses = Array.from({ length: 40 }, () => backoff.nextMs());
    const found = constants();
    expect(found.get('PORT_CONNECT_MS')).toBe(timeouts.connectMs / 1000);
    expect(found.get('PORT_IDLE_MS')).toBe(timeouts.idleMs / 1000);
    expect(found.get('PORT_INTERVAL_S')).toBe(settings.intervalSeconds);
    expect(found.get('PORT_RECONNECT_MAX_MS')).toBe(Math.max(...pauses) / 1000);
  });
});
