import { printBanner } from './banner.js';
import type { CContract } from './c-model.js';
import { emitDecoders } from './emit-decoders.js';
import { emitEncoders } from './emit-encoders.js';
import { emitEnumFunctions } from './emit-enums.js';
import { emitTopicFunctions } from './emit-topic-functions.js';
import { Printer } from './printer.js';
import { SnippetSet } from './runtime/snippets.js';

/** `<contract>_protocol.c`: one self-contained translation unit. */
export function emitSource(contract: CContract): string {
  const snippets = new SnippetSet();
  const functions = new Printer();
  emitTopicFunctions(functions, contract, snippets);
  for (const type of contract.enums) emitEnumFunctions(functions, type);
  emitDecoders(functions, contract, snippets);
  emitEncoders(functions, contract, snippets);

  const out = new Printer();
  printBanner(out, contract, 'Topics and payloads of the contract. No heap, no globals, no recursion, no dependency.');
  out.line(`#include "${contract.fileStem}_protocol.h"`).blank().line('#include <string.h>');
  const depth = Math.max(...contract.payloads.map((payload) => (payload.encoding === 'json' ? payload.depth : 0)), 0);
  if (depth > 0) {
    out
      .blank()
      .line('/* Deepest nesting of any payload. */')
      .line(`#define JSON_MAX_DEPTH (${String(depth)}u)`);
  }
  for (const code of snippets.code(contract.prefix)) out.blank().lines(code);
  out.blank().lines(functions.toString().trim());
  return out.toString();
}
