import { printBanner } from './banner.js';
import type { CContract } from './c-model.js';
import { emitDecoders } from './emit-decoders.js';
import { emitEncoders } from './emit-encoders.js';
import { emitEnumFunctions, emitEnumNames } from './emit-enums.js';
import { emitTopicFunctions } from './emit-topic-functions.js';
import { Printer } from './printer.js';
import { SnippetSet } from './runtime/snippets.js';

/** `<contract>_protocol.c`: one self-contained translation unit. */
export function emitSource(contract: CContract): string {
  const snippets = new SnippetSet();
  const functions = new Printer();
  emitTopicFunctions(functions, contract, snippets);
  emitEnumNames(functions, contract.enums);
  emitEnumFunctions(functions, contract.enums, snippets);
  emitDecoders(functions, contract, snippets);
  emitEncoders(functions, contract, snippets);

  const out = new Printer();
  printBanner(out, contract, 'Topics and payloads of the contract. No heap, no globals, no recursion, no dependency.');
  out.line(`#include "${contract.fileStem}_protocol.h"`);
  const json = contract.payloads.filter(({ encoding }) => encoding === 'json');
  if (json.length > 0) {
    out.blank().line('/* Deepest nesting and longest text of any JSON payload. */');
    out.line(`#define JSON_MAX_DEPTH (${String(Math.max(1, ...json.map(({ depth }) => depth)))}u)`);
    out.line(`#define JSON_MAX_BYTES (${String(Math.max(...json.map(({ maxBytes }) => maxBytes)))}u)`);
  }
  for (const code of snippets.code(contract.prefix)) out.blank().lines(code);
  out.blank().lines(functions.toString().trim());
  return out.toString();
}
