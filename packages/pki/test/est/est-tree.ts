import { onTestFinished } from 'vitest';
import {
  createClaims,
  createEstServer,
  type EstEvent,
  type EstServerOptions,
  FileClaimStore,
  initPki,
  type PkiTree,
} from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';

export interface EstFixture {
  readonly dir: string;
  readonly tree: PkiTree;
  readonly claims: FileClaimStore;
  readonly events: EstEvent[];
}

/** A tree without devices, and its claims. */
export async function estTree(now?: () => Date): Promise<EstFixture> {
  const dir = await tempDir();
  const tree = await initPki({ dir, devices: [], chips: [], ...(now && { now }) });
  return { dir, tree, claims: new FileClaimStore(tree.paths.claimsDir), events: [] };
}

/** The token of a new claim. */
export async function tokenFor(
  { tree, claims }: Pick<EstFixture, 'tree' | 'claims'>,
  deviceId: string,
  now?: () => Date,
): Promise<string> {
  const [created] = await createClaims({ deviceIds: [deviceId], claims, authority: tree, ...(now && { now }) });
  return created?.token ?? '';
}

/** A listening server over the fixture, closed when the test ends. */
export async function serve(
  { tree, claims, events }: EstFixture,
  options: Partial<EstServerOptions> = {},
): Promise<{ url: string; graceUrl: string; port: number }> {
  const server = createEstServer({
    authority: tree,
    claims,
    tls: tree.ota,
    host: '127.0.0.1',
    port: 0,
    onEvent: (event) => events.push(event),
    ...options,
  });
  onTestFinished(() => server.close());
  const { port, gracePort } = await server.listen();
  return { url: `https://localhost:${port}`, graceUrl: `https://localhost:${gracePort ?? 0}`, port };
}
