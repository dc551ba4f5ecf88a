import type { FieldModel } from '../../model.js';
import { encodeUtf8 } from '../../utf8.js';
import { spell, type JsonNode } from './json-node.js';
import { NOT_UTF8, withBytes, type Once, type PayloadCase, type Spelling } from './payload-case.js';

/** Where a value stands in a JSON payload that is valid but for it. */
export interface Place {
  readonly path: string;
  /** The whole payload with this value in its place. */
  readonly put: (node: JsonNode) => string;
  /** Objects and arrays around the value. */
  readonly level: number;
  /** How many may nest in the whole payload. */
  readonly maxDepth: number;
  readonly once: Once;
  /** The cases of a value and of all below it. */
  readonly below: (model: FieldModel, place: Place) => readonly PayloadCase[];
}

const ROOT = 'payload';

export const rootPlace = (maxDepth: number, once: Once, below: Place['below']): Place => ({
  path: ROOT,
  put: spell,
  level: 0,
  maxDepth,
  once,
  below,
});

/** A place one object or array deeper: `wrap` puts the value into what stands at `outer`. */
export const inner = (outer: Place, path: string, wrap: (node: JsonNode) => JsonNode): Place => ({
  ...outer,
  path,
  put: (node) => outer.put(wrap(node)),
  level: outer.level + 1,
});

/** `settings.interval`; members of the payload itself have their plain name. */
export const memberPath = (parent: string, name: string): string => (parent === ROOT ? name : `${parent}.${name}`);

export const caseAt = (place: Place, { what, text, accepted }: Spelling): PayloadCase => ({
  name: `${place.path}: ${what}`,
  bytes: encodeUtf8(place.put(text)),
  accepted,
});

/** The payload with a string that is not UTF-8 behind `start`. */
export function notUtf8At(place: Place, start: string): readonly PayloadCase[] {
  const mark = '\ue000';
  const text = place.put(`"${start}${mark}"`);
  return NOT_UTF8.map(([what, bytes]) => ({
    name: `${place.path}: ${what}`,
    bytes: withBytes(text, mark, bytes),
    accepted: false,
  }));
}
