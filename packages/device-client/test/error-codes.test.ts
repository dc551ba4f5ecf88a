import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  command,
  defineProtocol,
  event,
  integer,
  json,
  REPLY_CODES,
  text,
  type ReplyCode,
  type UpdateState,
} from '@secure-esp/protocol';
import {
  COMMAND_ERROR_CODES,
  connect,
  DEVICE_CLIENT_ERROR_CODES,
  isDeviceClientError,
  type Client,
  type DeviceClientErrorCode,
} from '../src/index.js';
import { eventually } from './fixtures/eventually.js';
import { failureOf, Opened } from './fixtures/fleet.js';
import { freePort } from './fixtures/free-port.js';
import { startAedes, type TestBroker } from './fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

let broker: TestBroker;
beforeAll(async () => {
  broker = await startAedes({ denyPublish: (_, topic) => topic.includes('/forbidden/') });
});
afterAll(() => broker.close());

/** A device `esp` that refuses every command with `code`. */
async function refusal(code: string): Promise<unknown> {
  const peer = await opened.peer(broker, 'esp');
  peer.onCommand = (command) => peer.reply(command, { ok: false, code, detail: 'why' });
  const client = await opened.client(broker);
  return failureOf(client.device('esp').restart());
}

/** A device `esp` that begins `run` and then reports this. */
async function update(run: number, state: { run: number; state: UpdateState }): Promise<unknown> {
  const peer = await opened.peer(broker, 'esp');
  peer.onCommand = async (command) => {
    await peer.reply(command, { ok: true, run });
    await peer.state({ reason: 'flash', ...state });
  };
  const client = await opened.client(broker);
  return failureOf(client.device('esp').update.run());
}

/** A client whose broker is gone. */
async function cutOff(onFull: 'reject' | 'drop-oldest', maxAgeMs: number): Promise<Client> {
  const own = await startAedes();
  const client = await opened.client(own, { offlineQueue: { maxCommands: 1, maxAgeMs, onFull } });
  await own.close();
  await eventually('the loss is seen', () => !client.connected);
  return client;
}

/** A contract with a reply code of its own. */
const lamp = defineProtocol({
  name: 'lamp',
  version: 1,
  root: '/lamp',
  topics: {
    'lamp/set-colour': command(text(integer(0, 255), { maxBytes: 8 }), { description: 'Sets the colour.' }),
    'replies/{client}': event(
      json(z.object({ ok: z.literal(false), code: z.literal('too_bright'), detail: z.literal('why') }), {
        maxBytes: 64,
      }),
      { description: 'Replies.' },
    ),
  },
});

const withoutStatus = { requireOnline: false } as const;

/** What makes a code, and the sentence that comes with it. */
interface Provocation {
  readonly message: RegExp;
  readonly provoke: () => Promise<unknown>;
}

