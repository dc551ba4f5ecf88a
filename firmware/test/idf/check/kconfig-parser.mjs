// Reads Kconfig files into a flat list of symbols, each with the conditions of the menus around it. Reads what ESP-IDF
// and this project write; help texts, ranges and warnings are passed over.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

const TYPES = new Set(['bool', 'int', 'hex', 'string', 'float']);

/** Symbols and choices of any number of Kconfig files. */
export class KconfigTree {
  /** name -> { name, type, prompts, defaults, depends, selectedBy, choice } */
  symbols = new Map();
  choices = [];
  #environment;

  /** `environment` holds what stands for $NAME in the paths of sourced files. */
  constructor(environment) {
    this.#environment = environment;
  }

  symbol(name) {
    let symbol = this.symbols.get(name);
    if (symbol === undefined) {
      symbol = { name, type: undefined, prompts: [], defaults: [], depends: [], selectedBy: [], choice: undefined };
      this.symbols.set(name, symbol);
    }
    return symbol;
  }

  /** Adds a file, inside the conditions `around`. A file that does not exist adds nothing. */
  load(path, around = []) {
    if (!existsSync(path)) return;
    const frames = [{ kind: 'file', conditions: around, choice: undefined }];
    let current;
    let helpIndent;
    for (const { indent, text } of logicalLines(readFileSync(path, 'utf8'))) {
      if (helpIndent !== undefined && (text === '' || indent > helpIndent)) continue;
      helpIndent = undefined;
      if (text === '' || text.startsWith('#')) continue;
      const [, word, rest = ''] = /^([A-Za-z_]+)\s*(.*)$/s.exec(text) ?? [];
      if (word === 'help') {
        helpIndent = indent;
        continue;
      }
      const frame = frames.at(-1);
      const conditions = frames.flatMap((each) => each.conditions);
      switch (word) {
        case 'menu':
          frames.push((current = { kind: 'menu', conditions: [], choice: frame.choice }));
          break;
        case 'if':
          frames.push({ kind: 'if', conditions: [rest], choice: frame.choice });
          break;
        case 'choice': {
          current = { name: rest, members: [], prompts: [], defaults: [], depends: [...conditions] };
          this.choices.push(current);
          frames.push({ kind: 'choice', conditions: [], choice: current });
          break;
        }
        case 'endmenu':
        case 'endif':
        case 'endchoice':
          frames.pop();
          current = undefined;
          break;
        case 'config':
        case 'menuconfig': {
          const symbol = this.symbol(rest);
          if (frame.choice !== undefined) {
            symbol.choice = frame.choice;
            frame.choice.members.push(symbol);
          }
          // One more definition of a symbol: what it says holds inside its own conditions only.
          current = { symbol, depends: [...conditions], prompts: symbol.prompts, defaults: symbol.defaults };
          symbol.depends.push(current.depends);
          break;
        }
        case 'source':
        case 'rsource':
        case 'osource':
        case 'orsource':
          this.#source(path, word, rest, conditions);
          break;
        default:
          if (current !== undefined) this.#attribute(current, word, rest);
      }
    }
  }

  #source(from, word, rest, conditions) {
    const expanded = unquoted(rest).replaceAll(/\$\(?(\w+)\)?/g, (_, name) => this.#environment[name] ?? '');
    if (expanded === '') return;
    const relative = word === 'rsource' || word === 'orsource' || !isAbsolute(expanded);
    this.load(relative ? join(dirname(from), expanded) : expanded, conditions);
  }

  #attribute(owner, word, rest) {
    const { symbol } = owner;
    if (TYPES.has(word) && symbol !== undefined) {
      symbol.type = word;
      if (rest.startsWith('"')) this.#attribute(owner, 'prompt', rest);
    } else if (word === 'def_bool') {
      symbol.type = 'bool';
      this.#attribute(owner, 'default', rest);
    } else if (word === 'prompt' || (word === 'bool' && symbol === undefined)) {
      const [, condition] = splitCondition(rest);
      owner.prompts?.push({ condition, depends: owner.depends });
    } else if (word === 'default' && owner.defaults !== undefined) {
      const [value, condition] = splitCondition(rest);
      owner.defaults.push({ value, condition, depends: owner.depends });
    } else if ((word === 'select' || word === 'imply') && symbol !== undefined) {
      const [target, condition] = splitCondition(rest);
      this.symbol(target).selectedBy.push({ by: symbol.name, condition });
    } else if (word === 'depends') {
      const condition = rest.replace(/^on\s+/, '');
      if (owner.kind === 'menu') owner.conditions.push(condition);
      else owner.depends.push(condition);
    }
  }
}

/** Lines with `\` at their end joined, tabs as eight spaces. */
function* logicalLines(text) {
  for (const line of text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const spaced = line.replaceAll('\t', '        ');
    const trimmed = spaced.trim();
    yield { indent: spaced.length - spaced.trimStart().length, text: trimmed.replace(/\s+#[^"]*$/, '') };
  }
}

export const unquoted = (text) => (/^"(.*)"$/s.exec(text) ?? /^'(.*)'$/s.exec(text))?.[1] ?? text;

/** "VALUE if CONDITION" in its two parts. An `if` inside of quotes is none. */
function splitCondition(text) {
  const [, value = text, condition] = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"']+)\s*(?:if\s+(.*))?$/s.exec(text) ?? [];
  return [value, condition];
}
