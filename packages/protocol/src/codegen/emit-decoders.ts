import type { CArray, CContract, CItem, CMember, CObject, COption, CPayload, CStruct, CUnion } from './c-model.js';
import { namesTable } from './emit-enums.js';
import { LocalFunction } from './local-function.js';
import { upper } from './names.js';
import { cString, type Printer } from './printer.js';
import type { SnippetSet } from './runtime/snippets.js';

/** Decoders: file-local readers for structs, options and arrays, then the public functions. */
export function emitDecoders(out: Printer, contract: CContract, snippets: SnippetSet): void {
  new DecoderEmitter(out, contract, snippets).emit();
}

class DecoderEmitter {
  readonly #codec: string;
  readonly #code: string;

  constructor(
    readonly out: Printer,
    readonly contract: CContract,
    readonly snippets: SnippetSet,
  ) {
    this.#codec = `${contract.prefix}_codec_t`;
    this.#code = `${contract.macroPrefix}_CODEC`;
  }

  emit(): void {
    const { out, contract } = this;
    out.blank().line('/* Decoders */');
    const text = new Set(contract.payloads.filter(({ encoding }) => encoding === 'text').map(({ struct }) => struct));
    for (const struct of contract.structs) if (!text.has(struct)) this.#structReader(struct);
    for (const payload of contract.payloads) this.#decoder(payload);
  }

