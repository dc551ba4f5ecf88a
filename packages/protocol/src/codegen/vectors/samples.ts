import { decimalText } from '../../decimal.js';
import type { FieldModel, MemberModel, ObjectModel } from '../../model.js';
import type { JsonNode, JsonObjectNode } from './json-node.js';
import { shortestText } from './string-spellings.js';

/** The integer of a range that is nearest to 0. */
export const nearestZero = (min: number, max: number): number => Math.max(min, Math.min(max, 0)) + 0;

/** A small valid value: no member that may be absent, the fewest items, the shortest strings, the first option and enum value. */
export function smallest(model: FieldModel): JsonNode {
  switch (model.kind) {
    case 'string':
      return JSON.stringify(shortestText(model));
    case 'integer':
      return String(nearestZero(model.min, model.max));
    case 'decimal':
      return decimalText(nearestZero(model.min, model.max), model.decimals);
    case 'boolean':
      return 'false';
    case 'literal':
      return JSON.stringify(model.value);
    case 'enum':
      return JSON.stringify(model.values[0] ?? '');
    case 'array':
      return { items: Array.from({ length: model.minItems }, () => smallest(model.item)) };
    case 'object':
      return smallestObject(model);
    case 'union':
      return smallestObject(model.options[0] ?? { kind: 'object', strict: false, members: [] });
  }
}

/** True for a member that a sender may leave out. */
export const canBeAbsent = (member: MemberModel): boolean => member.optional || member.default !== undefined;

export const smallestObject = (model: ObjectModel): JsonObjectNode => ({
  members: model.members
    .filter((member) => !canBeAbsent(member))
    .map(({ name, type }) => [JSON.stringify(name), smallest(type)]),
});

/** All members of an object, each as small as it may be; the smallest again below them. */
export const allMembers = (model: ObjectModel): JsonObjectNode => ({
  members: model.members.map(({ name, type }) => [JSON.stringify(name), smallest(type)]),
});
