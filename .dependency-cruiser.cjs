// The direction of dependencies (docs/architecture.md). Run by `npm run deps`; violations fail.
const MIDDLE = ['ota-server', 'device-client', 'broker', 'simulator', 'pki'];

const room = (names) => `^packages/(?:${[names].flat().join('|')})/src/`;
const entry = (names) => `^packages/(?:${[names].flat().join('|')})/`;

module.exports = {
  forbidden: [
    {
      name: 'foundation-imports-no-room',
      comment: 'protocol and firmware-image stand on nothing of ours, not even on each other.',
      severity: 'error',
      from: { path: '^packages/(protocol|firmware-image)/src/' },
      to: { path: '^packages/', pathNot: '^packages/$1/' },
    },
    ...MIDDLE.map((name) => ({
      name: `${name}-imports-down-only`,
      comment: 'Middle rooms do not import each other, nor the CLI above them.',
      severity: 'error',
      from: { path: room(name) },
      to: { path: '^packages/', pathNot: entry([name, 'protocol', 'firmware-image']) },
    })),
    {
      name: 'only-the-public-door',
      comment: 'Another package is reached through its exports, never through a relative path into its folder.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/(?:src|test)/' },
      to: {
        path: '^packages/([^/]+)/',
        pathNot: [
          '^packages/$1/',
          '^packages/[^/]+/(?:src|dist)/(?:index|node|codegen/index|adapters/(?:express|fastify|hono)|testing/index|metrics/index|stores/s3/index|nvs/index)\\.(?:ts|js|cjs|d\\.ts|d\\.cts)$',
        ],
      },
    },
    {
      name: 'main-entries-are-isomorphic',
      comment: 'protocol and firmware-image run in browsers: no Node built-in outside the /node door.',
      severity: 'error',
      from: {
        path: '^packages/(?:protocol|firmware-image|device-client)/src/',
        pathNot: '^packages/firmware-image/src/node(?:\\.ts|/)',
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'tests-are-not-imported',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { path: '^packages/[^/]+/test/' },
    },
    {
      name: 'declared-dependencies-only',
      comment: 'A library imports nothing that its package.json does not name.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'],
        // optional peers are development dependencies, too: the tests run with them
        dependencyTypesNot: ['npm-peer'],
        pathNot: '^(?:packages|firmware)/',
      },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: ['/dist/', '/out-tsc/', '\\.config\\.ts$'] },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@secure-esp/source', 'import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.d.ts'],
    },
    skipAnalysisNotInRules: true,
  },
};
