import { toJsonText } from './codecs/json-text.js';
import { contractHash } from './contract-hash.js';
import type { ProtocolDescription } from './describe-protocol.js';
import { descriptionSchema } from './description-schema.js';
import { ProtocolError } from './errors.js';
import { checkLeaf, checkRoot } from './topic-grammar.js';
import { MAX_DEPTH } from './zod-model.js';

/** Each level of a schema takes at most five of JSON (union, options, object, members, member), and so does what is around. */
const MAX_JSON_DEPTH = 5 * (MAX_DEPTH + 2);

/**
 * Reads what `JSON.stringify(describeProtocol(protocol))` wrote. Throws {@link ProtocolError} `invalid_definition`, naming
 * the place in `path`, if it is not such a description or if its contract hash is not that of its content, so that a
 * description edited by hand is not mistaken for that of a release.
 */
export function parseProtocolDescription(json: string): ProtocolDescription {
  const bounded = toJsonText(json, { maxDepth: MAX_JSON_DEPTH, maxDecimals: 0 });
  if (!bounded.ok) return refuse('description', bounded.detail);
  const parsed = descriptionSchema.safeParse(parseJson(bounded.text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.map(String).join('.') ?? '';
    return refuse(path === '' ? 'description' : path, issue?.message ?? 'is not valid');
  }
  const description = parsed.data;
  checkRoot(description.root);
  for (const leaf of Object.keys(description.topics)) checkLeaf(leaf);
  const expected = contractHash(description);
  return description.contractHash === expected
    ? description
    : refuse('contractHash', `is ${description.contractHash}, but the content has the hash ${expected}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProtocolError('invalid_definition', 'description: is not valid JSON', 'description', { cause });
  }
}

function refuse(path: string, what: string): never {
  throw new ProtocolError('invalid_definition', `${path}: ${what}`, path);
}
