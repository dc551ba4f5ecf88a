import { describe, expect, it } from 'vitest';
import { toConnectError, toLossError } from '../../src/mqtt/connect-fault.js';

const withCode = (code: string | number): Error => Object.assign(new Error('x'), { code });

describe('a fault while connecting', () => {
  it.each([
    ['unreachable', 'ECONNREFUSED'],
    ['unreachable', 'ENOTFOUND'],
    ['tls', 'CERT_HAS_EXPIRED'],
    ['tls', 'SELF_SIGNED_CERT_IN_CHAIN'],
    ['tls', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['tls', 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
    ['tls', 'ERR_SSL_WRONG_VERSION_NUMBER'],
    ['refused', 'ECONNRESET'],
    ['refused', 135],
  ])('is %s for %s', (code, seen) => {
    const cause = withCode(seen);
    expect(toConnectError('broker:8883', { error: cause })).toMatchObject({ code, cause });
  });

  it('is refused when the broker just hangs up, and names the reason code if there is one', () => {
    expect(toConnectError('b:1', { error: undefined })).toMatchObject({ code: 'refused' });
    expect(toConnectError('b:1', { error: undefined, reasonCode: 137 }).message).toContain('137');
  });
});

describe('the end of an accepted connection', () => {
  it('is refused with a reason code and unreachable without', () => {
    expect(toLossError('b:1', { error: undefined, reasonCode: 142 })).toMatchObject({ code: 'refused' });
    expect(toLossError('b:1', { error: withCode('ECONNRESET') })).toMatchObject({ code: 'unreachable' });
  });
});
