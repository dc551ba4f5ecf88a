import type { CBytes, CContract, CPayload, CStruct } from './c-model.js';
import { namesTable } from './emit-enums.js';
import { writeInteger, WriterEmitter } from './emit-writers.js';
import { LocalFunction } from './local-function.js';
import { upper } from './names.js';
import { namesArguments } from './packed-names.js';
import type { Printer } from './printer.js';
import type { SnippetSet } from './runtime/snippets.js';

/** Encoders: file-local writers for structs, then the public functions. Members stand in the order of the schema. */
export function emitEncoders(out: Printer, contract: CContract, snippets: SnippetSet): void {
  out.blank().line('/* Encoders */');
  const json = contract.payloads.filter(({ encoding }) => encoding === 'json');
  const alone = new Set(contract.payloads.filter((payload) => !json.includes(payload)).map(({ struct }) => struct));
  const writers = new WriterEmitter(out, contract, snippets);
  for (const struct of contract.structs) if (!alone.has(struct)) writers.emit(struct);
  for (const payload of contract.payloads) emitEncoder(out, contract, payload, snippets);
}

function emitEncoder(out: Printer, contract: CContract, payload: CPayload, snippets: SnippetSet): void {
  const { struct, name } = payload;
  if (struct === undefined) return;
  const { prefix, macroPrefix } = contract;
  const body = new LocalFunction();
  body.local('writer_t writer;');
  body.line(`writer_open(&writer, out, out_cap, ${macroPrefix}_${upper(name)}_MAX_BYTES);`);
  if (payload.encoding === 'json') body.line(`write_${struct.name}(&writer, in);`);
  else writeAlone(body, struct, snippets);
  body.line('return writer_close(&writer, out_cap, out_len);');
  const head = `${prefix}_codec_t ${prefix}_${name}_encode(`;
  const ok = `${macroPrefix}_CODEC_OK`;
  body.print(out, `${head}const ${struct.type} *in, char *out, size_t out_cap, size_t *out_len)`, [
    'requires \\valid_read(in) && \\valid(out + (0 .. out_cap - 1)) && (out_len == \\null || \\valid(out_len))',
    'requires \\separated(in, out + (0 .. out_cap - 1)) && (out_len == \\null || \\separated(in, out_len))',
    'assigns out[0 .. out_cap - 1], *out_len',
    `ensures out_cap > 0 && \\result != ${ok} ==> out[0] == 0`,
    `ensures out_cap > 0 && out_len != \\null && \\result == ${ok} ==> *out_len < out_cap && out[*out_len] == 0`,
  ]);
}

function writeAlone(body: LocalFunction, struct: CStruct, snippets: SnippetSet): void {
  const member = struct.body.kind === 'object' ? struct.body.members[0] : undefined;
  const type = member?.type;
  const source = `in->${member?.field ?? ''}`;
  switch (type?.kind) {
    case 'string': {
      const format = snippets.format(type.format);
      const bounds = `${String(type.minBytes)}u, ${String(type.maxBytes)}u`;
      body.line(`${snippets.use('write_string')}(&writer, ${source}, ${bounds}, ${format});`);
      return;
    }
    case 'integer':
    case 'decimal':
      body.line(writeInteger(snippets, '&writer', source, type));
      return;
    case 'boolean':
      body.line(`write_char(&writer, ${source} ? '1' : '0');`);
      return;
    case 'enum':
      snippets.use('write_name');
      body.line(`write_name(&writer, ${namesArguments(namesTable(type.values))}, (size_t)${source});`);
      return;
    case 'bytes':
      writeBytes(body, type, snippets);
      return;
    default:
      throw new TypeError(`${struct.path}: a payload that is no JSON holds one value`);
  }
}

function writeBytes(body: LocalFunction, { minBytes, maxBytes, count }: CBytes, snippets: SnippetSet): void {
  snippets.use('write_bytes');
  body.line(`write_bytes(&writer, in->value, in->${count}, ${String(minBytes)}u, ${String(maxBytes)}u);`);
}
