import { test } from 'vitest';
import { cliSections } from './support/reference/cli-help.js';
import { expectBlocks } from './support/reference/generated-blocks.js';
import { protocolBlocks } from './support/reference/protocol-tables.js';

test('docs/reference/protocol.md has the topics, codes and states of the contract', async () => {
  await expectBlocks('docs/reference/protocol.md', protocolBlocks());
});

test('docs/reference/cli.md has the help of every command', async () => {
  await expectBlocks('docs/reference/cli.md', { commands: await cliSections() });
});