/** A code without an entry does not compile. */
const PROVOKED: Record<DeviceClientErrorCode, Provocation> = {
  invalid_argument: {
    message: /^update\/interval: Too small: expected number to be >=300$/,
    provoke: async () => failureOf((await opened.client(broker)).device('esp').update.interval(-1)),
  },
  unreachable: {
    message: /^127\.0\.0\.1:\d+: /,
    provoke: async () => failureOf(opened.client({ ...broker, url: `mqtt://127.0.0.1:${String(await freePort())}` })),
  },
  expired: {
    message: /^restart to /,
    provoke: async () => failureOf((await cutOff('reject', 20)).broadcast.restart()),
  },
  queue_full: {
    message: /^restart to /,
    provoke: async () => {
      const client = await cutOff('reject', 10_000);
      const first = failureOf(client.broadcast.restart());
      const second = await failureOf(client.broadcast.restart());
      await client.close();
      expect(await first).toMatchObject({ code: 'closed' });
      return second;
    },
  },
  tls: {
    message: /^127\.0\.0\.1:1: ca, cert or key is not usable$/,
    provoke: () => failureOf(connect({ url: 'mqtts://127.0.0.1:1', tls: { ca: 'x', cert: 'x', key: 'x' } })),
  },
  refused: {
    message: /^127\.0\.0\.1:\d+: the broker has no shared subscriptions$/,
    provoke: () => failureOf(opened.client(broker, { sharedSubscription: 'group' })),
  },
  denied: {
    message: /^\/esp\/devices\/forbidden\/restart: the broker refused with reason code \d+$/,
    provoke: async () => failureOf((await opened.client(broker)).device('forbidden').restart(withoutStatus)),
  },
  deadline: {
    message: /^restart to esp: no answer within 20 ms$/,
    provoke: async () =>
      failureOf((await opened.client(broker)).device('esp').restart({ ...withoutStatus, deadlineMs: 20 })),
  },
  aborted: {
    message: /^restart to esp: aborted by the caller$/,
    provoke: async () =>
      failureOf((await opened.client(broker)).device('esp').restart({ signal: AbortSignal.abort() })),
  },
  closed: {
    message: /closed$/,
    provoke: async () => {
      const client = await opened.client(broker);
      await client.close();
      return failureOf(client.device('esp').restart());
    },
  },
  device_offline: {
    message: /^esp is offline: it has never reported a status$/,
    provoke: async () => {
      const client = await opened.client(broker, { retainedGraceMs: 20 });
      await client.device('esp').forget();
      return failureOf(client.device('esp').restart());
    },
  },
  not_reported: {
    message: /^settings of esp: no value \(the broker holds none\)$/,
    provoke: async () => failureOf((await opened.client(broker, { retainedGraceMs: 20 })).device('esp').settings()),
  },
  invalid_reply: {
    message: /^update of esp: the reply names no run$/,
    provoke: async () => {
      await opened.peer(broker, 'esp');
      return failureOf((await opened.client(broker)).device('esp').update.run());
    },
  },
  skipped: {
    message: /^restart to b: not begun, because 1 failed before it$/,
    provoke: async () => {
      const client = await opened.client(broker, { retainedGraceMs: 20 });
      const fleet = client.fleet(['a', 'b'], { concurrency: 1 });
      const [, second] = await fleet.restart({ stopAfterFailures: 1 }).all();
      return second?.ok === false ? second.error : second;
    },
  },
  ...refusals(),
  rejected: {
    message: /^lamp\/set-colour: esp refused with too_bright: why$/,
    provoke: async () => {
      const peer = await opened.peer(broker, 'esp', { root: '/lamp' });
      peer.onCommand = (command) => peer.reply(command, { ok: false, code: 'too_bright', detail: 'why' });
      return failureOf((await opened.client(broker, { protocol: lamp })).device('esp').lamp.setColour(1));
    },
  },
  failed: {
    message: /^update of esp: run 7 failed \(flash\)$/,
    provoke: () => update(7, { run: 7, state: 'failed' }),
  },
  rolled_back: {
    message: /^update of esp: run 8 was rolled back \(flash\)$/,
    provoke: () => update(8, { run: 8, state: 'rolled_back' }),
  },
  superseded: {
    message: /^update of esp: run 9 was overtaken by run 11 before its end was seen$/,
    provoke: () => update(9, { run: 11, state: 'checking' }),
  },
};

function refusals(): Record<ReplyCode, Provocation> {
  const entry = (code: ReplyCode): [ReplyCode, Provocation] => [
    code,
    { message: new RegExp(`^restart: esp refused with ${code}: why$`), provoke: () => refusal(code) },
  ];
  return Object.fromEntries(REPLY_CODES.map(entry)) as Record<ReplyCode, Provocation>;
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('every error code', () => {
  it.each(DEVICE_CLIENT_ERROR_CODES)('%s is thrown with a sentence that says what and why', async (code) => {
    const { message, provoke } = PROVOKED[code];
    const error = await provoke();
    expect(isDeviceClientError(error)).toBe(true);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(message);
  });

  it('has one meaning in the doc comment and in the README, the same', () => {
    const [comments, readme] = [read('../src/errors.ts'), read('../README.md')];
    const own = DEVICE_CLIENT_ERROR_CODES.filter(
      (code) => ![...COMMAND_ERROR_CODES, 'failed', 'rolled_back', 'superseded'].includes(code),
    );
    const inComments = [...comments.matchAll(/^ \* - `([a-z_]+)`: (.+)$/gm)].map(([, code, text]) => [code, text]);
    expect(inComments.map(([code]) => code).sort()).toEqual([...own].sort());
    const inReadme = new Map(
      [...readme.slice(readme.indexOf('## Errors')).matchAll(/^\| `([a-z_]+)` +\| (.+?) +\|$/gm)].map(
        ([, code, text]) => [code, text],
      ),
    );
    for (const [code, text] of inComments) expect([code, inReadme.get(code)]).toEqual([code, text]);
  });
});
