import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect, isDeviceClientError, type ConnectOptions, type TlsOptions } from '../../src/index.js';
import { createCertificates, hasOpenssl, type Certificates, type Pair } from '../fixtures/certificates.js';
import { failureOf, Opened } from '../fixtures/fleet.js';
import { mosquittoMissing, startMosquitto, type TestBroker } from '../fixtures/test-broker.js';

const missing = mosquittoMissing() ?? (hasOpenssl() ? undefined : 'openssl is not installed');
const skip = missing !== undefined && process.env['CI'] === undefined;

describe.skipIf(skip)(`mutual TLS against Mosquitto${skip ? ` (${missing})` : ''}`, () => {
  let pki: Certificates;
  const opened = new Opened();
  const brokers = new Map<string, TestBroker>();

  const listener = (broker: Pair): string[] => [
    'allow_anonymous false',
    `cafile ${pki.ca.certFile}`,
    `certfile ${broker.certFile}`,
    `keyfile ${broker.keyFile}`,
    'require_certificate true',
    'use_identity_as_username true',
  ];

  beforeAll(async () => {
    pki = createCertificates();
    for (const name of ['broker', 'expiredBroker', 'misnamedBroker'] as const) {
      brokers.set(name, await startMosquitto(listener(pki[name])));
    }
  });
  afterEach(() => opened.close());
  afterAll(async () => {
    for (const broker of brokers.values()) await broker.close();
    pki.remove();
  });

  const urlOf = (name: string, host = '127.0.0.1'): string => `mqtts://${host}:${String(brokers.get(name)?.port)}`;
  const operator = (over: Partial<TlsOptions> = {}): TlsOptions => ({
    ca: pki.ca.cert,
    cert: pki.operator.cert,
    key: pki.operator.key,
    ...over,
  });
  const fails = (name: string, tls: TlsOptions | undefined, over: Partial<ConnectOptions> = {}): Promise<unknown> =>
    failureOf(connect({ url: urlOf(name), tls, ...over }));

  it('connects by address and by name, several times with one certificate', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const client = await connect({ url: urlOf('broker', host), tls: operator() });
      opened.add(() => client.close());
      expect(client.connected).toBe(true);
    }
  });

  it('fails with tls for a broker of an unknown CA, with an expired certificate, or with another name', async () => {
    expect(await fails('broker', operator({ ca: pki.otherCa.cert }))).toMatchObject({ code: 'tls' });
    const expired = await fails('expiredBroker', operator());
    expect(expired).toMatchObject({ code: 'tls' });
    expect(String(expired)).toContain('CERT_HAS_EXPIRED');
    const misnamed = await fails('misnamedBroker', operator());
    expect(misnamed).toMatchObject({ code: 'tls' });
    expect(String(misnamed)).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('connects to another name only if that name was asked for', async () => {
    const client = await connect({ url: urlOf('misnamedBroker'), tls: operator({ servername: 'elsewhere.test' }) });
    opened.add(() => client.close());
    expect(client.connected).toBe(true);
  });

  it('fails with tls or refused when the broker does not trust the client, with or without a certificate', async () => {
    const stranger = { cert: pki.strangerOperator.cert, key: pki.strangerOperator.key };
    // In TLS 1.3 the client's handshake is over before the broker looks at its certificate (RFC 8446, 4.4.2).
    const error = await fails('broker', operator(stranger));
    expect(isDeviceClientError(error) && ['tls', 'refused'].includes(error.code)).toBe(true);
    expect(await fails('broker', undefined)).toMatchObject({ code: 'tls' });
  });

  it('fails with tls for PEM that is none, without repeating it', async () => {
    for (const over of [{ key: 'c2VjcmV0' }, { cert: 'c2VjcmV0' }, { key: pki.device.key }]) {
      const error = await fails('broker', operator(over));
      expect(error).toMatchObject({ code: 'tls' });
      expect(String(error)).not.toMatch(/c2VjcmV0|BEGIN/);
    }
  });

  it('skips verification only when told so, and warns', async () => {
    const warnings: string[] = [];
    const client = await connect({
      url: urlOf('expiredBroker'),
      tls: operator({ ca: pki.otherCa.cert }),
      dangerouslySkipServerVerification: true,
      logger: { warn: (message) => warnings.push(message) },
    });
    opened.add(() => client.close());
    expect(client.connected).toBe(true);
    expect(warnings).toEqual([expect.stringContaining('NOT verified')]);
  });
});
