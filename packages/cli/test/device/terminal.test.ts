import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { bundleProgram } from '../ota/real-program.js';
import { startHouse, type House, type Peer } from './house.js';

/** script(1) of util-linux opens a terminal; other systems have another one. */
const hasScript = /util-linux/.test(String(spawnSync('script', ['--version']).stdout));
const why = hasScript ? '' : ': script(1) of util-linux is not installed';

let program: Awaited<ReturnType<typeof bundleProgram>>;
let house: House;
let peer: Peer;

beforeAll(async () => {
  program = await bundleProgram();
  house = await startHouse(['esp-001', 'esp-002']);
  peer = await house.peer('esp-001');
});
afterAll(async () => {
  await house.close();
  await program.remove();
});

interface Terminal {
  /** All that came to the screen, with its control sequences. */
  screen(): string;
  type(keys: string): void;
  readonly ended: Promise<unknown>;
}

const CTRL_C = '\u0003';
const ESC = '\u001b';
const HIDE_CURSOR = `${ESC}[?25l`;
const SHOW_CURSOR = `${ESC}[?25h`;

/** Runs a command in a terminal of 100 by 20, and tells the terminal's settings before and after it, and the exit code. */
function inTerminal(verb: string, ...words: string[]): Terminal {
  const argv = [process.execPath, program.bin, 'device', verb, ...house.options, ...words].map((word) => `'${word}'`);
  // `script` hands the terminal to a shell; Ctrl-C is for the program, not for the shell that tells how it ended.
  const line = `stty cols 100 rows 20; echo before=$(stty -g); trap : INT; ${argv.join(' ')}; echo exit=$? after=$(stty -g)`;
  const child = spawn('script', ['--quiet', '--command', line, '/dev/null'], {
    cwd: house.cwd,
    env: { ...process.env, TERM: 'xterm-256color', SHELL: '/bin/sh', CI: '', NO_COLOR: '' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.stdin.end();
    child.kill('SIGKILL');
    await ended;
  });
  return { screen: () => text, type: (keys) => void child.stdin.write(keys), ended };
}

const shown = (terminal: Terminal, what: RegExp): Promise<void> =>
  vi.waitFor(
    () => {
      expect(stripVTControlCharacters(terminal.screen())).toMatch(what);
    },
    { timeout: 20_000, interval: 20 },
  );

/** Ends it by the key, and expects the terminal as it was. */
async function expectClean(terminal: Terminal): Promise<string> {
  terminal.type(CTRL_C);
  await shown(terminal, /exit=\d+ after=\S+/);
  const screen = terminal.screen();
  const [, before] = /before=(\S+)/.exec(screen) ?? [];
  expect(screen).toMatch(/exit=130 /);
  expect(screen).toContain(`after=${String(before)}`);
  // as the cursor was last: never hidden, or shown again
  expect(screen.lastIndexOf(SHOW_CURSOR)).toBeGreaterThanOrEqual(screen.lastIndexOf(HIDE_CURSOR));
  // no colour, no other screen and no mode that stays
  for (const mode of [1000, 1049, 2004]) expect(screen).not.toContain(`${ESC}[?${mode}h`);
  const colours = screen.split(`${ESC}[`).flatMap((part) => /^([0-9;]*)m/.exec(part)?.[1] ?? []);
  expect(colours.at(-1) ?? '0').toMatch(/^(0|22|39|49)?$/);
  return screen;
}

describe.skipIf(!hasScript && process.env['CI'] === undefined)(`on a real terminal${why}`, { timeout: 60_000 }, () => {
  test('device watch draws a table that changes, and Ctrl-C leaves it there with a visible cursor', async () => {
    const terminal = inTerminal('watch');
    await shown(terminal, /esp-001[^]*yes|esp-001[^]*online/);
    expect(terminal.screen()).toContain(HIDE_CURSOR);
    await peer.log('a line for the table');
    await shown(terminal, /a line for the table/);
    const screen = await expectClean(terminal);
    // what is written next begins on a line of its own, below the table
    expect(stripVTControlCharacters(screen)).toMatch(/a line for the table\s*\n(\^C\s*)?\rexit=130/);
  });

  test('device watch --plain and device logs write lines, and do not touch the cursor', async () => {
    const plain = inTerminal('watch', '--plain');
    const logs = inTerminal('logs', '-f', 'esp-001');
    await shown(plain, /esp-001 +online/);
    const talking = setInterval(() => void peer.log('tick'), 50);
    try {
      await shown(logs, /tick/);
      await shown(plain, /tick/);
    } finally {
      clearInterval(talking);
    }
    for (const terminal of [plain, logs]) expect(await expectClean(terminal)).not.toContain(HIDE_CURSOR);
  });

  test('device update draws bars, and Ctrl-C in the middle gives the cursor back', async () => {
    peer.onCommand = async (command) => {
      await command.reply({ ok: true, run: 7 });
      await peer.state({ run: 7, state: 'downloading', to: '1.1.0', bytes: 50, total: 100 });
    };
    const terminal = inTerminal('update', 'esp-001');
    await shown(terminal, /esp-001 .*45 % +downloading/);
    await expectClean(terminal);
  });
});
