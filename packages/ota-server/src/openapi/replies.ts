import { IMAGE_MEDIA_TYPE, MANIFEST_MEDIA_TYPE } from '@secure-esp/protocol';
import { type OtaProblemCode, PROBLEMS } from '../http/problem.js';
import type { OpenApiHeader, OpenApiResponse } from './openapi-document.js';
import * as headers from './reply-headers.js';

type Headers = Readonly<Record<string, OpenApiHeader>>;
type Responses = Readonly<Record<string, OpenApiResponse>>;

const FILE_CONTENT = {
  [IMAGE_MEDIA_TYPE]: {
    schema: { type: 'string', contentMediaType: IMAGE_MEDIA_TYPE, description: 'The signed image.' },
  },
};
const MANIFEST_CONTENT = {
  [MANIFEST_MEDIA_TYPE]: {
    schema: {
      type: 'string',
      pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$',
      maxLength: 2048,
      description: 'The release manifest: a compact JWS, ES256.',
    },
  },
};

const reply = (description: string, own: Headers, content?: OpenApiResponse['content']): OpenApiResponse => ({
  description,
  headers: { ...headers.REQUEST_ID, ...own },
  ...(content === undefined ? {} : { content }),
});

/** The error replies of these codes, by status. */
function problemsOf(codes: readonly OtaProblemCode[]): Responses {
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const own = codes.filter((code) => PROBLEMS[code].status === status);
      const description = own.map((code) => `\`${code}\`: ${PROBLEMS[code].message}`).join(' ');
      const schema = {
        type: 'object',
        properties: { code: { type: 'string', enum: own }, message: { type: 'string' } },
        required: ['code', 'message'],
        additionalProperties: false,
      };
      const beside = headers.PROBLEM_BY_STATUS[status] ?? {};
      const content = { 'application/problem+json': { schema } };
      return [String(status), reply(description, { ...headers.PROBLEM, ...beside }, content)];
    }),
  );
}

const REFUSED = ['no_client', 'role_not_allowed', 'certificate_expired', 'revoked'] as const;
const ALWAYS = ['bad_request', ...REFUSED, 'precondition_failed', 'too_many_requests', 'internal'] as const;
/** What only a body can be refused for: `HEAD` has none, and no range. */
const OF_GET = ['range_not_satisfiable', 'too_many_downloads', 'busy'] as const;

export interface RepliesOptions {
  readonly method: 'get' | 'head';
  /** Whether devices are answered with what is newer for them. */
  readonly toDevices: boolean;
  /** Whether anybody with a certificate gets the file. */
  readonly toAll: boolean;
  readonly caching: Headers;
  /** Besides those that every address has. */
  readonly problems: readonly OtaProblemCode[];
}

/** All replies of one operation. */
export function repliesOf({ method, toDevices, toAll, caching, problems }: RepliesOptions): Responses {
  const isGet = method === 'get';
  const location = toDevices ? headers.OWN_ADDRESS : {};
  const file = { ...headers.FILE, ...caching, ...location };
  const ok = toDevices
    ? reply(
        'The newer image, or its release manifest where `Accept` names `application/jose`.',
        // what a manifest lacks is optional here, and required below for the file
        { ...asOptional(file), ...headers.MANIFEST, ...caching },
        { ...FILE_CONTENT, ...MANIFEST_CONTENT },
      )
    : reply('The image.', file, FILE_CONTENT);
  return {
    200: ok,
    ...(toDevices && { 204: reply('To a device: nothing is newer, and the request had no condition.', caching) }),
    ...(isGet && { 206: reply('The range that was asked for.', { ...file, ...headers.RANGE }, FILE_CONTENT) }),
    304: reply(
      toAll ? 'The client has this file; to a device: nothing is newer.' : 'To a device: nothing is newer.',
      toDevices ? { ...headers.NOTHING_NEWER, ...caching, ...location } : { ...headers.UNCHANGED, ...caching },
    ),
    ...(isGet && { 307: reply('The bytes are somewhere else, `delivery: { kind: "redirect" }`.', headers.ELSEWHERE) }),
    ...problemsOf([...ALWAYS, ...problems, ...(isGet ? OF_GET : [])]),
  };
}

const asOptional = (own: Headers): Headers =>
  Object.fromEntries(Object.entries(own).map(([name, header]) => [name, { ...header, required: false }]));
