import { cp } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { initPki, isPkiError, openPki, parseCertificate, type PkiTree, type RolloverOptions } from '../../src/index.js';
import { contents } from '../support/tree-files.js';
import { tempDir } from '../support/temp-dir.js';

const PHASES = ['prepare', 'switch', 'finish'] as const;

const keysOf = (files: Record<string, string>): Set<string> =>
  new Set(Object.values(files).filter((text) => text.includes('PRIVATE KEY')));

/** Until the run is completed a list may be refused for the one that was issued after it: nobody is let in by that. */
async function check(tree: PkiTree, crls: 'newest' | 'newest or refused'): Promise<void> {
  const opened = await openPki(tree.dir);
  await opened.crls().catch((error: unknown) => {
    if (crls === 'newest' || !isPkiError(error) || error.code !== 'ERR_PKI_CRL') throw error;
    expect(error.message).toContain('run `secure-esp pki crl`');
  });
  await opened.rolloverStatus();
  for (const id of await opened.devices()) await opened.device(id);
}

/** Names of files without the random parts; bundles and copies must agree. */
async function shapeOf(dir: string): Promise<unknown> {
  const files = await contents(dir);
  const names = Object.keys(files).filter((name) => !/^issued\/|\/retired\//.test(name));
  const status = await (await openPki(dir)).rolloverStatus();
  return {
    names: names.sort(),
    status: status.map(({ state, next, unfinished, signing }) => ({ state, next, unfinished, cn: signing.commonName })),
    copies: [...new Set(names.filter((name) => /\/ca\.crt$/.test(name)).map((name) => files[name]))].length,
  };
}

test.each(['ca', 'device-ca'] as const)(
  'a rollover of %s that is stopped before any write is completed by repeating the phase',
  async (authority) => {
    const base = await tempDir();
    await initPki({ dir: base, devices: ['a', 'b'] });
    for (const phase of PHASES) {
      const options: RolloverOptions = { authority, phase, revokeSuperseded: true, dangerouslyStrand: 3 };
      const clean = await tempDir();
      await cp(base, clean, { recursive: true, preserveTimestamps: true });
      let steps = 0;
      await (await openPki(clean)).rollOver({ ...options, onProgress: () => (steps += 1) });
      const wanted = await shapeOf(clean);
      const before = Object.entries(await contents(base));
      const retired = new Set(before.filter(([name]) => name.endsWith('.retired')).map(([, text]) => text));
      expect(steps).toBeGreaterThan(3);
      const stopAndRepeat = async (stopAt: number): Promise<void> => {
        const dir = await tempDir();
        await cp(base, dir, { recursive: true, preserveTimestamps: true });
        const tree = await openPki(dir);
        let done = 0;
        const onProgress = (): void => {
          if (done === stopAt) throw new Error('stopped');
          done += 1;
        };
        await expect(tree.rollOver({ ...options, onProgress })).rejects.toThrow('stopped');
        const left = keysOf(await contents(dir));
        // what runs beside it reads, renews and issues as before
        await check(tree, 'newest or refused');
        const renewed = await tree.renew('operator');
        expect(parseCertificate(renewed.cert).subject.CN).toBe('operator');
        await tree.refreshCrls({ when: 'always' });
        await check(tree, 'newest');
        await tree.rollOver(options);
        await check(tree, 'newest');
        expect(await shapeOf(dir)).toEqual(wanted);
        const now = keysOf(await contents(dir));
        const lost = [...left].filter((key) => !now.has(key));
        expect(lost.filter((key) => phase !== 'finish' || !retired.has(key))).toEqual([]);
        expect((await tree.rollOver(options)).written).toEqual([]);
      };
      const places = Array.from({ length: steps }, (_, index) => index);
      for (let from = 0; from < steps; from += 8) await Promise.all(places.slice(from, from + 8).map(stopAndRepeat));
      await (await openPki(base)).rollOver(options);
    }
  },
  120_000,
);

test('a signal stops a phase between two files', async () => {
  const dir = await tempDir();
  const tree = await initPki({ dir });
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(tree.rollOver({ authority: 'ca', phase: 'prepare', signal })).rejects.toThrow('enough');
  await tree.rollOver({ authority: 'ca', phase: 'prepare' });
});
