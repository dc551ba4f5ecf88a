import type { Protocol } from './define-protocol.js';

/** True for a value made by `defineProtocol`, also by another copy of this package. */
export function isProtocol(value: unknown): value is Protocol {
  if (typeof value !== 'object' || value === null) return false;
  const { contractHash, topics, codecs } = value as Partial<Record<string, unknown>>;
  return (
    typeof contractHash === 'string' &&
    /^[0-9a-f]{16}$/.test(contractHash) &&
    typeof topics === 'object' &&
    typeof codecs === 'object'
  );
}
