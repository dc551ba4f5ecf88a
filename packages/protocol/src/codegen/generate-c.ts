import type { Protocol } from '../define-protocol.js';
import { ProtocolError } from '../errors.js';
import { buildCModel } from './build-c-model.js';
import { emitProtocolHeader } from './emit-protocol-header.js';
import { emitSource } from './emit-source.js';
import { emitTopicsHeader } from './emit-topics-header.js';

/** Names and licence of what {@link generateC} writes. */
export interface GenerateCOptions {
  /** First part of every C name, `[a-z][a-z0-9_]{0,15}`; macros get it in capitals. Default `sesp`. */
  readonly prefix?: string;
  /** SPDX expression of *your* licence for the generated files. Default: none is stated. */
  readonly license?: string;
}

/** One file to write; `path` is relative to the output folder. ASCII, LF, one final newline. */
export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

/**
 * Generates C11 (also valid C++17) from a contract: `<name>_topics.h`, `<name>_protocol.h` and `<name>_protocol.c`, with
 * `<name>` the contract's name in snake_case. The files need nothing but `<stdbool.h> <stddef.h> <stdint.h>`,
 * and equal contracts give equal bytes.
 *
 * Throws {@link ProtocolError} `invalid_definition` for what C cannot enforce or name, with the path of the field.
 */
export function generateC(protocol: Protocol, options: GenerateCOptions = {}): readonly GeneratedFile[] {
  const { prefix = 'sesp', license } = options;
  if (!/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(prefix) || prefix.length > 16) {
    throw new ProtocolError(
      'invalid_definition',
      `prefix: must be snake_case of at most 16 bytes, got "${prefix}"`,
      'prefix',
    );
  }
  if (license !== undefined && !/^[A-Za-z0-9.+()-]+(?: [A-Za-z0-9.+()-]+)*$/.test(license)) {
    throw new ProtocolError('invalid_definition', `license: must be an SPDX expression, got "${license}"`, 'license');
  }
  const contract = buildCModel(protocol, { prefix, license });
  return [
    { path: `${contract.fileStem}_topics.h`, content: emitTopicsHeader(contract) },
    { path: `${contract.fileStem}_protocol.h`, content: emitProtocolHeader(contract) },
    { path: `${contract.fileStem}_protocol.c`, content: emitSource(contract) },
  ];
}
