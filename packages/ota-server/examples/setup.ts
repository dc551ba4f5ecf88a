import type { ServerOptions } from 'node:https';
import { createClientOf, createFileFirmwareStore, createOtaHandler } from '@secure-esp/ota-server';
import { openPki } from '@secure-esp/pki';

// Certificates as `npx secure-esp pki init` makes them; any other PEM texts will do.
export const pki = await openPki('.secure-esp');
export const store = createFileFirmwareStore({ dir: 'firmware' });

/** Asked for every request: a device that `npx secure-esp pki revoke` names gets nothing from then on. */
export async function isRevoked({ serial }: { serial?: string }): Promise<boolean> {
  if (serial === undefined) return true;
  for await (const { state } of pki.inventory({ serial })) return state === 'revoked';
  return false;
}

export const handler = createOtaHandler({ store, isRevoked });
export const clientOf = createClientOf({ deviceCa: pki.deviceCa, operatorCa: pki.ca });

/** Asks everybody for a certificate, and lets those without one in, too: they see the host's own pages. */
export const tls = {
  cert: pki.ota.cert,
  key: pki.ota.key,
  ca: [pki.deviceCa, pki.ca],
  minVersion: 'TLSv1.2',
  requestCert: true,
  rejectUnauthorized: false,
} satisfies ServerOptions;

/** 0 takes a free one. */
export const port = Number(process.env['PORT'] ?? 8070);

export const announce = (listeningOn: number): void => {
  console.log(`updates on https://localhost:${listeningOn}/updates/`);
};
