import { tagOf, type ArrayModel, type FieldModel, type ObjectModel, type UnionModel } from '../model.js';
import { isObject, scalarCheck } from './scalar-check.js';

/**
 * Makes a quick check for values that the schema of `model` certainly takes, and would only copy: all members are there, in
 * its order, and no others. So stands nearly everything that a device or this package wrote. False says nothing: the
 * schema may still take the value, sort its members, leave out unknown ones or fill in defaults.
 *
 * Only for scalars and for what `JSON.parse` made: an object with getters could pass, and then be another.
 */
export function passesUnchanged(model: FieldModel): (value: unknown) => boolean {
  switch (model.kind) {
    case 'array':
      return passesArray(model);
    case 'object':
      return passesObject(model);
    case 'union':
      return passesUnion(model);
    default:
      return scalarCheck(model);
  }
}

function passesArray({ item, minItems, maxItems }: ArrayModel): (value: unknown) => boolean {
  const passes = passesUnchanged(item);
  return (value) =>
    Array.isArray(value) && value.length >= minItems && value.length <= maxItems && value.every((each) => passes(each));
}

function passesObject({ members }: ObjectModel): (value: unknown) => boolean {
  const expected = members.map(({ name, optional, nullable, type }) => ({
    name,
    optional,
    nullable,
    passes: passesUnchanged(type),
  }));
  return (value) => {
    if (!isObject(value)) return false;
    let next = 0;
    for (const name in value) {
      let member = expected[next++];
      while (member?.optional === true && member.name !== name) member = expected[next++];
      if (member?.name !== name) return false;
      const given = value[name];
      if (!(given === null && member.nullable) && !member.passes(given)) return false;
    }
    while (expected[next]?.optional === true) next++;
    return next >= expected.length;
  };
}

function passesUnion(union: UnionModel): (value: unknown) => boolean {
  const options = new Map<unknown, (value: unknown) => boolean>(
    union.options.map((option) => [tagOf(union, option), passesObject(option)]),
  );
  return (value) => isObject(value) && options.get(value[union.discriminator])?.(value) === true;
}
