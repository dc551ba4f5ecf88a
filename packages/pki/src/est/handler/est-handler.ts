import { LEAF_PROFILES } from '../../certificate/profiles.js';
import { parseBasicAuth } from '../http/basic-auth.js';
import type { EstReply, EstRequest } from '../http/est-exchange.js';
import { EstRefusal, refusalReply } from '../http/problem.js';
import { decodePemBundle } from '../pem-bundle.js';
import { AttemptLimiter } from './attempt-limiter.js';
import { certificateReply, issuedReply } from './certificate-reply.js';
import type { EstAuthority } from './est-authority.js';
import {
  checkCount,
  type EstGraceHandlerOptions,
  type EstHandlerOptions,
  resolveCommon,
  type ResolvedCommon,
} from './est-options.js';
import { refusalOf } from './refusal-of-error.js';
import { type EnrolContext, simpleEnroll } from './simple-enroll.js';
import { type ReenrolContext, simpleReenroll } from './simple-reenroll.js';

/** An enrolment server without a network: a request in, a reply out. */
export interface EstHandler {
  /** Answers every request, errors included; rejects never. */
  handle(request: EstRequest): Promise<EstReply>;
}

interface Endpoint {
  readonly methods: readonly string[];
  serve(request: EstRequest): Promise<EstReply>;
}

type Endpoints = ReadonlyMap<string, Endpoint>;

const MINUTE_MS = 60_000;
const MAX_TARGET_CHARACTERS = 2048;

/**
 * Enrolment over HTTPS, the subset of RFC 7030 that a device needs, below `/.well-known/est`:
 *
 * - `GET /cacerts`: the CA of servers (what a device trusts) and the CA of devices (what signs it).
 * - `POST /simpleenroll`: HTTP Basic, user = device id, password = claim token; empty password for a preauthorised key.
 * - `POST /simplereenroll`: with the TLS client certificate that is to be renewed.
 *
 * The name in the certificate is that of the claim or the old certificate, its role is device, whatever the request asks
 * for. Mount it with {@link toEstListener}, or let {@link createEstServer} do that.
 *
 * @throws PkiError `ERR_PKI_OPTION`, `ERR_PKI_PEM`, `ERR_PKI_CERTIFICATE`
 */
export function createEstHandler(options: EstHandlerOptions): EstHandler {
  const common = resolveCommon(options);
  const max = checkCount(options.maxWrongTokens ?? 10, 'maxWrongTokens', 1, 1_000_000);
  const wrongTokens = new AttemptLimiter({ max, windowMs: 10 * MINUTE_MS, now: common.now });
  const context: EnrolContext = { ...common, claims: options.claims, wrongTokens };
  return handlerOf(
    common,
    new Map([
      ['cacerts', caCerts(common.authority)],
      ['simpleenroll', enrolment(context)],
      ['simplereenroll', reenrolment(reenrolContext(common, 0))],
    ]),
  );
}

/**
 * The way back for a device that was off for too long: `POST /simplereenroll` only, also with a certificate that is over
 * for at most `maxDaysExpired` (default 365). That must be its only defect: signature, role, inventory and revocation are
 * checked as ever. Mount it on a listener of its own, whose TLS asks for certificates without refusing any.
 *
 * @throws PkiError as {@link createEstHandler}
 */
export function createEstGraceHandler(options: EstGraceHandlerOptions): EstHandler {
  const common = resolveCommon(options);
  const maxDaysExpired = checkCount(options.maxDaysExpired ?? 365, 'maxDaysExpired', 1, 3650);
  return handlerOf(common, new Map([['simplereenroll', reenrolment(reenrolContext(common, maxDaysExpired))]]));
}

const reenrolContext = (common: ResolvedCommon, maxDaysExpired: number): ReenrolContext => {
  const { maxReenrolmentsPerHour: max, now } = common;
  return { ...common, maxDaysExpired, reenrolments: new AttemptLimiter({ max, windowMs: 60 * MINUTE_MS, now }) };
};

function handlerOf(common: ResolvedCommon, endpoints: Endpoints): EstHandler {
  const { prefix, onEvent } = common;
  return Object.freeze({
    async handle(request: EstRequest): Promise<EstReply> {
      const name = endpointName(request.target, prefix);
      try {
        return await route(request, name === undefined ? undefined : endpoints.get(name));
      } catch (error) {
        const refusal = error instanceof EstRefusal ? error : refusalOf(error);
        const endpoint = name !== undefined && endpoints.has(name) ? name : '';
        const { code } = refusal;
        if (code === 'internal' || code === 'unavailable') onEvent({ type: 'failed', endpoint, error });
        else onEvent({ type: 'refused', code, endpoint, ...claimedId(request) });
        return refusalReply(refusal);
      }
    },
  });
}

function endpointName(target: string, prefix: string): string | undefined {
  const path = target.length > MAX_TARGET_CHARACTERS ? '' : (target.split('?')[0] ?? '');
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : undefined;
}

function route(request: EstRequest, endpoint: Endpoint | undefined): Promise<EstReply> {
  if (endpoint === undefined) throw new EstRefusal('not_found');
  if (!endpoint.methods.includes(request.method)) {
    throw new EstRefusal('method_not_allowed', { headers: { allow: endpoint.methods.join(', ') } });
  }
  return endpoint.serve(request);
}

/** Who the client says it is, when that can be an id at all: the text of a stranger does not go into logs as it is. */
function claimedId({ headers }: EstRequest): { deviceId?: string } {
  const user = parseBasicAuth(headers['authorization'])?.user;
  return user !== undefined && LEAF_PROFILES.device.commonName.pattern.test(user) ? { deviceId: user } : {};
}

const caCerts = (authority: EstAuthority): Endpoint => ({
  methods: ['GET', 'HEAD'],
  serve: async () => {
    await Promise.resolve();
    // read now: they change when a CA is rolled over
    const roots = [...decodePemBundle(authority.ca), ...decodePemBundle(authority.deviceCa)];
    return certificateReply(roots.map(({ x509 }) => x509.raw));
  },
});

const enrolment = (context: EnrolContext): Endpoint => ({
  methods: ['POST'],
  serve: async (request) => {
    const { deviceId, serial, again, certificate } = await simpleEnroll(request, context);
    context.onEvent({ type: 'enrolled', deviceId, serial, again });
    return issuedReply(certificate);
  },
});

const reenrolment = (context: ReenrolContext): Endpoint => ({
  methods: ['POST'],
  serve: async (request) => {
    const { deviceId, serial, replaces, daysExpired, certificate } = await simpleReenroll(request, context);
    const grace = context.maxDaysExpired === 0 ? {} : { daysExpired: Math.ceil(daysExpired) };
    context.onEvent({ type: 'reenrolled', deviceId, serial, replaces, ...grace });
    return issuedReply(certificate);
  },
});
