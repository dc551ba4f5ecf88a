import { readerContract } from './acsl.js';
import type { CArray, CContract, CItem, CMember, CObject, COption, CStruct, CUnion } from './c-model.js';
import { namesTable } from './emit-enums.js';
import { LocalFunction } from './local-function.js';
import { localPackedNames, namesArguments } from './packed-names.js';
import { cString, type Printer } from './printer.js';
import type { SnippetSet } from './runtime/snippets.js';

/** File-local readers: JSON to structs, options of unions and arrays. A fault sticks in `json->code`; none returns early. */
export class ReaderEmitter {
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
    const objects = body.kind === 'object' ? [{ object: body, target: 'out->' }] : body.options.map(optionPlace);
    for (const { object, target } of objects) {
      for (const { type, field } of object.members) {
        if (type.kind === 'array') this.#arrayReader(struct, type, `${target}${field}`, `${target}${type.count}`);
      }
    }
    if (body.kind === 'object') this.#objectReader(struct, body);
    else this.#unionReader(struct, body);
  }

  #objectReader(struct: CStruct, object: CObject): void {
    const body = new LocalFunction();
    this.#members(
      body,
      object.members.map(({ wireName }) => wireName),
    );
    if (object.strict) this.#refuseIf(body, 'json->open');
    for (const [index, member] of object.members.entries()) {
      this.#member(body, member, `member[${String(index)}]`, 'out->');
    }
    body.unusedUnlessMentioned('out');
    this.#print(body, struct.name, struct.type, rangePromises(object));
  }

  /** The members of all options are looked up at once; the discriminator is the first. */
  #unionReader(struct: CStruct, union: CUnion): void {
    const body = new LocalFunction();
    const all = union.options.flatMap(({ object }) => object.members.map(({ wireName }) => wireName));
    const names = [...new Set([union.discriminator, ...all])];
    this.#members(body, names);
    for (const option of union.options) {
      const { object, target } = optionPlace(option);
      body.block(`if (${this.#literal(body, option.tag, 'member[0]')})`, () => {
        body.line(`out->kind = ${option.enumerator};`);
        if (object.strict) {
          const foreign = names.flatMap((name, index) =>
            object.members.some(({ wireName }) => wireName === name) ? [] : [`member[${String(index)}] < json->len`],
          );
          this.#refuseIf(body, ['json->open', ...foreign].join(' || '));
        }
        for (const member of object.members) {
          const index = names.indexOf(member.wireName);
          if (index > 0) this.#member(body, member, `member[${String(index)}]`, target);
        }
        body.line('return;');
      });
    }
    body.line(`json_fault(json, ${this.#code}_BAD_PAYLOAD);`);
    this.#print(body, struct.name, struct.type, []);
  }

  #refuseIf(body: LocalFunction, condition: string): void {
    body.line(`if (${condition}) json_fault(json, ${this.#code}_BAD_PAYLOAD);`);
  }

  #arrayReader(struct: CStruct, array: CArray, items: string, count: string): void {
    this.snippets.use('json_next_item');
    const body = new LocalFunction();
    body.local('size_t count = 0u;');
    body.block(`if (!json_at(json, at, '['))`, () => {
      body.line(`json_fault(json, ${this.#code}_BAD_PAYLOAD);`).line('return;');
    });
    body.line('at = json_space(json, at + 1u);');
    body.line(`if (json_at(json, at, ']')) at = json->len;`);
    body.annotation([
      `loop invariant at <= json->len && count <= ${String(array.maxItems)}`,
      'loop assigns at, count, json->open, json->code, *out',
      'loop variant json->len - at',
    ]);
    body.block('while (at < json->len)', () => {
      body.block(`if (count == ${String(array.maxItems)}u)`, () => {
        body.line(`json_fault(json, ${this.#code}_OUT_OF_RANGE);`).line('return;');
      });
      this.#item(body, array.item, 'at', `${items}[count]`);
      body.line('count++;').line('at = json_next_item(json, at);');
    });
    body.line(`${count} = count;`);
    if (array.minItems > 0) {
      body.line(`if (count < ${String(array.minItems)}u) json_fault(json, ${this.#code}_OUT_OF_RANGE);`);
    }
    this.#print(body, array.name, struct.type, []);
  }

  /** Looks members up: `member[i]` is where the value of the i-th name starts. */
  #members(body: LocalFunction, names: readonly string[]): void {
    this.snippets.use('json_members');
    localPackedNames(body, 'names', names);
    body.local(`size_t member[${String(Math.max(1, names.length))}];`);
    body.line(`json_members(json, at, ${namesArguments('names')}, member, ${String(names.length)}u);`);
  }

  #member(body: LocalFunction, member: CMember, at: string, target: string): void {
    const { has, isNull, type, field } = member;
    const read = (): void => {
      if (type.kind === 'literal') {
        this.#refuseIf(body, `!${this.#literal(body, type.value, at)}`);
      } else if (type.kind === 'array') body.line(`read_${type.name}(json, ${at}, out);`);
      else if (type.kind !== 'bytes') this.#item(body, type, at, `${target}${field}`);
    };
    const unlessNull = (): void => {
      if (isNull === undefined) read();
      else {
        body.line(`${target}${isNull} = json_at(json, ${at}, 'n');`);
        body.block(`if (!${target}${isNull})`, read);
      }
    };
    const { fallback } = member;
    if (fallback !== undefined) {
      body.either(`${at} < json->len`, unlessNull, () => {
        if (fallback.kind === 'constant') body.line(`${target}${field} = ${fallback.expression};`);
        else {
          const text = body.constant('default', cString(fallback.text));
          body.line(`${this.snippets.use('put_text')}(${target}${field}, ${namesArguments(text)});`);
        }
      });
    } else if (has === undefined) unlessNull();
    else {
      body.line(`${target}${has} = ${at} < json->len;`);
      body.block(`if (${target}${has})`, unlessNull);
    }
  }

  #item(body: LocalFunction, item: CItem, at: string, target: string): void {
    switch (item.kind) {
      case 'string': {
        const format = this.snippets.format(item.format);
        const bounds = `${String(item.minBytes)}u, ${String(item.maxBytes)}u`;
        body.line(`${this.snippets.use('json_string')}(json, ${at}, ${bounds}, ${format}, ${target});`);
        return;
      }
      case 'integer': {
        const bounds = [item.min, item.max];
        const cast = item.type === (item.wide ? 'int64_t' : 'uint32_t') ? '' : `(${item.type})`;
        const call = item.wide
          ? `${this.snippets.use('json_integer')}(json, ${at}, ${bounds.map(String).join(', ')}, 0)`
          : `${this.snippets.use('json_u32')}(json, ${at}, ${bounds.map((bound) => `${String(bound)}u`).join(', ')})`;
        body.line(`${target} = ${cast}${call};`);
        return;
      }
      case 'decimal': {
        this.snippets.use('json_integer');
        const cast = item.type === 'int64_t' ? '' : `(${item.type})`;
        const range = `${String(item.min)}, ${String(item.max)}, ${String(item.decimals)}`;
        body.line(`${target} = ${cast}json_integer(json, ${at}, ${range});`);
        return;
      }
      case 'boolean':
        body.line(`${target} = ${this.snippets.use('json_boolean')}(json, ${at});`);
        return;
      case 'enum': {
        this.snippets.use('json_enum');
        const table = `${namesArguments(namesTable(item.values))}, ${String(item.values.count)}`;
        body.line(`${target} =`).line(`    (${item.values.type})json_enum(json, ${at}, ${table});`);
        return;
      }
      case 'struct':
        body.line(`read_${item.struct.name}(json, ${at}, &${target});`);
    }
  }

  /** A condition: the literal stands at `at`. */
  #literal(body: LocalFunction, value: string | number | boolean, at: string): string {
    switch (typeof value) {
      case 'string': {
        this.snippets.use('json_string_is');
        const array = body.constant('literal', cString(value));
        return `json_string_is(json, ${at}, ${namesArguments(array)})`;
      }
      case 'boolean':
        // The text is well formed, so its first letter tells.
        return `json_at(json, ${at}, '${String(value).charAt(0)}')`;
      default: {
        this.snippets.use('json_number');
        body.local('int64_t number;');
        const integer = String(value);
        return `(json_number(json, ${at}, ${integer}, ${integer}, 0, &number) == ${this.#code}_OK)`;
      }
    }
  }

  #print(body: LocalFunction, name: string, type: string, promises: readonly string[]): void {
    body.print(this.out, `static void read_${name}(json_t *json, size_t at, ${type} *out)`, readerContract(promises));
  }
}

/** An option of a union, and where its members live. */
const optionPlace = (option: COption): { readonly object: CObject; readonly target: string } => ({
  object: option.object,
  target: `out->as.${option.field}.`,
});

/** Integers that are always there are within their bounds, even after a fault. */
function rangePromises(object: CObject): string[] {
  return object.members.flatMap(({ type, field, has, isNull }) =>
    (type.kind === 'integer' || type.kind === 'decimal') && has === undefined && isNull === undefined
      ? [`ensures ${String(type.min)} <= out->${field} <= ${String(type.max)}`]
      : [],
  );
}
