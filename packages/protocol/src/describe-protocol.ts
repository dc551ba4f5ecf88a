import { toContractForm, type ContractForm } from './contract-form.js';
import type { Protocol } from './define-protocol.js';

/** Version of the form of {@link ProtocolDescription}. */
export const DESCRIPTION_FORMAT = 1;

/**
 * A contract as plain data, to be kept in a file next to each release: `JSON.stringify` writes it,
 * `parseProtocolDescription` reads it, `checkCompatibility` compares two of them.
 */
export interface ProtocolDescription extends ContractForm {
  readonly format: typeof DESCRIPTION_FORMAT;
  /** 16 hex digits, computed from all of the rest but `root` and what is documentation: description, deprecated, since. */
  readonly contractHash: string;
  readonly root: string;
}

/** Describes a contract as plain data. Equal contracts give equal descriptions. */
export function describeProtocol(protocol: Protocol): ProtocolDescription {
  const { name, version, topics, documents } = toContractForm(protocol);
  const { contractHash, root } = protocol;
  return { format: DESCRIPTION_FORMAT, name, version, contractHash, root, topics, documents };
}
