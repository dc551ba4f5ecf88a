import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { DeviceBoard } from '../../src/device/device-board.js';
import { parseCommandValue } from '../../src/device/command-value.js';
import { bytes, command, defineProtocol, integer, json } from '@secure-esp/protocol';
import { fleetPicture } from '../../src/terminal/device-table.js';
import { createLiveView } from '../../src/terminal/live-view.js';
import { styleOf } from '../../src/terminal/style.js';
import { z } from 'zod';

const style = styleOf(new PassThrough(), {});
const NOW = 1_000_000;

function board(...ids: string[]): DeviceBoard {
  const made = new DeviceBoard();
  const facts = { online: true, project: 'lamp', version: '1.0.0', chip: 'esp32' };
  for (const device of ids) made.apply({ type: 'status', device, value: facts, retained: false, receivedAt: NOW });
  return made;
}

describe('the table of device watch', () => {
  test('shows presence, update and the last log line, and fits its terminal', () => {
    const made = board('esp-1');
    const downloading = {
      run: 1,
      state: 'downloading',
      from: '1.0.0',
      to: '1.1.0',
      bytes: 40,
      total: 100,
      reason: null,
    };
    made.apply({ type: 'update/state', device: 'esp-1', value: downloading, retained: false, receivedAt: NOW });
    made.apply({ type: 'log', device: 'esp-1', value: `hello\u001b[2J ${'x'.repeat(200)}`, receivedAt: NOW });
    const picture = fleetPicture(made.rows(), { width: 100, height: 20, now: NOW + 65_000, style });
    expect(picture).toMatch(/^1 device, 1 online/);
    expect(picture).toMatch(/esp-1 +yes +1m +1\.0\.0 +downloading \[####------\] 40 % +hello\\u\{1b\}/);
    expect(picture).not.toContain('\u001b');
    for (const line of picture.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('keeps what is known of a device that went away, and leaves out one that was forgotten', () => {
    const made = board('esp-1', 'esp-2');
    made.apply({ type: 'status', device: 'esp-1', value: { online: false }, retained: false, receivedAt: NOW + 5 });
    made.apply({ type: 'cleared', device: 'esp-2', leaf: 'status', receivedAt: NOW });
    expect(made.rows()).toMatchObject([{ id: 'esp-1', online: false, version: '1.0.0', since: NOW + 5 }]);
  });

  test('counts the rows for which there is no room', () => {
    const made = board(...Array.from({ length: 50 }, (_, index) => `esp-${index}`));
    const lines = fleetPicture(made.rows(), { width: 80, height: 10, now: NOW, style }).split('\n');
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(lines.at(-1)).toBe('… and 43 more');
  });

  test('is drawn again when the terminal changes its size, and leaves the terminal as it was', () => {
    const screen = Object.assign(new PassThrough(), { columns: 80, rows: 24, isTTY: true });
    let drawn = '';
    screen.on('data', (data: Buffer) => (drawn += data.toString()));
    const view = createLiveView({ stdout: screen }, ({ width, height }) => `${width}x${height}`);
    Object.assign(screen, { columns: 40, rows: 10 });
    screen.emit('resize');
    view.close();
    view.close();
    expect(drawn).toContain('80x23');
    expect(drawn).toContain('40x9');
    expect(screen.listenerCount('resize')).toBe(0);
  });
});

describe('values of commands of one’s own contract', () => {
  const protocol = defineProtocol({
    ...{ name: 'lamps', version: 1, root: '/lamps' },
    topics: {
      colour: command(json(z.object({ hue: integer(0, 360), on: z.boolean() }), { maxBytes: 64 }), {
        description: 'x',
      }),
      raw: command(bytes({ maxBytes: 4 }), { description: 'x' }),
    },
  });

  test('are typed as members, as JSON or in hex', () => {
    expect(parseCommandValue(protocol, 'colour', ['hue=120', 'on=true'])).toEqual({ hue: 120, on: true });
    expect(parseCommandValue(protocol, 'colour', ['{"hue":1,"on":false}'])).toEqual({ hue: 1, on: false });
    expect(parseCommandValue(protocol, 'raw', ['00ff'])).toEqual(new Uint8Array([0, 255]));
  });

  test.each([
    ['colour', ['hue=400', 'on=true'], /colour: hue: .*360.*out_of_range/],
    ['colour', ['hue=red', 'on=true'], /colour: hue: .*bad_payload/],
    ['colour', ['size=1'], /"size=1" is no member/],
    ['raw', ['xyz'], /pairs of hex digits/],
    ['raw', ['0011223344'], /raw: is 5 bytes, the limit is 4/],
  ])('%s %j is refused by its field and limit', (leaf, words, sentence) => {
    expect(() => parseCommandValue(protocol, leaf, words)).toThrow(sentence);
  });
});
