import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connect } from '@secure-esp/device-client';
import { openPki } from '@secure-esp/pki';
import { Bot } from './bot.js';
import { Ledger } from './ledger.js';
import { Observer } from './observer.js';

const { values } = parseArgs({
  options: {
    broker: { type: 'string', default: 'mqtts://localhost:8883' },
    dir: { type: 'string', default: '.secure-esp' },
    ledger: { type: 'string', default: 'restarts.json' },
    act: { type: 'boolean', default: false },
    'silent-seconds': { type: 'string' },
    'stalled-seconds': { type: 'string', default: '900' },
    'pause-seconds': { type: 'string', default: '600' },
    'check-seconds': { type: 'string', default: '30' },
    'per-day': { type: 'string', default: '3' },
    'at-once': { type: 'string', default: '5' },
  },
});

/** An integer of at least 1, or the end. */
function whole(name: keyof typeof values): number {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number >= 1) return number;
  console.error(`--${name} must be a whole number of at least 1`);
  process.exit(2);
}
const milliseconds = (name: keyof typeof values): number => whole(name) * 1000;

const limits = {
  silentMs: values['silent-seconds'] === undefined ? undefined : milliseconds('silent-seconds'),
  updateStalledMs: milliseconds('stalled-seconds'),
  pauseMs: milliseconds('pause-seconds'),
  restartsPerDay: whole('per-day'),
};
const checkMs = milliseconds('check-seconds');

const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    ended.abort();
  });
}

const log = (entry: Readonly<Record<string, unknown>>): void => {
  console.log(JSON.stringify({ at: new Date().toISOString(), ...entry }));
};
const ledger = await Ledger.open(values.ledger);
const { operator } = await openPki(values.dir);
const observer = new Observer(Date.now);
const client = await connect({
  url: values.broker,
  tls: operator,
  clientIdPrefix: 'restart-bot-',
  signal: ended.signal,
  onConnectionChange: ({ state }) => {
    if (state === 'connected') observer.resumed();
    log({ connection: state });
  },
});
const following = observer.follow(client.watch());
const bot = new Bot({
  observer,
  ledger,
  limits,
  act: values.act,
  atOnce: whole('at-once'),
  log,
  now: Date.now,
  restart: async (device) => {
    await client.device(device).restart({ signal: ended.signal });
  },
});
log({ watching: values.broker, act: values.act, ...limits });

try {
  while (!ended.signal.aborted) {
    // While the broker is away nothing is heard of anybody, which is no device's fault.
    if (client.connected) await bot.look();
    await pause(checkMs, undefined, { signal: ended.signal }).catch(() => undefined);
  }
} finally {
  await client.close();
  await following;
}
