import type { ClientRole, OtaClient } from '../http/ota-exchange.js';
import type { OtaProblemCode } from '../http/problem.js';

/** Which clients are served at all. */
export interface OtaTrust {
  /** Roles that may fetch. Default: `device` and `operator`. */
  readonly roles?: readonly ClientRole[];
  /** Serve clients without a certificate too: only behind something else that knows who they are. Default false. */
  readonly dangerouslyAllowAnonymous?: boolean;
}

/** Asked for every request, so that a revocation counts at once, for open connections and resumed TLS sessions as well. */
export type IsRevoked = (certificate: {
  readonly issuer?: string;
  readonly serial?: string;
  readonly cn: string;
}) => boolean | Promise<boolean>;

export interface Authority {
  readonly roles: readonly ClientRole[];
  readonly allowAnonymous: boolean;
  readonly isRevoked: IsRevoked;
  readonly now: () => Date;
}

/** Why this client gets nothing; `undefined` when it may ask. Rejects when `isRevoked` does: then nothing is served. */
export async function refusalOf(
  client: OtaClient | undefined,
  authority: Authority,
): Promise<OtaProblemCode | undefined> {
  if (client === undefined) return authority.allowAnonymous ? undefined : 'no_client';
  if (!authority.roles.includes(client.role)) return 'role_not_allowed';
  if (client.notAfter !== undefined && !(authority.now() < client.notAfter)) return 'certificate_expired';
  return (await isRevokedClient(client, authority.isRevoked)) ? 'revoked' : undefined;
}

export const isRevokedClient = async ({ cn, issuer, serial }: OtaClient, isRevoked: IsRevoked): Promise<boolean> =>
  isRevoked({
    cn,
    ...(issuer === undefined ? {} : { issuer }),
    ...(serial === undefined ? {} : { serial }),
  });
