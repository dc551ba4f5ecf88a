import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

const blocksIn = (heading: string): string[] => {
  const section = readme.split(`\n### ${heading}\n`)[1]?.split(/\n##+ /)[0] ?? '';
  return [...section.matchAll(/```ts\n([^]*?)```/g)].map(([, code = '']) => code);
};

/** What the text around a snippet takes for granted. */
const GIVEN = `
declare const isRevoked: import('@secure-esp/ota-server').IsRevoked;
declare const deviceCa: string, operatorCa: string;
`;
const GIVEN_BY_S3 = `${GIVEN}
import { createOtaHandler, type FirmwareStore } from '@secure-esp/ota-server';
declare const client: import('@aws-sdk/client-s3').S3Client, store: FirmwareStore;
`;

/** What the compiler says about programs that exist in memory only, one list for each. */
function complaintsAbout(programs: readonly string[]): string[][] {
  const sources = new Map(programs.map((code, index) => [join(root, `test/snippet-${index}.ts`), code]));
  const { config } = ts.readConfigFile(join(root, 'tsconfig.spec.json'), (file) => ts.sys.readFile(file)) as {
    config: object;
  };
  const parsed = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const options = {
    ...parsed.options,
    rootDir: join(root, '../..'),
    noEmit: true,
    composite: false,
    incremental: false,
    emitDeclarationOnly: false,
  };
  const real = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...real,
    fileExists: (file) => sources.has(file) || real.fileExists(file),
    readFile: (file) => sources.get(file) ?? real.readFile(file),
    getSourceFile(file, version) {
      const code = sources.get(file);
      return code === undefined ? real.getSourceFile(file, version) : ts.createSourceFile(file, code, version);
    },
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources.keys()].map((file) => {
    const source = program.getSourceFile(file);
    const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  });
}

it('the README’s programs for S3 and nginx are type-correct', () => {
  const [stored = ''] = blocksIn('Firmware in S3');
  const [nginx = '', redirect = ''] = blocksIn('Bytes by nginx or S3');
  expect([stored, nginx, redirect]).not.toContain('');
  const programs = [GIVEN + stored, GIVEN + nginx, GIVEN_BY_S3 + redirect];
  const [first, second, third, broken] = complaintsAbout([...programs, GIVEN + nginx.replace('accel', 'excel')]);
  expect([first, second, third]).toEqual([[], [], []]);
  expect(broken).toHaveLength(1);
});
