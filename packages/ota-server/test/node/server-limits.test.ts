import { describe, expect, it } from 'vitest';
import {
  createMemoryFirmwareStore,
  createOtaServer,
  OTA_SERVER_DEFAULTS,
  type OtaServerOptions,
} from '../../src/index.js';
import { deviceCa, server as serverPair } from '../fixtures/certificates.js';

const make = (over: Partial<OtaServerOptions> = {}) =>
  createOtaServer({ store: createMemoryFirmwareStore(), tls: { ...serverPair, deviceCa }, ...over });

describe('the limits of the standalone server', () => {
  it('are what the options say, and what the defaults say otherwise', () => {
    const { server } = make({ maxConnections: 7, keepAliveTimeoutMs: 1234 });
    expect(server).toMatchObject({
      maxConnections: 7,
      keepAliveTimeout: 1234,
      headersTimeout: OTA_SERVER_DEFAULTS.requestTimeoutMs,
      requestTimeout: OTA_SERVER_DEFAULTS.requestTimeoutMs,
      timeout: OTA_SERVER_DEFAULTS.idleTimeoutMs,
      maxRequestsPerSocket: OTA_SERVER_DEFAULTS.maxRequestsPerConnection,
    });
  });

  it('can be without a minimum rate, and without nothing else', () => {
    expect(() => make({ minimumBytesPerSecond: 0 })).not.toThrow();
    for (const name of Object.keys(OTA_SERVER_DEFAULTS).filter((key) => key !== 'maxHeaderBytes')) {
      for (const value of [name === 'minimumBytesPerSecond' ? -1 : 0, 1.5, Number.NaN, Infinity, 2 ** 31]) {
        expect(() => make({ [name]: value })).toThrow(expect.objectContaining({ code: 'bad_option' }));
        expect(() => make({ [name]: value })).toThrow(name);
      }
    }
  });
});
