// Are the stub headers what ESP-IDF declares? One C file per stub header includes the real header of that name and then
// says again, in the stub's words, each prototype (C rejects a different one), the value of each constant and the type of
// each struct member. What a stub has and ESP-IDF has not is an error as well.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Lines of a stub between these two marks are fakes' own and have no counterpart in ESP-IDF. */
const OWN = /\/\* own: begin \*\/.*?\/\* own: end \*\//gs;

/** Real headers that insist on another one before them. */
const FIRST = [
  ['freertos/', 'freertos/FreeRTOS.h'],
  ['mqtt5_client.h', 'mqtt_client.h'],
];

/** The stub headers, as they are included. */
export const stubHeaders = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.h'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

/** The C file that holds one stub header against the real one, and how much it compares. */
export function conformityUnit(folder, name) {
  const text = readFileSync(join(folder, name), 'utf8')
    .replaceAll(OWN, '')
    .replaceAll(/\/\*.*?\*\//gs, '');
  const includes = [...text.matchAll(/^#include\s+([<"].+[>"])/gm)].map(([, header]) => `#include ${header}`);
  const constants = [...text.matchAll(/^#define\s+([A-Z]\w*)[ \t]+(\S.*)$/gm)];
  const statements = topLevel(text.replaceAll(/^#.*(?:\\\n.*)*$/gm, '').replaceAll(/extern "C" \{|^\}$/gm, ''));
  const lines = [];
  let prototypes = 0;
  for (const statement of statements) {
    const enumeration = /^(?:typedef )?enum\b[^{]*\{(.*)\}/s.exec(statement);
    const struct =
      /^typedef struct\s*(\w*)\s*\{(.*)\}\s*(?:__attribute__\(\(packed\)\)\s*)?(\w+)$/s.exec(statement) ??
      /^struct\s+(\w+)\s*\{(.*)\}$/s.exec(statement);
    if (enumeration !== null) {
      for (const [at, item] of enumeration[1]
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean)
        .entries()) {
        const [constant, value] = item.split('=').map((part) => part.trim());
        lines.push(`enum { stub_${constant}_${String(at)} = (int)(${constant}) };`);
        if (value !== undefined) lines.push(`_Static_assert((${constant}) == (${value}), "${constant}");`);
      }
    } else if (struct !== null) {
      const type = struct[3] ?? `struct ${struct[1]}`;
      const own = `stub_${type.replace(' ', '_')}`;
      lines.push(`typedef struct {${struct[2]}} ${own};`);
      for (const path of memberPaths(struct[2])) {
        lines.push(
          `_Static_assert(__builtin_types_compatible_p(__typeof__(((${type} *)0)->${path}), ` +
            `__typeof__(((${own} *)0)->${path})), "${type}.${path}");`,
        );
      }
    } else if (statement.startsWith('typedef')) {
      lines.push(`${statement};`); // C11 lets a typedef be said twice if it is the same
    } else if (statement.includes('(') && !statement.startsWith('static') && !statement.startsWith('_Static_assert')) {
      prototypes += 1;
      lines.push(`${statement};`);
    }
  }
  for (const [, constant, value] of constants) {
    if (/^[\w\s()+\-*|<>]+$/.test(value)) lines.push(`_Static_assert((${constant}) == (${value}), "${constant}");`);
  }
  const first = FIRST.find(([prefix]) => name.startsWith(prefix));
  const before = first === undefined ? '' : `#include "${first[1]}"\n`;
  const real = `#include "sdkconfig.h"\n${before}#include "${name}"\n${includes.join('\n')}`;
  return { text: `${real}\n${lines.join('\n')}\n`, prototypes, lines: lines.length };
}

/** Statements outside of all braces, without the semicolon. */
function topLevel(text) {
  const statements = [];
  let depth = 0;
  let current = '';
  for (const character of text) {
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (character === ';' && depth === 0) {
      statements.push(current.replaceAll(/\s+/g, ' ').trim());
      current = '';
    } else current += character;
    // A function body ends without a semicolon.
    if (character === '}' && depth === 0 && /^\s*static inline/.test(current)) current = '';
  }
  return statements.filter((statement) => statement !== '');
}

/** `a`, `b.c`, ... of a struct's body. Bit fields have no type that could be compared: only their presence is. */
function memberPaths(body) {
  return topLevel(body).flatMap((member) => {
    const nested = /^(?:const )?(?:struct|union)\s*\w*\s*\{(.*)\}\s*(\w*)$/s.exec(member);
    if (nested !== null) {
      const prefix = nested[2] === '' ? '' : `${nested[2]}.`;
      return memberPaths(nested[1]).map((path) => `${prefix}${path}`);
    }
    if (/:\s*\d+$/.test(member)) return [];
    const pointer = /\(\s*\*\s*(\w+)\s*\)\s*\(/.exec(member);
    const plain = /(\w+)\s*(?:\[[^\]]*\]\s*)*$/.exec(member);
    return [(pointer ?? plain)[1]];
  });
}
