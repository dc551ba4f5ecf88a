// What Kconfig symbols are worth: the values that are set where a prompt shows them, else defaults and selections.
import { unquoted } from './kconfig-parser.mjs';

/** `set` maps names (without CONFIG_) to wanted values; `forced` to those that hold whatever the files say. */
export class KconfigValues {
  #tree;
  #set;
  #forced;
  #known = new Map();
  #busy = new Set();

  constructor(tree, { set, forced }) {
    this.#tree = tree;
    this.#set = set;
    this.#forced = forced;
  }

  /** 'y' or 'n' of a bool, the text of anything else; undefined for what has no value. */
  value(name) {
    if (this.#forced.has(name)) return this.#forced.get(name);
    if (this.#known.has(name)) return this.#known.get(name);
    const symbol = this.#tree.symbols.get(name);
    if (symbol === undefined) return undefined;
    if (this.#busy.has(name)) return symbol.type === 'bool' ? 'n' : undefined;
    this.#busy.add(name);
    const value = this.#compute(symbol);
    this.#busy.delete(name);
    if (this.#busy.size === 0 || symbol.type !== undefined) this.#known.set(name, value);
    return value;
  }

  #compute(symbol) {
    const bool = symbol.type === 'bool';
    if (symbol.choice !== undefined)
      return this.#reachable(symbol) && this.#chosen(symbol.choice) === symbol ? 'y' : 'n';
    const wanted = this.#set.get(symbol.name);
    if (bool && symbol.selectedBy.some(({ by, condition }) => this.value(by) === 'y' && this.holds(condition)))
      return 'y';
    if (wanted !== undefined && this.isVisible(symbol.name)) return wanted;
    const found = symbol.defaults.find(({ condition, depends }) => this.#all(depends) && this.holds(condition));
    if (found === undefined) return bool ? 'n' : undefined;
    if (bool) return this.holds(found.value) ? 'y' : 'n';
    return this.#operand(found.value);
  }

  /** A prompt of the symbol shows: what is set for it takes effect. */
  isVisible(name) {
    const symbol = this.#tree.symbols.get(name);
    if (symbol === undefined) return false;
    if (symbol.choice !== undefined && !this.#all(symbol.choice.depends)) return false;
    return symbol.prompts.some(({ condition, depends }) => this.#all(depends) && this.holds(condition));
  }

  #reachable(symbol) {
    return symbol.depends.some((depends) => this.#all(depends));
  }

  #chosen(choice) {
    if (!this.#all(choice.depends)) return undefined;
    const possible = choice.members.filter((member) => this.#reachable(member));
    const wanted = possible.findLast((member) => this.#set.get(member.name) === 'y');
    if (wanted !== undefined) return wanted;
    for (const { value, condition } of choice.defaults) {
      const member = possible.find(({ name }) => name === value);
      if (member !== undefined && this.holds(condition)) return member;
    }
    return possible[0];
  }

  #all(conditions) {
    return conditions.every((condition) => this.holds(condition));
  }

  /** Whether a condition holds; no condition always does. */
  holds(condition) {
    if (condition === undefined) return true;
    const tokens = condition.match(/"[^"]*"|'[^']*'|&&|\|\||!=|<=|>=|[!=<>()]|[^\s!=<>()&|]+/g) ?? [];
    let at = 0;
    const primary = () => {
      const token = tokens[at++];
      if (token === '!') return !primary();
      if (token === '(') {
        const inner = either();
        at++;
        return inner;
      }
      const operator = tokens[at];
      if (operator === undefined || !/^(=|!=|<|>|<=|>=)$/.test(operator)) return this.#operand(token ?? 'n') === 'y';
      at++;
      return compare(this.#operand(token), operator, this.#operand(tokens[at++] ?? ''));
    };
    const both = () => {
      let result = primary();
      while (tokens[at] === '&&') {
        at++;
        result = primary() && result;
      }
      return result;
    };
    const either = () => {
      let result = both();
      while (tokens[at] === '||') {
        at++;
        result = both() || result;
      }
      return result;
    };
    return either();
  }

  #operand(token) {
    if (/^["']/.test(token)) return unquoted(token);
    if (token === 'y' || token === 'n') return token;
    if (this.#forced.has(token) || this.#tree.symbols.has(token)) return this.value(token) ?? '';
    return /^(0x[0-9a-f]+|-?\d+)$/i.test(token) ? token : 'n';
  }

  /** The text of sdkconfig.h. */
  header() {
    const names = new Set([...this.#tree.symbols.keys(), ...this.#forced.keys()]);
    const lines = [...names].sort().flatMap((name) => {
      const value = this.value(name);
      const type = this.#tree.symbols.get(name)?.type ?? 'bool';
      if (value === undefined || value === '' || (type === 'bool' && value === 'n')) {
        return type === 'string' && value === '' ? [`#define CONFIG_${name} ""`] : [];
      }
      if (value === 'y') return [`#define CONFIG_${name} 1`];
      return [`#define CONFIG_${name} ${type === 'string' || type === 'float' ? JSON.stringify(value) : value}`];
    });
    return `#pragma once\n${lines.join('\n')}\n`;
  }
}

function compare(left, operator, right) {
  const numbers = [left, right].map(Number);
  const numeric = left !== '' && right !== '' && numbers.every((number) => !Number.isNaN(number));
  const [a, b] = numeric ? numbers : [left, right];
  switch (operator) {
    case '=':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    default:
      return a >= b;
  }
}

/** Reads sdkconfig.defaults: a map of names without CONFIG_. Later files win. */
export function readDefaults(texts) {
  const set = new Map();
  for (const line of texts.flatMap((text) => text.split(/\r?\n/))) {
    const given = /^CONFIG_(\w+)=(.*)$/.exec(line.trim());
    const unset = /^# CONFIG_(\w+) is not set$/.exec(line.trim());
    if (given !== null) set.set(given[1], unquoted(given[2]));
    else if (unset !== null) set.set(unset[1], 'n');
  }
  return set;
}
