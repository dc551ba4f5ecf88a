import { acslLines } from './acsl.js';
import { INDENT, Printer, wrapList } from './printer.js';

const MAX_COLUMNS = 112;

/** The body of a C function, written before its local variables are known; they are printed first. */
export class LocalFunction {
  readonly #body = new Printer();
  readonly #locals = new Set<string>();
  readonly #constants = new Map<string, string>();
  #text = '';

  /** Declares a local variable, once. */
  local(declaration: string): this {
    this.#locals.add(declaration);
    return this;
  }

  /** A constant text, declared once: provers know the bounds of an array, not those of a literal. Returns its name. */
  constant(stem: string, literal: string): string {
    const known = this.#constants.get(literal);
    if (known !== undefined) return known;
    const name = `${stem}_${String(this.#constants.size)}`;
    this.#constants.set(literal, name);
    this.local(`static const char ${name}[] = ${literal};`);
    return name;
  }

  /** A declaration with a list that may be long: `head a, b, c tail`. */
  localList(head: string, items: readonly string[], tail: string): this {
    return this.local(layout(head, items, tail).join('\n'));
  }

  line(text: string): this {
    this.#text += text;
    this.#body.line(text);
    return this;
  }

  /** An ACSL annotation: of the loop that follows. */
  annotation(clauses: readonly string[]): this {
    for (const line of acslLines(clauses)) this.#body.line(line);
    return this;
  }

  block(head: string, body: () => void): this {
    this.#text += head;
    this.#body.block(head, body);
    return this;
  }

  /** `if (condition) { then } else { otherwise }`. */
  either(condition: string, then: () => void, otherwise: () => void): this {
    this.#text += condition;
    this.#body.line(`if (${condition}) {`).indent(then).line('} else {');
    this.#body.indent(otherwise).line('}');
    return this;
  }

  /** `(void)name;` if no statement has named the parameter so far. */
  unusedUnlessMentioned(name: string): this {
    return new RegExp(`\\b${name}\\b`).test(this.#text) ? this : this.line(`(void)${name};`);
  }

  print(out: Printer, head: string, contract: readonly string[]): void {
    out.function(
      head,
      () => {
        for (const declaration of this.#locals) out.lines(declaration);
        if (this.#locals.size > 0) out.blank();
        out.lines(this.#body.toString().trimEnd());
      },
      contract,
    );
  }
}

/** `head`, items and `tail` on one line if they fit, else the items on lines of their own. */
function layout(head: string, items: readonly string[], tail: string): string[] {
  const joined = `${head}${items.join(', ')}${tail}`;
  return joined.length <= MAX_COLUMNS ? [joined] : [head, ...wrapList(items).map((line) => INDENT + line), tail];
}
