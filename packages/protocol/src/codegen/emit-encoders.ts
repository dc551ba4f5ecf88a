import type { CArray, CContract, CItem, CMember, CObject, COption, CPayload, CStruct, CUnion } from './c-model.js';
import { namesTable } from './emit-enums.js';
import { LocalFunction } from './local-function.js';
import { upper } from './names.js';
import { cString, type Printer } from './printer.js';
import type { SnippetSet } from './runtime/snippets.js';

/** Encoders: file-local writers for structs, then the public functions. Members stand in the order of the schema. */
export function emitEncoders(out: Printer, contract: CContract, snippets: SnippetSet): void {
  new EncoderEmitter(out, contract, snippets).emit();
}

class EncoderEmitter {
  readonly #code: string;

  constructor(
    readonly out: Printer,
    readonly contract: CContract,
    readonly snippets: SnippetSet,
  ) {
    this.#code = `${contract.macroPrefix}_CODEC`;
  }

  emit(): void {
    const { out, contract } = this;
    out.blank().line('/* Encoders */');
    const text = new Set(contract.payloads.filter(({ encoding }) => encoding === 'text').map(({ struct }) => struct));
    for (const struct of contract.structs) if (!text.has(struct)) this.#structWriter(struct);
    for (const payload of contract.payloads) this.#encoder(payload);
  }

  #structWriter(struct: CStruct): void {
    const { body } = struct;
    if (body.kind === 'object') this.#objectWriter(struct, body, undefined);
    else {
      for (const option of body.options) this.#objectWriter(struct, option.object, option);
      this.#unionWriter(struct, body);
    }
  }

  #objectWriter(struct: CStruct, object: CObject, option: COption | undefined): void {
    const source = option === undefined ? 'in->' : `in->as.${option.field}.`;
    const body = new LocalFunction();
    body.line(`write_char(writer, '{');`);
    for (const member of object.members) this.#member(body, member, source);
    body.line(`write_char(writer, '}');`).unusedUnlessMentioned('in');
    this.#print(body, option === undefined ? struct.name : `${struct.name}_${option.field}`, struct.type);
  }

  #unionWriter(struct: CStruct, union: CUnion): void {
    const body = new LocalFunction();
    body.block('switch (in->kind)', () => {
      for (const option of union.options) {
        body.line(`case ${option.enumerator}: write_${struct.name}_${option.field}(writer, in); break;`);
      }
      body.line(`default: write_fault(writer, ${this.#code}_BAD_VALUE); break;`);
    });
    this.#print(body, struct.name, struct.type);
  }

  #print(body: LocalFunction, name: string, type: string): void {
    body.print(this.out, `static void write_${name}(writer_t *writer, const ${type} *in)`);
  }

  #member(body: LocalFunction, member: CMember, source: string): void {
    const { has, isNull, type, field, wireName } = member;
    const write = (): void => {
      if (type.kind === 'literal') body.line(`write_text(writer, ${cString(JSON.stringify(type.value))});`);
      else if (type.kind === 'array') this.#array(body, type, `${source}${field}`, `${source}${type.count}`);
      else this.#item(body, type, `${source}${field}`);
    };
    const present = (): void => {
      body.line(`${this.snippets.use('write_key')}(writer, ${cString(wireName)});`);
      if (isNull === undefined) write();
      else body.either(`${source}${isNull}`, 'write_text(writer, "null");', write);
    };
    if (has === undefined) present();
    else body.block(`if (${source}${has})`, present);
  }

  #array(body: LocalFunction, array: CArray, items: string, count: string): void {
    const low = array.minItems > 0 ? `${count} < ${String(array.minItems)}u || ` : '';
    body.local('size_t i;');
    body.line(`if (${low}${count} > ${String(array.maxItems)}u) write_fault(writer, ${this.#code}_BAD_VALUE);`);
    body.line(`write_char(writer, '[');`);
    body.block(`for (i = 0u; i < ${count} && writer->code == ${this.#code}_OK; i++)`, () => {
      body.line(`${this.snippets.use('write_separator')}(writer);`);
      this.#item(body, array.item, `${items}[i]`);
    });
    body.line(`write_char(writer, ']');`);
  }

  #item(body: LocalFunction, item: CItem, source: string): void {
    switch (item.kind) {
      case 'string': {
        const format = this.snippets.format(item.format);
        const bounds = `${String(item.minBytes)}u, ${String(item.maxBytes)}u`;
        body.line(`${this.snippets.use('write_quoted')}(writer, ${source}, ${bounds}, ${format});`);
        return;
      }
      case 'integer':
        body.line(
          `${this.snippets.use('write_integer')}(writer, ${source}, ${String(item.min)}, ${String(item.max)});`,
        );
        return;
      case 'boolean':
        body.line(`write_text(writer, ${source} ? "true" : "false");`);
        return;
      case 'enum': {
        this.snippets.use('write_enum');
        body.line(`write_enum(writer, ${namesTable(item.values)}, ${String(item.values.count)},`);
        body.line(`           (size_t)${source}, "\\"");`);
        return;
      }
      case 'struct':
        body.line(`write_${item.struct.name}(writer, &${source});`);
    }
  }

  #encoder(payload: CPayload): void {
    const { struct, name } = payload;
    if (struct === undefined) return;
    const { prefix, macroPrefix } = this.contract;
    const body = new LocalFunction();
    body.local('writer_t writer;');
    body.line(`writer_open(&writer, out, out_cap, ${macroPrefix}_${upper(name)}_MAX_BYTES);`);
    if (payload.encoding === 'json') body.line(`write_${struct.name}(&writer, in);`);
    else this.#textBody(body, struct);
    body.line('return writer_close(&writer, out_cap, out_len);');
    const head = `${prefix}_codec_t ${prefix}_${name}_encode(`;
    body.print(this.out, `${head}const ${struct.type} *in, char *out, size_t out_cap, size_t *out_len)`);
  }

  #textBody(body: LocalFunction, struct: CStruct): void {
    const type = struct.body.kind === 'object' ? struct.body.members[0]?.type : undefined;
    switch (type?.kind) {
      case 'string': {
        const format = this.snippets.format(type.format);
        const bounds = `${String(type.minBytes)}u, ${String(type.maxBytes)}u`;
        body.line(`${this.snippets.use('write_string')}(&writer, in->value, ${bounds}, ${format});`);
        return;
      }
      case 'integer':
        this.snippets.use('write_integer');
        body.line(`write_integer(&writer, in->value, ${String(type.min)}, ${String(type.max)});`);
        return;
      case 'boolean':
        body.line('write_text(&writer, in->value ? "1" : "0");');
        return;
      case 'enum': {
        const table = `${namesTable(type.values)}, ${String(type.values.count)}`;
        body.line(`${this.snippets.use('write_enum')}(&writer, ${table}, (size_t)in->value, "");`);
        return;
      }
      default:
        throw new TypeError(`${struct.path}: a text payload holds one scalar`);
    }
  }
}
