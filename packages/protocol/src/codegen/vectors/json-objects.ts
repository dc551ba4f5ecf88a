import { tagOf, type LiteralModel, type MemberModel, type ObjectModel, type UnionModel } from '../../model.js';
import { ignoredMemberCases } from './ignored-member.js';
import { spell, withKey, withMember, withoutMember, type JsonNode, type JsonObjectNode } from './json-node.js';
import { escapedFirst } from './json-tokens.js';
import { bad, good, type PayloadCase, type Spelling } from './payload-case.js';
import { caseAt, inner, memberPath, type Place } from './place.js';
import { allMembers, canBeAbsent, smallest, smallestObject } from './samples.js';
import { wrongTypes } from './scalar-spellings.js';

/** The cases of an object and of all its members but `tag`, by which a union tells its options apart. */
export function objectCases(model: ObjectModel, place: Place, tag?: string): readonly PayloadCase[] {
  const base = smallestObject(model);
  const whole = (what: string, node: JsonNode, accepted: boolean): PayloadCase =>
    caseAt(place, { what, text: spell(node), accepted });
  return [
    whole('with the fewest members', base, true),
    ...(model.members.some(canBeAbsent) ? [whole('with all members', allMembers(model), true)] : []),
    ...(base.members.length > 1 && place.once.first('order')
      ? [whole('with its members in another order', { members: base.members.toReversed() }, true)]
      : []),
    whole(
      model.strict ? 'with an unknown member' : 'with an unknown member, which is ignored',
      withMember(base, freeName(model, 'unknown'), '1'),
      !model.strict,
    ),
    ...keyCases(model, base, place),
    ...(!model.strict && place.once.first('ignored member')
      ? ignoredMemberCases(base, freeName(model, 'ignored'), place)
      : []),
    ...model.members.flatMap((member) => memberCases(member, base, place, member.name === tag)),
  ];
}

/** `name`, or one like it that no member has. */
const freeName = (model: ObjectModel, name: string): string =>
  model.members.some((member) => member.name === name) ? freeName(model, `${name}X`) : name;

/** The cases of one member; a tag's values are those of the union. */
function memberCases(member: MemberModel, base: JsonObjectNode, outer: Place, isTag: boolean): readonly PayloadCase[] {
  const place = inner(outer, memberPath(outer.path, member.name), (node) => withMember(base, member.name, node));
  const without = outer.put(withoutMember(base, member.name));
  const absent = canBeAbsent(member) ? good('absent', without) : bad('missing', without);
  const whole: Place = { ...place, put: (node) => (typeof node === 'string' ? node : spell(node)) };
  if (isTag) return [caseAt(whole, absent)];
  const nothing = member.nullable ? good('null', 'null') : bad('null', 'null');
  return [caseAt(whole, absent), ...place.below(member.type, place), caseAt(place, nothing)];
}

/** What can go wrong with keys, tried on the first member that is always there. */
function keyCases(model: ObjectModel, base: JsonObjectNode, place: Place): readonly PayloadCase[] {
  const member = model.members.find((candidate) => !canBeAbsent(candidate));
  if (member === undefined || !place.once.first('keys')) return [];
  const { name } = member;
  const key = JSON.stringify(name);
  const value = spell(smallest(member.type));
  const wrong = wrongTypes(member.type).find(({ text }) => !/^[[{]/.test(text))?.text ?? 'null';
  const others = base.members.filter(([other]) => other !== key);
  const twice = (first: string, second: string): JsonNode => ({ members: [[key, first], ...others, [key, second]] });
  const renamed = (token: string): JsonNode => withKey(base, name, token);
  const close = [`${name}X`, name.slice(0, -1), '', '__proto__', name.toUpperCase(), name.toLowerCase()].filter(
    (other) => model.members.every((known) => known.name !== other),
  );
  const cases: readonly Spelling[] = [
    good(`${key} twice, of which the last counts`, spell(twice(wrong, value))),
    bad(`${key} twice, of which the last is wrong`, spell(twice(value, wrong))),
    good(`${key} with an escape`, spell(renamed(escapedFirst(name)))),
    bad(`${name} without quotation marks`, spell(renamed(name))),
    bad(`${name} in apostrophes`, spell(renamed(`'${name}'`))),
    bad('a number for a key', spell(renamed('1'))),
    ...[...new Set(close)].map((other) => ({
      what: `${JSON.stringify(other)} beside ${key}`,
      text: spell(withMember(base, other, '1')),
      accepted: !model.strict,
    })),
    ...(model.strict || name === name.toUpperCase()
      ? []
      : [
          bad(
            `${JSON.stringify(name.toUpperCase())} instead of ${key}`,
            spell(renamed(JSON.stringify(name.toUpperCase()))),
          ),
        ]),
  ];
  return cases.map((spelling) => caseAt(place, spelling));
}

/** The cases of a union: of the tag, then of each option. */
export function unionCases(model: UnionModel, place: Place): readonly PayloadCase[] {
  const { discriminator, options } = model;
  const [first] = options;
  if (first === undefined) return [];
  const tags = options.map((option) => tagOf(model, option));
  const base = smallestObject(first);
  const key = JSON.stringify(discriminator);
  const tagged = inner(place, memberPath(place.path, discriminator), (node) => withMember(base, discriminator, node));
  const rest = withoutMember(base, discriminator);
  const last = (...values: readonly LiteralModel['value'][]): string =>
    spell({ members: [...rest.members, ...values.map((value) => [key, JSON.stringify(value)] as const)] });
  const [tag, other] = tags;
  return [
    ...otherTags(tags).map((value) => caseAt(tagged, bad(`${value}, the tag of no option`, value))),
    ...(tag === undefined ? [] : [caseAt(place, good(`with ${key} as its last member`, last(tag)))]),
    ...(tag === undefined || other === undefined
      ? []
      : [caseAt(place, good(`with ${key} twice, of which the last counts`, last(other, tag)))]),
    ...options.flatMap((option) =>
      objectCases(
        option,
        { ...place, path: `${place.path}{${discriminator}=${JSON.stringify(tagOf(model, option))}}` },
        discriminator,
      ),
    ),
  ];
}

/** Values close to the tags, and of other types. */
function otherTags(tags: readonly LiteralModel['value'][]): readonly string[] {
  const [first = ''] = tags;
  const near: readonly (LiteralModel['value'] | null)[] = [
    ...(typeof first === 'string' ? [`${first}x`] : []),
    ...(typeof first === 'number' ? [first + 1] : []),
    'unknown tag',
    String(first),
    0,
    true,
    false,
    null,
  ];
  return [...new Set(near.filter((value) => value === null || !tags.includes(value)))].map((value) =>
    JSON.stringify(value),
  );
}
