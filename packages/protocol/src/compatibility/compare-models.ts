import {
  tagOf,
  type FieldModel,
  type MemberModel,
  type ObjectModel,
  type ScalarModel,
  type UnionModel,
} from '../model.js';
import type { LanguageChange } from './finding.js';
import { readsAll, readsFormat, readsLength, within } from './scalar-language.js';

type Report = (change: LanguageChange) => void;

const isScalar = (model: FieldModel): model is ScalarModel =>
  model.kind !== 'array' && model.kind !== 'object' && model.kind !== 'union';

const can = (does: boolean): 'can' | 'no' => (does ? 'can' : 'no');
const always = (does: boolean): 'always' | 'no' => (does ? 'always' : 'no');
const range = (min: number, max: number): string => `${String(min)}..${String(max)}`;

/** Reports every difference between two models of the same field. */
export function compareModels(path: string, older: FieldModel, newer: FieldModel, report: Report): void {
  if (older.kind === 'array' && newer.kind === 'array') {
    const [was, is] = [toBounds(older), toBounds(newer)];
    if (!within(was, is) || !within(is, was)) {
      const what = `${range(was.min, was.max)} items became ${range(is.min, is.max)}`;
      report({ path, change: 'item_count', what, newToOld: can(!within(was, is)), oldToNew: !within(is, was) });
    }
    compareModels(`${path}[]`, older.item, newer.item, report);
  } else if (older.kind === 'object' && newer.kind === 'object') compareObjects(path, older, newer, report);
  else if (older.kind === 'union' && newer.kind === 'union') compareUnions(path, older, newer, report);
  else if (isScalar(older) && isScalar(newer)) compareScalars(path, older, newer, report);
  else report({ path, change: 'type', what: kinds(older, newer), newToOld: 'always', oldToNew: true });
}

const kinds = (older: FieldModel, newer: FieldModel): string => `${older.kind} became ${newer.kind}`;

const toBounds = ({ minItems, maxItems }: { minItems: number; maxItems: number }): { min: number; max: number } => ({
  min: minItems,
  max: maxItems,
});

function compareScalars(path: string, older: ScalarModel, newer: ScalarModel, report: Report): void {
  const newToOld = can(!readsAll(older, newer));
  const oldToNew = !readsAll(newer, older);
  if (older.kind === 'integer' && newer.kind === 'integer') {
    if (newToOld === 'no' && !oldToNew) return;
    const what = `${range(older.min, older.max)} became ${range(newer.min, newer.max)}`;
    report({ path, change: 'range', what, newToOld, oldToNew });
  } else if (older.kind === 'string' && newer.kind === 'string') {
    if (older.format !== newer.format) {
      const what = `format ${older.format} became ${newer.format}`;
      const widens = can(!readsFormat(older, newer));
      report({ path, change: 'format', what, newToOld: widens, oldToNew: !readsFormat(newer, older) });
    }
    if (older.minBytes !== newer.minBytes || older.maxBytes !== newer.maxBytes) {
      const what = `${range(older.minBytes, older.maxBytes)} bytes became ${range(newer.minBytes, newer.maxBytes)}`;
      const widens = can(!readsLength(older, newer));
      report({ path, change: 'length', what, newToOld: widens, oldToNew: !readsLength(newer, older) });
    }
  } else if (older.kind === 'enum' && newer.kind === 'enum') {
    const added = newer.values.filter((value) => !older.values.includes(value));
    const removed = older.values.filter((value) => !newer.values.includes(value));
    const list = (values: readonly string[]): string => [...values].sort().join(', ');
    if (added.length > 0) {
      report({ path, change: 'enum_value_added', what: `new: ${list(added)}`, newToOld: 'can', oldToNew: false });
    }
    if (removed.length > 0) {
      report({ path, change: 'enum_value_removed', what: `gone: ${list(removed)}`, newToOld: 'no', oldToNew: true });
    }
  } else if (older.kind === 'literal' && newer.kind === 'literal') {
    if (older.value === newer.value) return;
    const what = `${JSON.stringify(older.value)} became ${JSON.stringify(newer.value)}`;
    report({ path, change: 'literal', what, newToOld: 'always', oldToNew: true });
  } else if (older.kind !== newer.kind) {
    report({
      path,
      change: 'type',
      what: kinds(older, newer),
      newToOld: newToOld === 'no' ? 'no' : oldToNew ? 'always' : 'can',
      oldToNew,
    });
  }
}

function compareObjects(path: string, older: ObjectModel, newer: ObjectModel, report: Report): void {
  if (older.strict !== newer.strict) {
    const what = newer.strict ? 'unknown keys are refused now' : 'unknown keys are ignored now';
    report({ path, change: 'strictness', what, newToOld: 'no', oldToNew: false });
  }
  for (const was of older.members) {
    const is = newer.members.find(({ name }) => name === was.name);
    if (is === undefined) reportRemoved(`${path}.${was.name}`, was, newer, report);
    else compareMembers(`${path}.${was.name}`, was, is, report);
  }
  for (const is of newer.members) {
    if (older.members.every(({ name }) => name !== is.name)) reportAdded(`${path}.${is.name}`, is, older, report);
  }
}

function reportAdded(path: string, member: MemberModel, older: ObjectModel, report: Report): void {
  const what = `a new ${member.optional ? 'optional' : 'required'} member${older.strict ? ' of a strict object' : ''}`;
  const newToOld = !older.strict ? 'no' : member.optional ? 'can' : 'always';
  report({ path, change: 'member_added', what, newToOld, oldToNew: !member.optional });
}

function reportRemoved(path: string, member: MemberModel, newer: ObjectModel, report: Report): void {
  const what = `${member.optional ? 'an optional' : 'a required'} member is gone`;
  report({ path, change: 'member_removed', what, newToOld: always(!member.optional), oldToNew: newer.strict });
}

function compareMembers(path: string, was: MemberModel, is: MemberModel, report: Report): void {
  if (!was.optional && is.optional) {
    report({ path, change: 'optional', what: 'may be absent now', newToOld: 'can', oldToNew: false });
  }
  if (was.optional && !is.optional) {
    report({ path, change: 'required', what: 'is required now', newToOld: 'no', oldToNew: true });
  }
  if (!was.nullable && is.nullable) {
    report({ path, change: 'nullable', what: 'may be null now', newToOld: 'can', oldToNew: false });
  }
  if (was.nullable && !is.nullable) {
    report({ path, change: 'not_nullable', what: 'may not be null any more', newToOld: 'no', oldToNew: true });
  }
  compareModels(path, was.type, is.type, report);
}

function compareUnions(path: string, older: UnionModel, newer: UnionModel, report: Report): void {
  if (older.discriminator !== newer.discriminator) {
    const what = `"${older.discriminator}" became "${newer.discriminator}"`;
    report({ path, change: 'discriminator', what, newToOld: 'always', oldToNew: true });
    return;
  }
  for (const was of older.options) {
    const tag = tagOf(older, was);
    const is = newer.options.find((option) => tagOf(newer, option) === tag);
    const at = `${path}|${JSON.stringify(tag)}`;
    if (is !== undefined) compareObjects(at, was, is, report);
    else report({ path: at, change: 'option_removed', what: 'this option is gone', newToOld: 'no', oldToNew: true });
  }
  for (const is of newer.options) {
    const tag = tagOf(newer, is);
    if (older.options.some((option) => tagOf(older, option) === tag)) continue;
    const at = `${path}|${JSON.stringify(tag)}`;
    report({ path: at, change: 'option_added', what: 'a new option', newToOld: 'can', oldToNew: false });
  }
}
