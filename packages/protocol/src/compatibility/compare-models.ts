import { decimalText } from '../decimal.js';
import {
  tagOf,
  type DecimalModel,
  type FieldModel,
  type MemberModel,
  type ObjectModel,
  type ScalarModel,
  type UnionModel,
} from '../model.js';
import type { LanguageChange } from './finding.js';
import { numbersWithin, readsAll, readsFormat, readsLength, within } from './scalar-language.js';

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
  } else if (older.kind === 'decimal' && newer.kind === 'decimal') compareDecimals(path, older, newer, report);
  else if (older.kind === 'string' && newer.kind === 'string') {
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

function compareDecimals(path: string, older: DecimalModel, newer: DecimalModel, report: Report): void {
  const newToOld = can(!numbersWithin(older, newer));
  const oldToNew = !numbersWithin(newer, older);
  if (newToOld !== 'no' || oldToNew) {
    const bounds = ({ min, max, decimals }: DecimalModel): string =>
      `${decimalText(min, decimals)}..${decimalText(max, decimals)}`;
    report({ path, change: 'range', what: `${bounds(older)} became ${bounds(newer)}`, newToOld, oldToNew });
  }
  if (older.decimals !== newer.decimals) {
    const what = `${String(older.decimals)} decimals became ${String(newer.decimals)}`;
    const widens = can(newer.decimals > older.decimals);
    report({ path, change: 'decimals', what, newToOld: widens, oldToNew: newer.decimals < older.decimals });
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
  const what = `${presence(member)} member is new${older.strict ? ' in a strict object' : ''}`;
  const newToOld = !older.strict ? 'no' : member.optional ? 'can' : 'always';
  report({ path, change: 'member_added', what, newToOld, oldToNew: !mayBeAbsent(member) });
}

function reportRemoved(path: string, member: MemberModel, newer: ObjectModel, report: Report): void {
  const what = `${presence(member)} member is gone`;
  report({ path, change: 'member_removed', what, newToOld: always(!mayBeAbsent(member)), oldToNew: newer.strict });
}

/** True if readers do without it. Writers leave out optional members only: those with a default are always written. */
const mayBeAbsent = (member: MemberModel): boolean => member.optional || member.default !== undefined;

const presence = (member: MemberModel): string =>
  member.optional ? 'an optional' : member.default === undefined ? 'a required' : 'a defaulted';

function compareMembers(path: string, was: MemberModel, is: MemberModel, report: Report): void {
  if (!mayBeAbsent(was) && is.optional) {
    report({ path, change: 'optional', what: 'may be absent now', newToOld: 'can', oldToNew: false });
  }
  if (was.optional && !mayBeAbsent(is)) {
    report({ path, change: 'required', what: 'is required now', newToOld: 'no', oldToNew: true });
  }
  if (!was.nullable && is.nullable) {
    report({ path, change: 'nullable', what: 'may be null now', newToOld: 'can', oldToNew: false });
  }
  if (was.nullable && !is.nullable) {
    report({ path, change: 'not_nullable', what: 'may not be null any more', newToOld: 'no', oldToNew: true });
  }
  compareDefaults(path, defaultText(was), defaultText(is), report);
  compareModels(path, was.type, is.type, report);
}

/** The default as JSON, so that it does not matter how it is scaled. */
const defaultText = ({ type, default: value }: MemberModel): string | undefined =>
  type.kind === 'decimal' && typeof value === 'number' ? decimalText(value, type.decimals) : JSON.stringify(value);

function compareDefaults(path: string, was: string | undefined, is: string | undefined, report: Report): void {
  if (was === is) return;
  const change = 'default';
  if (was !== undefined && is !== undefined) {
    const what = `an absent member is read as ${is} instead of ${was}`;
    report({ path, change, what, newToOld: 'no', oldToNew: false, meansOther: true });
  } else {
    const what = is === undefined ? `no default ${String(was)} any more` : `an absent member is read as ${is} now`;
    report({ path, change, what, newToOld: 'no', oldToNew: false });
  }
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
