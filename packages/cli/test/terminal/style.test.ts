import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { main } from '../../src/main.js';
import { styleOf, wantsColor } from '../../src/terminal/style.js';

const terminal = { write: () => true, isTTY: true };
const file = { write: () => true };

describe('colours', () => {
  test.each([
    [terminal, {}, true],
    [file, {}, false],
    [terminal, { NO_COLOR: '1' }, false],
    [terminal, { NO_COLOR: '' }, true],
    [terminal, { TERM: 'dumb' }, false],
    [file, { FORCE_COLOR: '1' }, true],
    [file, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    [terminal, { FORCE_COLOR: '0' }, false],
  ])('%o with %o: %s', (stream, env, expected) => {
    expect(wantsColor(stream, env)).toBe(expected);
    expect(styleOf(stream, env).red('x')).toBe(expected ? '\u001b[31mx\u001b[39m' : 'x');
  });

  test.each([
    [true, {}],
    [true, { NO_COLOR: '1' }],
    [false, {}],
  ])('of help and errors: terminal %s, %o', async (isTTY, env) => {
    const written: string[] = [];
    const stream = Object.assign(
      new Writable({
        decodeStrings: false,
        write(chunk: string, _encoding, done) {
          written.push(chunk);
          done();
        },
      }),
      { isTTY },
    );
    const signal = new AbortController().signal;
    await main(['--help'], { cwd: '.', stdout: stream, stderr: stream, env, signal });
    await main(['image', 'info', 'none.bin'], { cwd: '.', stdout: stream, stderr: stream, env, signal });
    const coloured = isTTY && Object.keys(env).length === 0;
    expect(written.join('').includes('\u001b[1mUsage:')).toBe(coloured);
    expect(written.join('').includes('\u001b[31msecure-esp:')).toBe(coloured);
    expect(written.join('').includes('\u001b')).toBe(coloured);
  });
});
