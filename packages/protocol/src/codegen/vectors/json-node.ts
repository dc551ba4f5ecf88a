/** A JSON text as a tree whose leaves and keys are tokens, so that it can be spelled in ways `JSON.stringify` never does. */
export type JsonNode = string | JsonObjectNode | JsonArrayNode;

export interface JsonObjectNode {
  /** Key token (quoted) and value; keys may repeat. */
  readonly members: readonly (readonly [key: string, value: JsonNode])[];
}

export interface JsonArrayNode {
  readonly items: readonly JsonNode[];
}

/** The text, with `gap` between all tokens. */
export function spell(node: JsonNode, gap = ''): string {
  if (typeof node === 'string') return node;
  const [open, parts, close] =
    'items' in node
      ? ['[', node.items.map((item) => spell(item, gap)), ']']
      : ['{', node.members.map(([key, value]) => `${key}${gap}:${gap}${spell(value, gap)}`), '}'];
  return parts.length === 0 ? `${open}${gap}${close}` : `${open}${gap}${parts.join(`${gap},${gap}`)}${gap}${close}`;
}

/** The object with the member of this name replaced, or added at the end. */
export function withMember(object: JsonObjectNode, name: string, value: JsonNode): JsonObjectNode {
  const token = JSON.stringify(name);
  return object.members.some(([key]) => key === token)
    ? { members: object.members.map(([key, old]) => [key, key === token ? value : old]) }
    : { members: [...object.members, [token, value]] };
}

/** The object without the member of this name. */
export const withoutMember = (object: JsonObjectNode, name: string): JsonObjectNode => ({
  members: object.members.filter(([key]) => key !== JSON.stringify(name)),
});

/** The object with the member's key spelled otherwise. */
export const withKey = (object: JsonObjectNode, name: string, token: string): JsonObjectNode => ({
  members: object.members.map(([key, value]) => [key === JSON.stringify(name) ? token : key, value]),
});

/** `levels` arrays around nothing. */
export const nestedArrays = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
