import type { Command } from 'commander';
import type { CodegenCOptions, CodegenOptions } from '../commands/codegen-c.js';
import type { CodegenProveOptions } from '../commands/codegen-prove.js';
import type { CodegenCheckCompatOptions } from '../commands/codegen-check-compat.js';
import type { CodegenInitOptions } from '../commands/codegen-init.js';
import type { CodegenAclOptions } from '../commands/codegen-acl.js';
import type { CodegenAsyncApiOptions } from '../commands/codegen-docs.js';
import type { CliContext } from '../context.js';
import { collect, integerOption } from '../options.js';

/** `secure-esp codegen …` */
export function addCodegen(program: Command, context: CliContext): void {
  const codegen = program.command('codegen').description('Code and documents from the contract.');
  codegen
    .command('init [file]')
    .description('Writes a small contract of your own to start from (default: my-protocol.ts).')
    .option('--name <name>', 'of the contract (default: that of the file)')
    .option('--root <root>', 'first levels of its topics (default: /<name>; with --extend, /esp)')
    .option('--extend', 'have all of the secure-esp contract, and your topics more')
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, options: CodegenInitOptions) => {
      await (await import('../commands/codegen-init.js')).codegenInit(context, file ?? 'my-protocol.ts', options);
    });
  const output = (name: string, description: string): Command =>
    codegen
      .command(name)
      .description(description)
      .requiredOption('--out <dir>', 'folder to write to')
      .option(
        '--protocol <file>',
        'TypeScript or JavaScript module whose default export is a protocol (default: the secure-esp contract)',
      )
      .option('--check', 'write nothing; exit code 1 if a file is missing or out of date')
      .option('--list', 'print the path of every file, one a line, and nothing else')
      .option('--json', 'print JSON');
  const outputOfC = (name: string, description: string): Command =>
    output(name, description)
      .option('--prefix <prefix>', 'of every name in C (default: sesp; with --protocol, the contract’s name)')
      .option('--license <spdx>', 'SPDX identifier to put at the top of each file (default: none)');
  outputOfC('c', 'Writes the C headers and parsers: <name>_topics.h, <name>_protocol.h and .c.').action(
    async (options: CodegenCOptions) => {
      await (await import('../commands/codegen-c.js')).codegenC(context, options);
    },
  );
  outputOfC('fuzz', 'Writes libFuzzer targets for the C, with the same options: fuzz/*.c.').action(
    async (options: CodegenCOptions) => {
      await (await import('../commands/codegen-c.js')).codegenFuzz(context, options);
    },
  );
  output('vectors', 'Writes test vectors of every payload and of the topics: vectors/*.json.').action(
    async (options: CodegenOptions) => {
      await (await import('../commands/codegen-docs.js')).codegenVectors(context, options);
    },
  );
  output('asyncapi', 'Writes the contract as AsyncAPI 3: asyncapi.json.')
    .option('--host <host>', 'host[:port] of the broker’s listener for devices (default: none is named)')
    .option('--license <spdx>', 'SPDX identifier of the interface’s license (default: none)')
    .action(async (options: CodegenAsyncApiOptions) => {
      await (await import('../commands/codegen-docs.js')).codegenAsyncApi(context, options);
    });
  output('json-schema', 'Writes a JSON Schema for every JSON payload and document.').action(
    async (options: CodegenOptions) => {
      await (await import('../commands/codegen-docs.js')).codegenJsonSchema(context, options);
    },
  );
  output('docs', 'Writes a table of the topics, and the description that check-compat compares.').action(
    async (options: CodegenOptions) => {
      await (await import('../commands/codegen-docs.js')).codegenDocs(context, options);
    },
  );
  output('acl', 'Writes the access rules for Mosquitto, and with --operator for EMQX.')
    .option('--operator <name>', 'user name of an operator in EMQX (repeatable)', collect)
    .action(async (options: CodegenAclOptions) => {
      await (await import('../commands/codegen-acl.js')).codegenAcl(context, options);
    });
  codegen
    .command('prove')
    .description('Proves with Frama-C that the C of a contract has no run-time error, keeps its contracts and ends.')
    .option('--protocol <file>', 'module whose default export is a protocol (default: the secure-esp contract)')
    .option('--prefix <prefix>', 'of every name in C (default: sesp; with --protocol, the contract’s name)')
    .option('--license <spdx>', 'SPDX identifier at the top of each file, as for `codegen c`')
    .option('--goal-timeout <seconds>', 'for one prover and one goal', integerOption(1, 600), 20)
    .option('--jobs <n>', 'provers at a time', integerOption(1, 64), 2)
    .option('--limit-minutes <n>', 'for all of it', integerOption(1, 600), 60)
    .option('--from <dir>', 'prove the C in this folder instead of generating it')
    .option('--function <name>', 'prove this function only (repeatable)', collect)
    .option('--ledger <file>', 'write what was proved, of which bytes, under which assumptions')
    .option('--check', 'compare with the ledger instead')
    .option('--json', 'print JSON')
    .action(async (options: CodegenProveOptions) => {
      await (await import('../commands/codegen-prove.js')).codegenProve(context, options);
    });
  codegen
    .command('check-compat <older> <newer>')
    .description('Says which changes break old firmware or old servers; exit code 1 if any does.')
    .option('--strict', 'also fail on what breaks old firmware only once it is used')
    .option('--json', 'print JSON')
    .action(async (older: string, newer: string, options: CodegenCheckCompatOptions) => {
      await (await import('../commands/codegen-check-compat.js')).codegenCheckCompat(context, older, newer, options);
    });
}
