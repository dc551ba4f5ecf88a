import { describeProtocol } from '@secure-esp/protocol';
import {
  generateAsyncApi,
  generateJsonSchemas,
  generateTestVectors,
  generateTopicTable,
} from '@secure-esp/protocol/codegen';
import type { CliContext } from '../context.js';
import { loadProtocol } from '../load-protocol.js';
import { writeGenerated } from '../write-generated.js';
import type { CodegenOptions } from './codegen-c.js';

export interface CodegenAsyncApiOptions extends CodegenOptions {
  readonly host?: string;
  readonly license?: string;
}

/** `secure-esp codegen json-schema` */
export async function codegenJsonSchema(context: CliContext, options: CodegenOptions): Promise<void> {
  const files = generateJsonSchemas(await loadProtocol(context, options.protocol));
  await writeGenerated(context, files, { ...options, command: 'codegen json-schema' });
}

/** `secure-esp codegen asyncapi` */
export async function codegenAsyncApi(context: CliContext, options: CodegenAsyncApiOptions): Promise<void> {
  const { host, license } = options;
  const file = generateAsyncApi(await loadProtocol(context, options.protocol), {
    ...(host === undefined ? {} : { host }),
    ...(license === undefined ? {} : { license }),
  });
  await writeGenerated(context, [file], { ...options, command: 'codegen asyncapi' });
}

/** `secure-esp codegen vectors` */
export async function codegenVectors(context: CliContext, options: CodegenOptions): Promise<void> {
  const files = generateTestVectors(await loadProtocol(context, options.protocol));
  await writeGenerated(context, files, { ...options, command: 'codegen vectors' });
}

/** `secure-esp codegen docs` */
export async function codegenDocs(context: CliContext, options: CodegenOptions): Promise<void> {
  const protocol = await loadProtocol(context, options.protocol);
  const description = `${JSON.stringify(describeProtocol(protocol), null, 2)}\n`;
  const files = [
    { path: 'topics.md', content: generateTopicTable(protocol) },
    { path: `${protocol.name}-v${protocol.version}.contract.json`, content: description },
  ];
  await writeGenerated(context, files, { ...options, command: 'codegen docs' });
}
