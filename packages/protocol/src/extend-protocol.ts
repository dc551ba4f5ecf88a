import { defineProtocol, type Documents, type Protocol, type Topics } from './define-protocol.js';
import { ProtocolError } from './errors.js';

/** What two records hold together; `never` stands for one that is not given. */
type Merged<A, B> = [B] extends [never] ? A : A & B;

/**
 * A new contract: all of `base`, and more topics and documents. What is not given is that of the base; give it a name of
 * its own where both are in use, and a new version when an addition is incompatible. The contract hash covers everything.
 * With a name and a version given, versions are counted anew, so the base's topics lose their `since`.
 *
 * Throws {@link ProtocolError} `invalid_definition` for a leaf or document that the base has already, and for all that
 * `defineProtocol` refuses.
 */
export function extendProtocol<
  T extends Topics,
  D extends Documents,
  const T2 extends Topics = never,
  const D2 extends Documents = never,
>(
  base: Protocol<T, D>,
  additions: { name?: string; version?: number; root?: string; topics?: T2; documents?: D2 },
): Protocol<Merged<T, T2>, Merged<D, D2>> {
  const countsAnew = additions.name !== undefined && additions.version !== undefined;
  return defineProtocol({
    name: additions.name ?? base.name,
    version: additions.version ?? base.version,
    root: additions.root ?? base.root,
    topics: merge('topic', countsAnew ? withoutSince(base.topics) : base.topics, additions.topics),
    documents: merge('document', base.documents, additions.documents),
  });
}

const withoutSince = <T extends Topics>(topics: T): T =>
  Object.fromEntries(
    Object.entries(topics).map(([leaf, topic]) => [
      leaf,
      Object.fromEntries(Object.entries(topic).filter(([option]) => option !== 'since')),
    ]),
  ) as Topics as T;

function merge<A extends object, B extends object>(what: string, base: A, more: B | undefined): Merged<A, B> {
  const taken = Object.keys(more ?? {}).find((key) => Object.hasOwn(base, key));
  if (taken !== undefined) {
    throw new ProtocolError('invalid_definition', `${taken}: the base contract has this ${what} already`, taken);
  }
  return { ...base, ...more } as Merged<A, B>;
}
