import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commentText, cString, Printer, wrapList } from '../../src/codegen/printer.js';

describe('Printer', () => {
  test('line and indent lay out by depth, and end in one line feed', () => {
    const out = new Printer().line('a').indent(() => undefined);
    out
      .indent(() => out.line('b').line(''))
      .blank()
      .blank();
    expect(out.toString()).toBe('a\n    b\n');
  });

  test('block and function place their braces', () => {
    const out = new Printer();
    out.block('if (x)', () => out.line('y();')).function('void f(void)', () => out.line('return;'));
    expect(out.toString()).toBe('if (x) {\n    y();\n}\n\nvoid f(void)\n{\n    return;\n}\n');
  });

  test('defines aligns values', () => {
    expect(
      new Printer()
        .defines([
          ['A', '1'],
          ['LONG', '2'],
        ])
        .toString(),
    ).toBe('#define A    1\n#define LONG 2\n');
  });

  test('doc wraps long text', () => {
    expect(new Printer().doc('short').toString()).toBe('/** short */\n');
    const lines = new Printer().doc('word '.repeat(60)).toString().split('\n');
    expect(lines[0]).toBe('/**');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  });
});

test('no text ends or opens a comment', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('*', '/', '\n', 'a', ' ', '\\', 'é', '😀') }), (text) => {
      expect(commentText(text)).toMatch(/^[ -~]*$/);
      expect(commentText(text)).not.toMatch(/\*\/|\/\*/);
    }),
  );
});

test('cString writes the UTF-8 bytes of any text in ASCII, without trigraphs', () => {
  expect(cString('a"b\\c??/')).toBe('"a\\"b\\\\c\\?\\?/"');
  expect(cString('é\n1')).toBe('"\\303\\251\\0121"');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(cString(text)).toMatch(/^"(?:[ !#-[\]-~]|\\["\\?]|\\[0-7]{3})*"$/);
    }),
  );
});

test('wrapList keeps all items in order', () => {
  const items = Array.from({ length: 50 }, (_, index) => `item_${String(index)}`);
  const lines = wrapList(items, 40);
  expect(lines.join(' ').split(', ')).toEqual(items);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
});
