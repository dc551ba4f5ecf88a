import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import {
  createClientOf,
  createMemoryFirmwareStore,
  createOtaHandler,
  dangerouslyReleaseUnchecked,
  type OtaEvent,
  type OtaHandlerOptions,
  type Release,
} from '@secure-esp/ota-server';
import { expect, onTestFinished, vi } from 'vitest';
import { device, deviceCa, serverCa } from '../fixtures/certificates.js';
import type { Answer } from '../fixtures/https-client.js';
import { recordOutcomes } from '../fixtures/recorded-events.js';
import { type WatchedStore, watchStore } from '../fixtures/watched-store.js';
import type { Host } from './hosts.js';

export const PREFIX = '/updates';
export const IMAGE_BYTES = Buffer.alloc(300_007, 'firmware');
/** More than the buffers of both ends of a connection take. */
export const UNBUFFERABLE = Buffer.alloc(48_000_000, 'firmware');

export interface Running {
  readonly port: number;
  readonly prefix: string;
  readonly release: Release;
  readonly store: WatchedStore;
  readonly events: OtaEvent[];
}

export interface StartOptions extends Partial<OtaHandlerOptions> {
  readonly prefix?: string;
  readonly bytes?: Uint8Array;
}

export async function start(
  host: Host,
  { prefix = PREFIX, bytes = IMAGE_BYTES, ...over }: StartOptions = {},
): Promise<Running> {
  const store = watchStore(createMemoryFirmwareStore());
  const described = { channel: 'secure_esp', project: 'secure_esp', chip: 'esp32c6', version: '1.0.0' };
  const release = await dangerouslyReleaseUnchecked({ store, image: bytes, release: described });
  const events: OtaEvent[] = [];
  const handler = createOtaHandler({ store, onEvent: recordOutcomes(events), ...over });
  const clientOf = createClientOf({ deviceCa, operatorCa: serverCa });
  return { port: await host.start({ handler, clientOf, prefix }), prefix, release, store, events };
}

export const codeOf = ({ body }: Answer): unknown => (JSON.parse(body.toString()) as { code?: unknown }).code;
export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const channel = `${PREFIX}/secure_esp.bin`;
export const imageOf = ({ prefix, release }: Running): string => `${prefix}/images/${release.sha256}.bin`;
export const until = (condition: () => unknown): Promise<unknown> =>
  vi.waitUntil(condition, { timeout: 30_000, interval: 20 });

export async function refused(answer: Promise<Answer>, status: number, code: string): Promise<void> {
  const seen = await answer;
  expect([seen.status, codeOf(seen)]).toEqual([status, code]);
  expect(seen.headers['content-type']).toBe('application/problem+json');
}

/** A connection by hand: for what an HTTP client would not send, or not leave unread. */
export async function dial(port: number, pair = device, session?: Buffer): Promise<TLSSocket> {
  const resumption = session === undefined ? {} : { session };
  const socket = connect({ host: '127.0.0.1', port, ca: serverCa, ...pair, ...resumption });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

export const ask = (socket: TLSSocket, target: string) =>
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);

/** Waits until nothing more is read from the store. */
export async function stalled(store: WatchedStore): Promise<void> {
  let seen = -1;
  let rounds = 0;
  await until(() => {
    rounds = store.bytes === seen && seen > 0 ? rounds + 1 : 0;
    seen = store.bytes;
    return rounds === 10;
  });
}
