import { ok, rejects } from 'node:assert/strict';
import { BYTES, collect, type FirmwareStoreCase, release, SHA256, storeWithImage } from './sample.js';

const aborted = { name: 'AbortError' };

export const ABORT_CASES: readonly FirmwareStoreCase[] = [
  {
    name: 'does nothing for an aborted signal',
    async run(makeStore) {
      const store = await storeWithImage(makeStore);
      const signal = AbortSignal.abort();
      await rejects(store.listReleases({ signal }), aborted);
      await rejects(store.statImage({ sha256: SHA256, signal }), aborted);
      await rejects(store.putImage({ bytes: BYTES, signal }), aborted);
      await rejects(store.appendRelease({ release: release(1), signal }), aborted);
      await rejects(collect(store.readImage({ sha256: SHA256, signal })), aborted);
    },
  },
  {
    name: 'stops reading when the signal is aborted on the way',
    async run(makeStore) {
      const store = await storeWithImage(makeStore);
      const controller = new AbortController();
      const read = async () => {
        for await (const chunk of store.readImage({ sha256: SHA256, signal: controller.signal })) {
          ok(chunk.length < BYTES.length, 'the image comes in one piece');
          controller.abort();
        }
      };
      await rejects(read(), aborted);
    },
  },
  {
    name: 'can be read again after readers that stopped early, or never began',
    async run(makeStore) {
      const store = await storeWithImage(makeStore);
      for (let round = 0; round < 20; round += 1) {
        store.readImage({ sha256: SHA256 });
        for await (const chunk of store.readImage({ sha256: SHA256 })) {
          ok(chunk.length > 0);
          break;
        }
      }
      ok(BYTES.equals(await collect(store.readImage({ sha256: SHA256 }))));
    },
  },
];
