import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type ClientOfOptions,
  createClientOf,
  type ForwardedCertificateOptions,
  type OtaClient,
} from '../../src/index.js';
import * as certificates from '../fixtures/certificates.js';

const { deviceCa, serverCa: operatorCa, device } = certificates;
const HEADER = 'x-client-cert';

/** Who a request is from, that came with these headers from 127.0.0.1 and without TLS. */
async function clientFrom(
  headers: Record<string, string | string[]>,
  forwarded: Partial<ForwardedCertificateOptions> | undefined = {},
  over: Partial<ClientOfOptions> = {},
  host = '127.0.0.1',
): Promise<OtaClient | undefined> {
  const dangerous = {
    dangerouslyTrustClientCertificateHeader: { header: HEADER, proxies: ['127.0.0.1'], ...forwarded },
  };
  const clientOf = createClientOf({ deviceCa, operatorCa, ...dangerous, ...over });
  const seen: (OtaClient | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(clientOf(request));
    response.end();
  });
  onTestFinished(() => void server.close());
  server.listen(0, host);
  await once(server, 'listening');
  const pairs = Object.entries(headers).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
  await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers: pairs as [string, string][] });
  return seen[0];
}

const escaped = (pem: string) => encodeURIComponent(pem);

describe('a certificate from a proxy’s header', () => {
  it('tells who the client is, by the same rules as a socket’s', async () => {
    expect(await clientFrom({ [HEADER]: escaped(device.cert) })).toMatchObject({ cn: 'esp-001', role: 'device' });
    expect(await clientFrom({ [HEADER]: escaped(certificates.operator.cert) })).toMatchObject({ role: 'operator' });
  });

  it.each(['stranger', 'deviceAsOperator', 'operatorAsDevice', 'expired', 'broker', 'server'] as const)(
    'is nobody’s when it is no valid client certificate of the right CA: %s',
    async (name) => {
      expect(await clientFrom({ [HEADER]: escaped(certificates[name].cert) })).toBeUndefined();
    },
  );

  it('counts between its dates only, and only between those of its CA', async () => {
    const headers = { [HEADER]: escaped(device.cert) };
    for (const now of ['2001-01-01', '2199-01-01']) {
      expect(await clientFrom(headers, {}, { now: () => new Date(now) })).toBeUndefined();
    }
  });

  it.each([
    ['nothing', ''],
    ['no PEM', 'esp-001'],
    ['a bad escape', '%zz'],
    ['two certificates', escaped(device.cert + certificates.operator.cert)],
    ['text in front', escaped(`x${device.cert}`)],
    ['no certificate inside', escaped('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')],
    ['too much', escaped(device.cert).replace('%0A', '%0A'.repeat(6000))],
  ])('is ignored when it holds %s', async (_name, value) => {
    expect(await clientFrom({ [HEADER]: value })).toBeUndefined();
  });

  it('is ignored when it is sent twice, under another name, or past the proxies', async () => {
    const value = escaped(device.cert);
    expect(await clientFrom({ [HEADER]: [value, escaped(certificates.operator.cert)] })).toBeUndefined();
    expect(await clientFrom({ 'x-other': value })).toBeUndefined();
    expect(await clientFrom({ [HEADER]: value }, { proxies: ['10.0.0.0/8', '::1'] })).toBeUndefined();
  });

  it('is read from ranges of proxies, too', async () => {
    const headers = { [HEADER]: escaped(device.cert) };
    expect(await clientFrom(headers, { proxies: ['10.0.0.0/8', '127.0.0.0/8'] })).toMatchObject({ cn: 'esp-001' });
    expect(await clientFrom(headers, {}, {}, '::')).toMatchObject({ cn: 'esp-001' });
  });

  it('is not read unless it was asked for', () => {
    const headers = { [HEADER]: escaped(device.cert) };
    const strict = createClientOf({ deviceCa, operatorCa });
    const request = { headers, socket: { remoteAddress: '127.0.0.1' } } as unknown as Parameters<typeof strict>[0];
    expect(strict(request)).toBeUndefined();
  });

  it('is warned of, once per function', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    onTestFinished(() => {
      warn.mockRestore();
    });
    createClientOf({ deviceCa });
    expect(warn).not.toHaveBeenCalled();
    createClientOf({ deviceCa, dangerouslyTrustClientCertificateHeader: { header: HEADER, proxies: ['::1'] } });
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining(HEADER),
      expect.objectContaining({ code: 'OTA_CLIENT_CERTIFICATE_HEADER' }),
    );
  });

  it.each([
    [{ header: '' }, 'header'],
    [{ header: 'x y' }, 'header'],
    [{ proxies: [] }, 'proxies'],
    [{ proxies: ['localhost'] }, 'proxies'],
    [{ proxies: ['10.0.0.0/33'] }, 'proxies'],
    [{ proxies: ['10.0.0.0/'] }, 'proxies'],
    [{ proxies: ['10.0.0.0/8/8'] }, 'proxies'],
  ])('cannot be configured with %j', (over, option) => {
    const forwarded = { header: HEADER, proxies: ['127.0.0.1'], ...over };
    const make = () => createClientOf({ deviceCa, dangerouslyTrustClientCertificateHeader: forwarded });
    expect(make).toThrow(option);
    expect(make).toThrow(expect.objectContaining({ code: 'bad_option' }));
  });

  it('names an unusable CA', () => {
    expect(() => createClientOf({ deviceCa: 'nothing' })).toThrow('deviceCa');
    expect(() => createClientOf({ deviceCa, operatorCa: 'nothing' })).toThrow('operatorCa');
  });
});
