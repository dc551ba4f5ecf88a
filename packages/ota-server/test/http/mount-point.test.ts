import { describe, expect, it } from 'vitest';
import { isOtaTarget } from '../../src/index.js';
import { checkMountPoint, targetBelow } from '../../src/http/mount-point.js';

describe('the mount point', () => {
  it.each([
    ['/updates/a.bin?chip=x', '/updates', '/a.bin?chip=x'],
    ['/updates/', '/updates', '/'],
    ['/updates//a.bin', '/updates', '//a.bin'],
    ['/a%2Fb.bin', '', '/a%2Fb.bin'],
    ['https://host/updates/a.bin', '/updates', '/a.bin'],
    ['/updates', '/updates', undefined],
    ['/updatesa.bin', '/updates', undefined],
    ['/%75pdates/a.bin', '/updates', undefined],
    ['/other/a.bin', '/updates', undefined],
    ['*', '', undefined],
    ['', '', undefined],
  ])('sees %s below %s as %s', (target, prefix, expected) => {
    expect(targetBelow(target, prefix)).toBe(expected);
  });

  it.each(['updates', '/updates/', '/', '/a b', '/up?', '//a', '/:tenant', '/a\n'])('cannot be %j', (prefix) => {
    expect(() => checkMountPoint(prefix)).toThrow(expect.objectContaining({ code: 'bad_option' }));
  });

  it.each(['', '/updates', '/v1/my-updates'])('can be %j', (prefix) => {
    expect(checkMountPoint(prefix)).toBe(prefix);
  });
});

describe('isOtaTarget', () => {
  it.each(['/secure_esp.bin', '/secure_esp.bin?chip=esp32', '/images/x.bin', '/update', '/update?channel=a', '/.bin'])(
    'takes %s',
    (target) => {
      expect(isOtaTarget(target)).toBe(true);
    },
  );

  it.each([
    '/',
    '',
    '/update/',
    '/updates',
    '/a/b.bin',
    '/..%2fb.bin',
    '/%zz.bin',
    '/a.binary',
    '/notes',
    'a.bin',
    '*',
  ])('leaves %j to the host', (target) => {
    expect(isOtaTarget(target)).toBe(false);
  });
});
