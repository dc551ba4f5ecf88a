import { createFileFirmwareStore, currentReleases, verifyManifest, type Release } from '@secure-esp/ota-server';
import { openPki, type TreeCrl } from '@secure-esp/pki';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, warn, type Check, type CheckResult, type DoctorWorld } from './check.js';

const RENEW_LISTS = 'Write new ones with `secure-esp pki crl`; running servers take them by themselves.';

const crls: Check = {
  id: 'crl',
  network: false,
  run: async ({ dir, now }) => {
    const { servers, devices } = await (await openPki(dir, { now })).crls();
    return [crlOf('crl:ca', servers, now()), crlOf('crl:device-ca', devices, now())];
  },
};

function crlOf(id: string, crl: TreeCrl | undefined, now: Date): CheckResult {
  if (crl === undefined) return warn(id, 'there is no revocation list yet.', RENEW_LISTS);
  const { thisUpdate, nextUpdate, revoked } = crl.info;
  const until = nextUpdate.toISOString().slice(0, 10);
  if (nextUpdate < now) return fail(id, `it ended on ${until}: brokers refuse everybody.`, RENEW_LISTS);
  if (thisUpdate > now) return fail(id, 'it is of the future.', 'Set this computer’s clock, which is behind.');
  if (now.getTime() > (thisUpdate.getTime() + nextUpdate.getTime()) / 2)
    return warn(id, `more than half of its time is over, it ends on ${until}.`, RENEW_LISTS);
  return ok(id, `${revoked.size} revoked, until ${until}`);
}

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

const releases: Check = {
  id: 'releases',
  network: false,
  run: async (world, signal) => {
    if ((await stat(world.firmware).catch(() => undefined)) === undefined)
      return [ok('releases', 'nothing is released yet')];
    const store = createFileFirmwareStore({ dir: world.firmware });
    const current = currentReleases(await store.listReleases({ signal }));
    if (current.length === 0) return [ok('releases', 'nothing is released yet')];
    const key = await readFile(join(world.dir, 'release-keys/release.pub.pem'), 'utf8');
    return Promise.all(
      current.map(async (release) => {
        const image = await store.statImage({ sha256: release.sha256, signal });
        return releaseOf(release, { image: image?.size, key, world });
      }),
    );
  },
};

async function releaseOf(
  release: Release,
  { image, key, world }: { image: number | undefined; key: string; world: DoctorWorld },
): Promise<CheckResult> {
  const { channel, chip, version, expiresAt, manifest, size } = release;
  const id = `releases:${channel}`;
  const what = `${version} for ${chip}`;
  const again = 'Publish it again with `secure-esp ota publish`.';
  if (image !== size) return fail(id, `the image of ${what} is missing or damaged.`, again);
  if (manifest === undefined)
    return warn(id, `${what} has no signed manifest: devices that require one refuse it.`, again);
  const verdict = await verifyManifest(manifest, [key]);
  if (!verdict.ok) return fail(id, `the manifest of ${what} is refused: ${verdict.detail}.`, again);
  const leftMs = (expiresAt ?? 0) * 1000 - world.now().getTime();
  const renew = 'Renew it with `secure-esp ota renew`.';
  if (leftMs <= 0) return fail(id, `the manifest of ${what} is over: devices are not offered it.`, renew);
  const days = Math.floor(leftMs / DAY_MS);
  return days < SOON_DAYS
    ? warn(id, `the manifest of ${what} ends in ${days} days.`, renew)
    : ok(id, `${what}, ${days} days left`);
}

/** Signed lists that end by themselves: of what is revoked, and of what is released. */
export const listChecks: readonly Check[] = [crls, releases];
