import { describe, expect, test } from 'vitest';
import { checkCommonName, LEAF_PROFILES, leafKeyUsage, ROLES } from '../../src/certificate/profiles.js';
import { thrown } from '../support/thrown.js';

describe('names of leaves (pitfall 6)', () => {
  test.each(['esp-001', 'A', '_', 'a'.repeat(64), '__proto__', '-x'])('a device may be called %j', (name) => {
    expect(() => {
      checkCommonName('device', name);
    }).not.toThrow();
  });

  test.each(['', 'a'.repeat(65), 'a+b', 'a#', 'a/b', 'a b', 'a.b', 'ä', '..', 'a\n', '%c'])(
    'a device may not be called %j',
    (name) => {
      const error = thrown(() => {
        checkCommonName('device', name);
      }, 'ERR_PKI_NAME');
      expect(error.field).toBe('CN');
      expect(error.message).toContain('1..64 characters');
    },
  );

  test.each(ROLES)('the name of the role %s belongs to that role', (role) => {
    for (const other of ROLES) {
      const check = (): void => {
        checkCommonName(other, role.toUpperCase());
      };
      if (other === role) expect(check).not.toThrow();
      else thrown(check, 'ERR_PKI_NAME');
    }
  });
});

test('clients never carry serverAuth and servers never clientAuth', () => {
  const usages = Object.values(LEAF_PROFILES).map(({ role, extendedKeyUsage }) => [role, ...extendedKeyUsage]);
  expect(usages).toEqual([
    ['device', 'clientAuth'],
    ['operator', 'clientAuth'],
    ['broker', 'serverAuth'],
    ['ota', 'serverAuth'],
  ]);
});

test('an EC leaf only signs, an RSA leaf may also encipher keys (pitfall 25)', () => {
  expect(leafKeyUsage('ec-p256')).toEqual(['digitalSignature']);
  expect(leafKeyUsage('rsa-2048')).toEqual(['digitalSignature', 'keyEncipherment']);
});
