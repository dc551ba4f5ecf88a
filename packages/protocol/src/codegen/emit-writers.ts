import { WRITER_ASSIGNS, WRITER_CONTRACT } from './acsl.js';
import type {
  CArray,
  CContract,
  CDecimal,
  CInteger,
  CItem,
  CMember,
  CObject,
  COption,
  CStruct,
  CUnion,
} from './c-model.js';
import { namesTable } from './emit-enums.js';
import { LocalFunction } from './local-function.js';
import { namesArguments } from './packed-names.js';
import { cString, type Printer } from './printer.js';
import type { SnippetSet } from './runtime/snippets.js';

/** Whether a member has been written before this one: in C, that may be known only at run time. */
type Before = 'none' | 'some' | 'unknown';

/** File-local writers of structs. What is constant between two values is one text. */
export class WriterEmitter {
  readonly #code: string;

  constructor(
    readonly out: Printer,
    contract: CContract,
    readonly snippets: SnippetSet,
  ) {
    this.#code = `${contract.macroPrefix}_CODEC`;
  }

  emit(struct: CStruct): void {
    const { body } = struct;
    if (body.kind === 'object') this.#objectWriter(struct, body, undefined);
    else {
      for (const option of body.options) this.#objectWriter(struct, option.object, option);
      this.#unionWriter(struct, body);
    }
  }

  #objectWriter(struct: CStruct, object: CObject, option: COption | undefined): void {
    const source = option === undefined ? 'in->' : `in->as.${option.field}.`;
    const body = new JsonBody(this.snippets);
    body.text('{');
    let before: Before = 'none';
    for (const member of object.members) before = this.#member(body, member, source, before);
    body.text('}').flush();
    body.code.unusedUnlessMentioned('in');
    this.#print(body.code, option === undefined ? struct.name : `${struct.name}_${option.field}`, struct.type);
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
    body.print(this.out, `static void write_${name}(writer_t *writer, const ${type} *in)`, WRITER_CONTRACT);
  }

  #member(body: JsonBody, member: CMember, source: string, before: Before): Before {
    const { has, isNull, wireName } = member;
    const present = (): void => {
      if (before === 'unknown') {
        body.flush();
        body.code.line(`${this.snippets.use('write_separator')}(writer);`);
      }
      body.text(`${before === 'some' ? ',' : ''}${JSON.stringify(wireName)}:`);
      if (isNull === undefined) this.#value(body, member, source);
      else {
        body.flush();
        body.code.either(
          `${source}${isNull}`,
          () => {
            body.text('null').flush();
          },
          () => {
            this.#value(body, member, source);
            body.flush();
          },
        );
      }
    };
    if (has === undefined) {
      present();
      return 'some';
    }
    body.flush();
    body.code.block(`if (${source}${has})`, () => {
      present();
      body.flush();
    });
    return before === 'some' ? 'some' : 'unknown';
  }

  #value(body: JsonBody, { type, field }: CMember, source: string): void {
    if (type.kind === 'literal') body.text(JSON.stringify(type.value));
    else if (type.kind === 'array') this.#array(body, type, `${source}${field}`, `${source}${type.count}`);
    else if (type.kind !== 'bytes') this.#item(body, type, `${source}${field}`);
  }

  #array(body: JsonBody, array: CArray, items: string, count: string): void {
    const { code } = body;
    const max = String(array.maxItems);
    const low = array.minItems > 0 ? `${count} < ${String(array.minItems)}u || ` : '';
    code.local('size_t i;');
    body.text('[').flush();
    code.line(`if (${low}${count} > ${max}u) write_fault(writer, ${this.#code}_BAD_VALUE);`);
    code.annotation([
      `loop invariant i <= ${max} && writer_ok(writer)`,
      `loop assigns i, ${WRITER_ASSIGNS}`,
      `loop variant ${max} - i`,
    ]);
    code.block(`for (i = 0u; i < ${count} && i < ${max}u; i++)`, () => {
      code.line(`if (i > 0u) write_char(writer, ',');`);
      this.#item(body, array.item, `${items}[i]`);
      body.flush();
    });
    body.text(']');
  }

  #item(body: JsonBody, item: CItem, source: string): void {
    switch (item.kind) {
      case 'string': {
        const format = this.snippets.format(item.format);
        const bounds = `${String(item.minBytes)}u, ${String(item.maxBytes)}u`;
        body.text('"').call(`${this.snippets.use('write_json_string')}(writer, ${source}, ${bounds}, ${format});`);
        body.text('"');
        return;
      }
      case 'integer':
      case 'decimal':
        body.call(writeInteger(this.snippets, 'writer', source, item));
        return;
      case 'boolean':
        body.call(`${this.snippets.use('write_boolean')}(writer, ${source});`);
        return;
      case 'enum': {
        this.snippets.use('write_name');
        const table = namesArguments(namesTable(item.values));
        body.text('"').call(`write_name(writer, ${table}, (size_t)${source});`).text('"');
        return;
      }
      case 'struct':
        body.call(`write_${item.struct.name}(writer, &${source});`);
    }
  }
}

/** The call that writes a number. Integers that fit 32 bits need no 64-bit arithmetic. */
export function writeInteger(snippets: SnippetSet, writer: string, source: string, item: CInteger | CDecimal): string {
  const { min, max } = item;
  if (item.kind === 'integer' && !item.wide)
    return `${snippets.use('write_u32')}(${writer}, ${source}, ${String(min)}u, ${String(max)}u);`;
  const decimals = item.kind === 'decimal' ? item.decimals : 0;
  return `${snippets.use('write_integer')}(${writer}, ${source}, ${String(min)}, ${String(max)}, ${String(decimals)}u);`;
}

/** The body of a writer: constant text is collected, and written before the next call. */
class JsonBody {
  readonly code = new LocalFunction();
  #pending = '';

  constructor(readonly snippets: SnippetSet) {}

  text(text: string): this {
    this.#pending += text;
    return this;
  }

  call(statement: string): this {
    this.flush();
    this.code.line(statement);
    return this;
  }

  /** Has to precede every branch and its end. */
  flush(): void {
    const text = this.#pending;
    this.#pending = '';
    if (text === '') return;
    if (text.length === 1) this.code.line(`write_char(writer, ${text === "'" ? "'\\''" : `'${text}'`});`);
    else this.code.line(`write_text(writer, ${namesArguments(this.code.constant('text', cString(text)))});`);
  }
}
