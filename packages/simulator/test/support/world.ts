import { generateKeyPairSync } from 'node:crypto';
import { schemeFor, signImage, type ChipName, type Signer, type TrustedKeys } from '@secure-esp/firmware-image';
import { keyTypeOfPem, signerFromPem, trustedFromPem } from '@secure-esp/firmware-image/node';
import type { UpdateStateEvent } from '@secure-esp/protocol';
import type { DeviceEvent, DeviceLogLine, VirtualDeviceOptions } from '../../src/index.js';
import { connectOperator, startBroker, type Operator, type TestBroker } from './broker.js';
import { appImage } from './images.js';
import { createTestPki, type TestPki } from './pki.js';
import { startUpdateServer, type UpdateServer } from './update-server.js';

/** Certificates, a broker, an update server and an operator: everything around a device. */
export interface World extends AsyncDisposable {
  readonly pki: TestPki;
  readonly broker: TestBroker;
  readonly server: UpdateServer;
  readonly operator: Operator;
  readonly signer: Signer;
  readonly trusted: TrustedKeys;
  signed(version: string, options?: Parameters<typeof appImage>[1]): Promise<Uint8Array>;
  options(id: string, over?: Partial<VirtualDeviceOptions>): Promise<VirtualDeviceOptions>;
  /** Waits for `update/state` of this device to satisfy the condition, among messages after `since`. */
  untilState(id: string, fits: (state: UpdateStateEvent) => boolean, since?: number): Promise<UpdateStateEvent>;
}

export const createWorld = async (chip: ChipName = 'esp32c6'): Promise<World> => {
  const pki = await createTestPki([]);
  const broker = await startBroker(pki);
  const server = await startUpdateServer(pki);
  const operator = await connectOperator(pki, broker);
  const scheme = schemeFor(chip, 'p256');
  const pem = await pki.tree.firmwareKey(scheme === 'v1-ecdsa-p256' ? 'v1-ecdsa-p256' : 'v2-ecdsa-p256');
  if (keyTypeOfPem(pem) !== 'p256') throw new Error('the firmware key is not P-256');
  const signer = signerFromPem(pem, scheme);
  const trusted = trustedFromPem([pem]);
  const signed = async (version: string, options = {}): Promise<Uint8Array> =>
    signImage(await appImage(version, { chip, ...options }), signer);
  return {
    pki,
    broker,
    server,
    operator,
    signer,
    trusted,
    signed,
    async options(id, over = {}) {
      const credentials = await pki.device(id);
      return {
        id,
        firmware: await signed('1.0.0'),
        mqtt: { url: broker.url, ...credentials },
        ota: { url: server.url, ...credentials },
        trusted,
        releaseKeys: [pki.tree.releasePublicKey],
        settings: { automaticChecks: false },
        reconnect: { baseMs: 50, maxMs: 200 },
        rebootDelayMs: 10,
        slotBytes: 256 * 1024,
        ...over,
      };
    },
    async untilState(id, fits, since = 0) {
      const text = await operator.until(
        (topic, payload) =>
          topic === `/esp/devices/${id}/update/state` && fits(JSON.parse(payload) as UpdateStateEvent),
        since,
      );
      return JSON.parse(text) as UpdateStateEvent;
    },
    async [Symbol.asyncDispose]() {
      await operator[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await broker[Symbol.asyncDispose]();
      await pki[Symbol.asyncDispose]();
    },
  };
};

/** A signer that no device of the world trusts. */
export const foreignSigner = (): Signer => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return signerFromPem(privateKey.export({ type: 'sec1', format: 'pem' }).toString(), 'v2-ecdsa-p256');
};

/** Collects what a device tells. */
export const createDiary = () => {
  const events: DeviceEvent[] = [];
  const lines: string[] = [];
  return {
    events,
    lines,
    types: () => events.map(({ type }) => type),
    onEvent: (event: DeviceEvent): void => void events.push(event),
    onLog: ({ level, text }: DeviceLogLine): void => void lines.push(`${level}: ${text}`),
  };
};
