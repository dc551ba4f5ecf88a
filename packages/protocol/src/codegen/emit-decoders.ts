import type { CContract, CPayload, CStruct } from './c-model.js';
import { namesTable } from './emit-enums.js';
import { ReaderEmitter } from './emit-readers.js';
import { LocalFunction } from './local-function.js';
import { upper } from './names.js';
import { namesArguments } from './packed-names.js';
import type { Printer } from './printer.js';
import type { SnippetSet } from './runtime/snippets.js';

/** Decoders: file-local readers of structs, then the public functions. */
export function emitDecoders(out: Printer, contract: CContract, snippets: SnippetSet): void {
  new DecoderEmitter(out, contract, snippets).emit();
}

/** Assigned, not filled by memset(): provers see what it does, and compilers make the same code of it. */
const NOTHING = `#ifdef __cplusplus
#define NOTHING(type) (type{})
#else
#define NOTHING(type) ((type){0})
#endif`;

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
    out.blank().line('/* Decoders */').blank();
    out.lines(NOTHING);
    const json = contract.payloads.filter(({ encoding }) => encoding === 'json');
    const alone = new Set(contract.payloads.filter((payload) => !json.includes(payload)).map(({ struct }) => struct));
    const readers = new ReaderEmitter(out, contract, this.snippets);
    for (const struct of contract.structs) if (!alone.has(struct)) readers.emit(struct);
    for (const payload of contract.payloads) this.#decoder(payload);
  }

  #decoder(payload: CPayload): void {
    const { prefix, macroPrefix } = this.contract;
    const head = `${this.#codec} ${prefix}_${payload.name}_decode(const uint8_t *data, size_t len`;
    const { struct } = payload;
    if (struct === undefined) {
      this.out.function(
        `${head})`,
        () => {
          this.out.line('(void)data;').line(`return len == 0u ? ${this.#code}_OK : ${this.#code}_BAD_PAYLOAD;`);
        },
        ['assigns \\nothing'],
      );
      return;
    }
    const body = new LocalFunction();
    const macro = `${macroPrefix}_${upper(payload.name)}`;
    const clear = `*out = NOTHING(${struct.type});`;
    body.line(clear);
    body.line(`if (len > ${macro}_MAX_BYTES) return ${this.#code}_TOO_LONG;`);
    if (payload.encoding === 'text') this.#textBody(body, struct);
    else if (payload.encoding === 'bytes') this.#bytesBody(body, struct);
    else this.#jsonBody(body, payload, struct, clear);
    body.print(this.out, `${head}, ${struct.type} *out)`, [
      'requires \\valid_read(data + (0 .. len - 1)) && \\valid(out)',
      'requires \\separated(data + (0 .. len - 1), out)',
      'assigns *out',
      ...this.#promises(struct),
    ]);
  }

  /** Integers that are always there are within their bounds. */
  #promises({ body }: CStruct): string[] {
    if (body.kind === 'union') return [];
    return body.members.flatMap(({ type, field, has, isNull }) =>
      (type.kind === 'integer' || type.kind === 'decimal') && has === undefined && isNull === undefined
        ? [`ensures \\result == ${this.#code}_OK ==> ${String(type.min)} <= out->${field} <= ${String(type.max)}`]
        : [],
    );
  }

  #jsonBody(body: LocalFunction, payload: CPayload, struct: CStruct, clear: string): void {
    this.snippets.use('json_open');
    body.local('json_t json;');
    // The root is the first level.
    body.line(`json_open(&json, data, len, ${String(payload.depth - 1)}u);`);
    body.line(`read_${struct.name}(&json, json.root, out);`);
    body.line(`if (json.code != ${this.#code}_OK) ${clear}`);
    body.line('return json.code;');
  }

  #bytesBody(body: LocalFunction, struct: CStruct): void {
    const type = struct.body.kind === 'object' ? struct.body.members[0]?.type : undefined;
    if (type?.kind !== 'bytes') throw new TypeError(`${struct.path}: holds no bytes`);
    const max = String(type.maxBytes);
    if (type.minBytes > 0) body.line(`if (len < ${String(type.minBytes)}u) return ${this.#code}_BAD_PAYLOAD;`);
    body.local('size_t i;');
    body.annotation([
      `loop invariant i <= len && i <= ${max}`,
      `loop assigns i, out->value[0 .. ${max} - 1]`,
      'loop variant len - i',
    ]);
    body.line('for (i = 0u; i < len; i++) out->value[i] = data[i];');
    body.line(`out->${type.count} = len;`).line(`return ${this.#code}_OK;`);
  }

  #textBody(body: LocalFunction, struct: CStruct): void {
    const member = struct.body.kind === 'object' ? struct.body.members[0] : undefined;
    const type = member?.type;
    const target = `out->${member?.field ?? ''}`;
    switch (type?.kind) {
      case 'string': {
        const format = this.snippets.format(type.format);
        const bounds = `${String(type.minBytes)}u, ${String(type.maxBytes)}u`;
        body.line(`return ${this.snippets.use('text_string')}(data, len, ${bounds}, ${format}, ${target});`);
        return;
      }
      case 'integer':
      case 'decimal': {
        body.local('int64_t number = 0;').local(`${this.#codec} code;`);
        const cast = type.type === 'int64_t' ? '' : `(${type.type})`;
        const range = `${String(type.min)}, ${String(type.max)}`;
        const read =
          type.kind === 'integer'
            ? `${this.snippets.use('text_integer')}(data, len, ${range}, &number)`
            : `${this.snippets.use('text_decimal')}(data, len, ${range}, ${String(type.decimals)}u, &number)`;
        body.line(`code = ${read};`);
        body.line(`if (code == ${this.#code}_OK) ${target} = ${cast}number;`);
        body.line('return code;');
        return;
      }
      case 'boolean':
        body.line(`return ${this.snippets.use('text_boolean')}(data, len, &${target});`);
        return;
      case 'enum':
        body.local('size_t index;');
        this.snippets.use('text_name');
        body.line(`index = text_name(data, len, ${namesArguments(namesTable(type.values))});`);
        body.line(`if (index >= ${String(type.values.count)}) return ${this.#code}_BAD_PAYLOAD;`);
        body.line(`${target} = (${type.values.type})index;`).line(`return ${this.#code}_OK;`);
        return;
      default:
        throw new TypeError(`${struct.path}: a text payload holds one scalar`);
    }
  }
}
