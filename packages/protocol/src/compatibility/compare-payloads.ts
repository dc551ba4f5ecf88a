import type { PayloadForm } from '../contract-form.js';
import { depthOf, type BytesModel } from '../model.js';
import { compareModels } from './compare-models.js';
import type { LanguageChange } from './finding.js';
import { longestText, onTheWire, readsLength } from './scalar-language.js';

type WithFields = Extract<PayloadForm, { encoding: 'text' | 'json' }>;

/** Every difference between two payloads of the same topic or document. */
export function comparePayloads(path: string, older: PayloadForm, newer: PayloadForm): readonly LanguageChange[] {
  if (older.encoding !== newer.encoding) {
    const what = `${older.encoding} became ${newer.encoding}`;
    return [{ path, change: 'encoding', what, newToOld: 'always', oldToNew: true }];
  }
  if (older.encoding === 'bytes' && newer.encoding === 'bytes') return compareBytes(path, older.model, newer.model);
  return hasFields(older) && hasFields(newer) ? compareFields(path, older, newer) : [];
}

const hasFields = (form: PayloadForm): form is WithFields => form.encoding === 'text' || form.encoding === 'json';

function compareFields(path: string, older: WithFields, newer: WithFields): readonly LanguageChange[] {
  const changes: LanguageChange[] = [];
  const report = (change: LanguageChange): void => void changes.push(change);
  if (older.maxBytes !== newer.maxBytes) {
    report({
      path,
      change: 'size_bound',
      what: `${String(older.maxBytes)} bytes became ${String(newer.maxBytes)}`,
      newToOld: longestPayload(newer) > older.maxBytes ? 'can' : 'no',
      oldToNew: longestPayload(older) > newer.maxBytes,
    });
  }
  const [was, is] = [depthOf(older.model), depthOf(newer.model)];
  if (was !== is) {
    // A reader refuses what nests deeper than its schema, even inside a member that it would ignore.
    const what = `nests ${String(is)} levels deep instead of ${String(was)}`;
    report({ path, change: 'nesting', what, newToOld: is > was ? 'can' : 'no', oldToNew: was > is });
  }
  const before = changes.length;
  compareModels(path, onTheWire(older.model, older.encoding), onTheWire(newer.model, newer.encoding), report);
  if (older.model.kind !== newer.model.kind && changes.length === before) {
    const what = `${older.model.kind} became ${newer.model.kind}, written alike`;
    report({ path, change: 'type', what, newToOld: 'no', oldToNew: false });
  }
  return changes;
}

function compareBytes(path: string, older: BytesModel, newer: BytesModel): readonly LanguageChange[] {
  const range = ({ minBytes, maxBytes }: BytesModel): string => `${String(minBytes)}..${String(maxBytes)}`;
  if (range(older) === range(newer)) return [];
  const what = `${range(older)} bytes became ${range(newer)}`;
  const newToOld = readsLength(older, newer) ? 'no' : 'can';
  return [{ path, change: 'length', what, newToOld, oldToNew: !readsLength(newer, older) }];
}

const longestPayload = ({ encoding, maxBytes, model }: WithFields): number =>
  encoding === 'text' ? Math.min(maxBytes, longestText(model)) : maxBytes;