  #structReader(struct: CStruct): void {
    const { body } = struct;
    if (body.kind === 'object') {
      this.#objectReader(struct, body, undefined);
      return;
    }
    for (const option of body.options) this.#objectReader(struct, option.object, option);
    this.#unionReader(struct, body);
  }

  /** One object, or one option of a union, whose members live in `out->as.<option>`. */
  #objectReader(struct: CStruct, object: CObject, option: COption | undefined): void {
    const target = option === undefined ? 'out->' : `out->as.${option.field}.`;
    for (const { type, field } of object.members) {
      if (type.kind === 'array') this.#arrayReader(struct, type, `${target}${field}`, `${target}${type.count}`);
    }
    const tag = struct.body.kind === 'union' ? struct.body.discriminator : undefined;
    const required = object.members.filter((member) => member.has === undefined);
    const members = [...required, ...object.members.filter((member) => member.has !== undefined)];
    this.#reader(option === undefined ? struct.name : `${struct.name}_${option.field}`, struct.type, (body) => {
      this.#members(
        body,
        members.map(({ wireName }) => wireName),
        required.length,
        object.strict,
      );
      for (const [index, member] of members.entries()) {
        if (member.wireName !== tag) this.#member(body, member, `member[${String(index)}]`, target);
      }
      body.unusedUnlessMentioned('out');
      body.line(`return ${this.#code}_OK;`);
    });
  }

  #unionReader(struct: CStruct, union: CUnion): void {
    this.#reader(struct.name, struct.type, (body) => {
      this.#members(body, [union.discriminator], 1, false);
      for (const option of union.options) {
        body.block(`if (${this.#literal(body, option.tag, 'member[0]')})`, () => {
          body.line(`out->kind = ${option.enumerator};`);
          body.line(`return read_${struct.name}_${option.field}(json, at, out);`);
        });
      }
      body.line(`return ${this.#code}_BAD_PAYLOAD;`);
    });
  }

  #arrayReader(struct: CStruct, array: CArray, items: string, count: string): void {
    this.snippets.use('json_next_item');
    this.#reader(array.name, struct.type, (body) => {
      body.local('size_t count = 0u;').local('bool more;');
      body.line(`if (!json_at(json, at, '[')) return ${this.#code}_BAD_PAYLOAD;`);
      body.line('at = json_space(json, at + 1u);');
      body.block(`for (more = !json_at(json, at, ']'); more; more = json_next_item(json, &at))`, () => {
        body.line(`if (count == ${String(array.maxItems)}u) return ${this.#code}_OUT_OF_RANGE;`);
        this.#item(body, array.item, 'at', `${items}[count]`);
        body.line('count++;');
      });
      body.line(`${count} = count;`);
      const verdict = `${this.#code}_OK`;
      const { minItems } = array;
      body.line(
        minItems === 0
          ? `return ${verdict};`
          : `return count >= ${String(minItems)}u ? ${verdict} : ${this.#code}_OUT_OF_RANGE;`,
      );
    });
  }

  /** Looks members up, the required ones first: `member[i]` is where the value of the i-th name starts. */
  #members(body: LocalFunction, names: readonly string[], required: number, strict: boolean): void {
    this.snippets.use('json_members');
    const size = String(names.length);
    if (names.length > 0) {
      body.localList(`static const char *const names[${size}] = {`, names.map(cString), '};');
      body.local(`size_t member[${size}];`);
    }
    const [table, values] = names.length > 0 ? ['names', 'member'] : ['NULL', 'NULL'];
    const call = `json_members(json, at, ${table}, ${size}u, ${String(required)}u, ${String(strict)}, ${values})`;
    body.line(`if (!${call}) return ${this.#code}_BAD_PAYLOAD;`);
  }

  #member(body: LocalFunction, member: CMember, at: string, target: string): void {
    const { has, isNull, type, field } = member;
    const read = (): void => {
      if (type.kind === 'literal') {
        body.line(`if (!${this.#literal(body, type.value, at)}) return ${this.#code}_BAD_PAYLOAD;`);
      } else if (type.kind === 'array') this.#checked(body, `read_${type.name}(json, ${at}, out)`);
      else this.#item(body, type, at, `${target}${field}`);
    };
    const unlessNull = (): void => {
      if (isNull === undefined) read();
      else {
        this.snippets.use('json_skip');
        body.line(`${target}${isNull} = json_is_word(json, ${at}, "null");`);
        body.block(`if (!${target}${isNull})`, read);
      }
    };
    if (has === undefined) unlessNull();
    else {
      body.line(`${target}${has} = ${at} != JSON_ABSENT;`);
      body.block(`if (${target}${has})`, unlessNull);
    }
  }

  #item(body: LocalFunction, item: CItem, at: string, target: string): void {
    switch (item.kind) {
      case 'string': {
        const format = this.snippets.format(item.format);
        const bounds = `${String(item.minBytes)}u, ${String(item.maxBytes)}u`;
        this.#checked(body, `${this.snippets.use('json_string')}(json, ${at}, ${bounds}, ${format}, ${target})`);
        return;
      }
      case 'integer':
        body.local('int64_t number = 0;');
        this.#checked(
          body,
          `${this.snippets.use('json_integer')}(json, ${at}, ${String(item.min)}, ${String(item.max)}, &number)`,
        );
        body.line(`${target} = (${item.type})number;`);
        return;
      case 'boolean':
        this.#checked(body, `${this.snippets.use('json_boolean')}(json, ${at}, &${target})`);
        return;
      case 'enum': {
        const { values } = item;
        body.local('size_t index = 0u;');
        const table = `${namesTable(values)}, ${String(values.count)}`;
        this.#checked(body, `${this.snippets.use('json_enum')}(json, ${at}, ${table}, &index)`);
        body.line(`${target} = (${values.type})index;`);
        return;
      }
      case 'struct':
        this.#checked(body, `read_${item.struct.name}(json, ${at}, &${target})`);
    }
  }

  #checked(body: LocalFunction, call: string): void {
    body.local(`${this.#codec} code;`);
    body.line(`code = ${call};`).line(`if (code != ${this.#code}_OK) return code;`);
  }

  #literal(body: LocalFunction, value: string | number | boolean, at: string): string {
    switch (typeof value) {
      case 'string':
        return `${this.snippets.use('json_string_is')}(json, ${at}, ${cString(value)})`;
      case 'boolean':
        this.snippets.use('json_skip');
        return `json_is_word(json, ${at}, "${String(value)}")`;
      default: {
        body.local('int64_t number = 0;');
        const integer = String(value);
        return `(${this.snippets.use('json_integer')}(json, ${at}, ${integer}, ${integer}, &number) == ${this.#code}_OK)`;
      }
    }
  }

  #reader(name: string, type: string, write: (body: LocalFunction) => void): void {
    const body = new LocalFunction();
    write(body);
    body.print(this.out, `static ${this.#codec} read_${name}(const json_t *json, size_t at, ${type} *out)`);
  }

  #decoder(payload: CPayload): void {
    const { prefix, macroPrefix } = this.contract;
    const head = `${this.#codec} ${prefix}_${payload.name}_decode(const uint8_t *data, size_t len`;
    const { struct } = payload;
    if (struct === undefined) {
      this.out.function(`${head})`, () => {
        this.out.line('(void)data;').line(`return len == 0u ? ${this.#code}_OK : ${this.#code}_BAD_PAYLOAD;`);
      });
      return;
    }
    const body = new LocalFunction();
    body.line('memset(out, 0, sizeof *out);');
    body.line(`if (len > ${macroPrefix}_${upper(payload.name)}_MAX_BYTES) return ${this.#code}_TOO_LONG;`);
    if (payload.encoding === 'text') this.#textBody(body, struct);
    else this.#jsonBody(body, payload, struct);
    body.print(this.out, `${head}, ${struct.type} *out)`);
  }

  #jsonBody(body: LocalFunction, payload: CPayload, struct: CStruct): void {
    this.snippets.use('json_open');
    body.local('json_t json;').local('size_t root = 0u;').local(`${this.#codec} code;`);
    body.line(`if (!json_open(&json, data, len, ${String(payload.depth)}u, &root)) return ${this.#code}_BAD_PAYLOAD;`);
    body.line(`code = read_${struct.name}(&json, root, out);`);
    body.line(`if (code != ${this.#code}_OK) memset(out, 0, sizeof *out);`);
    body.line('return code;');
  }

  #textBody(body: LocalFunction, struct: CStruct): void {
    const type = struct.body.kind === 'object' ? struct.body.members[0]?.type : undefined;
    switch (type?.kind) {
      case 'string': {
        const format = this.snippets.format(type.format);
        const bounds = `${String(type.minBytes)}u, ${String(type.maxBytes)}u`;
        body.line(`return ${this.snippets.use('text_string')}(data, len, ${bounds}, ${format}, out->value);`);
        return;
      }
      case 'integer':
        body.local('int64_t number = 0;').local(`${this.#codec} code;`);
        this.snippets.use('text_integer');
        body.line(`code = text_integer(data, len, ${String(type.min)}, ${String(type.max)}, &number);`);
        body.line(`if (code == ${this.#code}_OK) out->value = (${type.type})number;`);
        body.line('return code;');
        return;
      case 'boolean':
        body.line(`return ${this.snippets.use('text_boolean')}(data, len, &out->value);`);
        return;
      case 'enum':
        body.local('size_t index = 0u;').local(`${this.#codec} code;`);
        this.snippets.use('text_enum');
        body.line(`code = text_enum(data, len, ${namesTable(type.values)}, ${String(type.values.count)}, &index);`);
        body.line(`if (code == ${this.#code}_OK) out->value = (${type.values.type})index;`);
        body.line('return code;');
        return;
      default:
        throw new TypeError(`${struct.path}: a text payload holds one scalar`);
    }
  }
}
