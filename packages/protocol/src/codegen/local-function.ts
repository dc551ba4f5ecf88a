import { INDENT, Printer, wrapList } from './printer.js';

const MAX_COLUMNS = 112;

/** The body of a C function, written before its local variables are known; they are printed first. */
export class LocalFunction {
  readonly #body = new Printer();
  readonly #locals = new Set<string>();
  #text = '';

  /** Declares a local variable, once. */
  local(declaration: string): this {
    this.#locals.add(declaration);
    return this;
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

  block(head: string, body: () => void): this {
    this.#text += head;
    this.#body.block(head, body);
    return this;
  }

  /** `if (condition) { then } else { otherwise }`, a statement each. */
  either(condition: string, then: string, otherwise: () => void): this {
    this.#text += condition;
    this.#body
      .line(`if (${condition}) {`)
      .indent(() => this.line(then))
      .line('} else {');
    this.#body.indent(otherwise).line('}');
    return this;
  }

  /** `(void)name;` if no statement has named the parameter so far. */
  unusedUnlessMentioned(name: string): this {
    return new RegExp(`\\b${name}\\b`).test(this.#text) ? this : this.line(`(void)${name};`);
  }

  print(out: Printer, head: string): void {
    out.function(head, () => {
      for (const declaration of this.#locals) out.lines(declaration);
      if (this.#locals.size > 0) out.blank();
      out.lines(this.#body.toString().trimEnd());
    });
  }
}

/** `head`, items and `tail` on one line if they fit, else the items on lines of their own. */
function layout(head: string, items: readonly string[], tail: string): string[] {
  const joined = `${head}${items.join(', ')}${tail}`;
  return joined.length <= MAX_COLUMNS ? [joined] : [head, ...wrapList(items).map((line) => INDENT + line), tail];
}
