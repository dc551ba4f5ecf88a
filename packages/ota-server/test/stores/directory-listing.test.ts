import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DirectoryListing } from '../../src/stores/directory-listing.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

/** As if the last change were long ago. */
const settle = (dir: string) => utimes(dir, new Date('2020-01-01'), new Date('2020-01-01'));

describe('the listing of a directory', () => {
  it('is made again when a name has come or gone, and only then', async () => {
    const dir = await temporaryDirectory();
    const listing = new DirectoryListing(dir);
    await writeFile(join(dir, 'b'), '');
    await settle(dir);
    const before = await listing.names();
    expect(before).toEqual(['b']);
    expect(await listing.names()).toBe(before);
    await writeFile(join(dir, 'a'), '');
    expect(await listing.names()).toEqual(['a', 'b']);
    await settle(dir);
    expect(await listing.names()).toEqual(['a', 'b']);
    await rm(join(dir, 'b'));
    expect(await listing.names()).toEqual(['a']);
  });

  it('is not kept while another change could bear the same time', async () => {
    const dir = await temporaryDirectory();
    const listing = new DirectoryListing(dir);
    const now = new Date();
    await utimes(dir, now, now);
    expect(await listing.names()).toEqual([]);
    await writeFile(join(dir, 'a'), '');
    await utimes(dir, now, now);
    expect(await listing.names()).toEqual(['a']);
  });

  it('is empty without the directory, and sees it come', async () => {
    const dir = join(await temporaryDirectory(), 'later');
    const listing = new DirectoryListing(dir);
    expect(await listing.names()).toEqual([]);
    await mkdir(dir);
    await writeFile(join(dir, 'a'), '');
    expect(await listing.names()).toEqual(['a']);
  });
});
