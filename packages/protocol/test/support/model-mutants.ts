import { MAX_SCALED } from '../../src/decimal.js';
import { isDefaultOf } from '../../src/default-value.js';
import { tagOf, type FieldModel, type MemberModel, type ObjectModel } from '../../src/model.js';

/** A model in which one bound, flag or part is another. */
export interface Mutant<M extends FieldModel = FieldModel> {
  readonly what: string;
  readonly model: M;
}

/** Every such model that accepts other payloads, or reads other values, than `model`. */
export function mutantsOf(model: FieldModel, path = 'payload'): readonly Mutant[] {
  const with_ = (what: string, changed: FieldModel): Mutant => ({ what: `${path}: ${what}`, model: changed });
  switch (model.kind) {
    case 'integer':
    case 'decimal':
      return [
        with_('min + 1', { ...model, min: model.min + 1 }),
        with_('min - 1', { ...model, min: model.min - 1 }),
        with_('max + 1', { ...model, max: model.max + 1 }),
        with_('max - 1', { ...model, max: model.max - 1 }),
      ].filter(({ model: other }) => inRange(other));
    case 'string':
      return [
        // No URL is so short that its least number of bytes matters.
        ...(model.format === 'https-url'
          ? []
          : [
              with_('minBytes + 1', { ...model, minBytes: model.minBytes + 1 }),
              with_('minBytes - 1', { ...model, minBytes: model.minBytes - 1 }),
              with_('format', { ...model, format: model.format === 'utf8' ? 'identifier' : 'utf8' }),
            ]),
        with_('maxBytes + 1', { ...model, maxBytes: model.maxBytes + 1 }),
        with_('maxBytes - 1', { ...model, maxBytes: model.maxBytes - 1 }),
      ].filter(
        ({ model: other }) => other.kind === 'string' && other.minBytes >= 0 && other.minBytes <= other.maxBytes,
      );
    case 'boolean':
      return [with_('literal', { kind: 'literal', value: true })];
    case 'literal':
      return [with_('value', { kind: 'literal', value: typeof model.value === 'string' ? `${model.value}.` : 77 })];
    case 'enum':
      return [
        with_('one value more', { ...model, values: [...model.values, 'unknown_value'] }),
        ...(model.values.length === 1
          ? []
          : model.values.map((value) =>
              with_(`without ${value}`, { ...model, values: model.values.filter((other) => other !== value) }),
            )),
      ];
    case 'array':
      return [
        with_('minItems + 1', { ...model, minItems: model.minItems + 1 }),
        with_('minItems - 1', { ...model, minItems: model.minItems - 1 }),
        with_('maxItems + 1', { ...model, maxItems: model.maxItems + 1 }),
        with_('maxItems - 1', { ...model, maxItems: model.maxItems - 1 }),
        ...mutantsOf(model.item, `${path}[]`).flatMap(({ what, model: item }) =>
          item.kind === 'array' || item.kind === 'literal' ? [] : [{ what, model: { ...model, item } }],
        ),
      ].filter(({ model: other }) => isArray(other));
    case 'object':
      return objectMutants(model, path);
    case 'union':
      return model.options.flatMap((option, at) => {
        const tag = JSON.stringify(tagOf(model, option));
        const changed = objectMutants(option, `${path}{${tag}}`, model.discriminator).map(({ what, model: other }) => ({
          what,
          model: { ...model, options: model.options.map((old, index) => (index === at ? other : old)) },
        }));
        const fewer = { ...model, options: model.options.filter((_, index) => index !== at) };
        return model.options.length === 1 ? changed : [...changed, with_(`without ${tag}`, fewer)];
      });
  }
}

const inRange = (model: FieldModel): boolean =>
  (model.kind === 'integer' || model.kind === 'decimal') &&
  model.min <= model.max &&
  [model.min, model.max].every(
    (bound) => Math.abs(bound) <= (model.kind === 'decimal' ? MAX_SCALED : Number.MAX_SAFE_INTEGER),
  );

const isArray = (model: FieldModel): boolean =>
  model.kind === 'array' && model.minItems >= 0 && model.maxItems >= 1 && model.minItems <= model.maxItems;

function objectMutants(model: ObjectModel, path: string, tag?: string): readonly Mutant<ObjectModel>[] {
  const members = model.members.filter(({ name }) => name !== tag);
  const change = (member: MemberModel, what: string, other?: MemberModel): Mutant<ObjectModel> => ({
    what: `${path}.${member.name}: ${what}`,
    model: {
      ...model,
      members: model.members.flatMap((old) => (old !== member ? [old] : other === undefined ? [] : [other])),
    },
  });
  return [
    { what: `${path}: strict`, model: { ...model, strict: !model.strict } },
    ...members.flatMap((member) => [
      change(member, 'gone'),
      ...(member.default === undefined ? [change(member, 'optional', { ...member, optional: !member.optional })] : []),
      ...(member.type.kind === 'literal'
        ? []
        : [change(member, 'nullable', { ...member, nullable: !member.nullable })]),
      ...mutantsOf(member.type, `${path}.${member.name}`).flatMap(({ what, model: type }) =>
        (type.kind === 'literal' && member.nullable) ||
        (member.default !== undefined && !isDefaultOf(type, member.default))
          ? []
          : [{ ...change(member, '', { ...member, type }), what }],
      ),
    ]),
  ];
}
