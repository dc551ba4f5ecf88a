import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { disconnectByTakeover, startEmbeddedBroker, type EmbeddedBroker } from '../../src/index.js';
import { connackReason, connectPacket } from '../../src/takeover/connect-packet.js';
import { createTestCertificates, type TestCertificates } from '../support/certificates.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith } from '../support/tools.js';

const dir = temporaryFolder();

describe('CONNECT and CONNACK of a take-over', () => {
  test('CONNECT is MQTT 5 with clean start and no session', () => {
    expect(connectPacket('esp').toString('hex')).toBe(
      '1010' + '00044d515454' + '05' + '02' + '003c' + '00' + '0003657370',
    );
  });

  test('the reason is found wherever the remaining length ends, once it is there', () => {
    expect(connackReason(Buffer.from('2003008700', 'hex'))).toBe(0x87);
    expect(connackReason(Buffer.from('2081010000', 'hex'))).toBe(0);
    for (const incomplete of ['', '20', '2003', '200300', '20810100']) {
      expect(connackReason(Buffer.from(incomplete, 'hex'))).toBeUndefined();
    }
    for (const other of ['30', '48545450', '20ffffffffff']) {
      expect(connackReason(Buffer.from(other, 'hex'))).toBe('not_connack');
    }
  });
});

/** That it ends a device's connection is shown for both brokers in the conformance tests. */
describeWith(['openssl'], 'disconnectByTakeover', () => {
  let certificates: TestCertificates;
  let broker: EmbeddedBroker;
  const options = () => ({
    ...{ host: '127.0.0.1', port: broker.operatorPort, deviceId: 'esp-001' },
    tls: { ca: certificates.ca, ...certificates.operator },
  });
  beforeAll(async () => {
    certificates = createTestCertificates(join(dir, 'pki'));
    const tls = { ...certificates.broker, operatorCa: certificates.ca, deviceCa: certificates.deviceCa };
    broker = await startEmbeddedBroker({ tls, operatorPort: 0, devicePort: 0 });
  });
  afterAll(() => broker.close());

  test('succeeds for a device that is not connected', async () => {
    await disconnectByTakeover(options());
  });

  test('refuses a bad id and bad key material before it connects', async () => {
    await expect(disconnectByTakeover({ ...options(), deviceId: 'a/b' })).rejects.toMatchObject({ code: 'bad_option' });
    const tls = { ...options().tls, key: certificates.broker.key };
    await expect(disconnectByTakeover({ ...options(), tls })).rejects.toMatchObject({ code: 'bad_tls' });
  });

  test('does not talk to a broker of another CA, and says if it is refused', async () => {
    const tls = { ...options().tls, ca: certificates.deviceCa };
    await expect(disconnectByTakeover({ ...options(), tls })).rejects.toMatchObject({ code: 'takeover_refused' });
    const asDevice = { ca: certificates.ca, ...certificates.device('esp-001') };
    await expect(disconnectByTakeover({ ...options(), tls: asDevice })).rejects.toMatchObject({
      code: 'takeover_refused',
    });
  });

  test('has a deadline, and obeys its signal', async () => {
    const { cert, key } = certificates.broker;
    const silent = createTlsServer({ cert, key }, (socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    await expect(disconnectByTakeover({ ...options(), port, deadlineMs: 50 })).rejects.toMatchObject({
      code: 'takeover_refused',
      message: expect.stringContaining('50 ms') as string,
    });
    const controller = new AbortController();
    const refused = disconnectByTakeover({ ...options(), port, signal: controller.signal });
    controller.abort(new Error('stop'));
    await expect(refused).rejects.toThrow('stop');
    await new Promise((resolve) => silent.close(resolve));
  });
});
