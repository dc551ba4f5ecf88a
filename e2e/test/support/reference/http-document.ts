import { createOtaOpenApi, type OpenApiOperation } from '@secure-esp/ota-server';
import { ADMIN_PATHS, ADMIN_URL } from './http-admin.js';
import { EST_PATHS, EST_URL } from './http-est.js';

const ota = createOtaOpenApi();

type Operations = Readonly<Record<string, OpenApiOperation>>;

/** Every HTTP interface of secure-esp: update server, its admin port, enrolment. */
export const httpDocument = {
  ...ota,
  info: { ...ota.info, title: 'secure-esp over HTTP' },
  tags: [
    ...ota.tags,
    { name: 'Health and metrics', description: 'The admin port of `ota serve`.' },
    { name: 'Enrolment', description: 'EST (RFC 7030) of `est serve`, and its grace port.' },
  ],
  paths: {
    ...ota.paths,
    ...Object.fromEntries(
      Object.entries(ADMIN_PATHS).map(([path, get]) => [
        path,
        { servers: [{ url: ADMIN_URL, description: 'The admin port, where `--admin-port` opens it.' }], get },
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(EST_PATHS).map(([path, operations]) => [
        path,
        { servers: [{ url: EST_URL, description: 'The enrolment server.' }], ...operations },
      ]),
    ),
  },
  components: {
    securitySchemes: {
      ...ota.components.securitySchemes,
      claim: { type: 'http', scheme: 'basic', description: 'Device id and claim token.' },
    },
  },
};

export interface Documented {
  readonly path: string;
  readonly method: string;
  readonly operation: OpenApiOperation;
}

const all: Readonly<Record<string, Operations>> = {
  ...ota.paths,
  ...Object.fromEntries(Object.entries(ADMIN_PATHS).map(([path, get]) => [path, { get }])),
  ...EST_PATHS,
};

export const documentedOperations: readonly Documented[] = Object.entries(all).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({ path, method, operation })),
);
