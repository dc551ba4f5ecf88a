import type { ContractForm, PayloadForm, TopicForm } from '../contract-form.js';
import { comparePayloads } from './compare-payloads.js';
import { compareTopics, topicAdded, topicRemoved } from './compare-topics.js';
import type { CompatibilityFinding } from './finding.js';
import { judge } from './judge.js';

/**
 * What becomes of devices and servers that still run an older contract once a newer one is in use. Every change of meaning
 * is a finding, so no findings and an equal contract hash are the same thing; descriptions, deprecation, roots and the
 * order of declaration are no changes.
 *
 * A command goes from server to device, an event from device to server. A document may go either way, so whatever is
 * wrong with one names both sides. "If used" is level `if_used`: it works until a new server sends what is new, or until
 * somebody relies on a default; all else that names a side is level `breaks`.
 *
 * | Change                                           | In a command           | In an event            |
 * | ------------------------------------------------ | ---------------------- | ---------------------- |
 * | wider range, length, size bound, item count      | old firmware, if used  | old servers            |
 * | narrower range, length, size bound, item count   | old servers            | old firmware           |
 * | enum value or option of a union added            | old firmware, if used  | old servers            |
 * | enum value or option of a union removed          | old servers            | old firmware           |
 * | more decimals                                    | old firmware, if used  | old servers            |
 * | fewer decimals                                   | old servers            | old firmware           |
 * | wider format (`hex` → `identifier` → `utf8`)     | old firmware, if used  | old servers            |
 * | narrower format                                  | old servers            | old firmware           |
 * | other format, type, literal, discriminator       | both                   | both                   |
 * | boolean ↔ integer 0..1 in a text payload         | compatible             | compatible             |
 * | integer became decimal                           | old firmware, if used  | old servers            |
 * | decimal became integer                           | old servers            | old firmware           |
 * | optional member added, unknown keys ignored      | compatible             | compatible             |
 * | optional member added to a strict object         | old firmware, if used  | old servers            |
 * | required member added, unknown keys ignored      | old servers            | old firmware           |
 * | required member added to a strict object         | both                   | both                   |
 * | optional member removed, unknown keys ignored    | compatible             | compatible             |
 * | optional member removed, strict now              | old servers            | old firmware           |
 * | required member removed, unknown keys ignored    | old firmware           | old servers            |
 * | required member removed, strict now              | both                   | both                   |
 * | member with a default added or removed           | compatible             | compatible             |
 * | … added to a strict object                       | old firmware           | old servers            |
 * | … removed, strict now                            | old servers            | old firmware           |
 * | default given to a member, or taken from it      | compatible             | compatible             |
 * | another default                                  | both, if used          | both, if used          |
 * | member renamed                                   | as removed and added   | as removed and added   |
 * | member may be absent or null now                 | old firmware, if used  | old servers            |
 * | member may not be absent or null any more        | old servers            | old firmware           |
 * | deeper nesting, even in an ignored member        | old firmware, if used  | old servers            |
 * | less nesting                                     | old servers            | old firmware           |
 * | unknown keys refused, or ignored, from now on    | compatible             | compatible             |
 * | another encoding, the other direction            | both                   | both                   |
 * | topic added, scope added                         | old firmware, if used  | compatible             |
 * | topic removed, scope removed                     | both (the ACL too)     | both (the ACL too)     |
 * | QoS raised                                       | compatible             | compatible             |
 * | QoS lowered                                      | old firmware           | old servers            |
 * | retain switched on or off                        |                        | both                   |
 * | expiry                                           | compatible             |                        |
 *
 * A document added is compatible, a document removed is not. A size bound of a text payload counts only as far as the
 * longest text that can stand in it.
 */
export function checkCompatibility(older: ContractForm, newer: ContractForm): readonly CompatibilityFinding[] {
  const findings: CompatibilityFinding[] = [];
  if (older.name !== newer.name) {
    findings.push(harmless('name', `The contract "${older.name}" is called "${newer.name}" now.`));
  }
  if (older.version !== newer.version) {
    const what = `Version ${String(older.version)} became ${String(newer.version)}`;
    findings.push(harmless('version', `${what}: whoever asks for one version only refuses the other.`));
  }
  for (const leaf of keysOf(older.topics, newer.topics)) {
    const [was, is] = [own<TopicForm>(older.topics, leaf), own<TopicForm>(newer.topics, leaf)];
    if (was === undefined) findings.push(...(is === undefined ? [] : [topicAdded(leaf, is)]));
    else findings.push(...(is === undefined ? [topicRemoved(leaf, was)] : compareTopics(leaf, was, is)));
  }
  for (const name of keysOf(older.documents, newer.documents)) {
    const [was, is] = [own<PayloadForm>(older.documents, name), own<PayloadForm>(newer.documents, name)];
    if (was === undefined) {
      findings.push({ ...harmless('document_added', 'Nobody of the older contract reads it.'), path: name });
    } else if (is === undefined) {
      findings.push({
        path: name,
        change: 'document_removed',
        level: 'breaks',
        breaks: ['old-firmware', 'old-servers'],
        explanation: 'Whoever reads this document waits for it in vain.',
      });
    } else findings.push(...comparePayloads(name, was, is).map((change) => judge(change, 'document')));
  }
  return findings;
}

const harmless = (change: 'name' | 'version' | 'document_added', explanation: string): CompatibilityFinding => ({
  path: change,
  change,
  level: 'compatible',
  breaks: [],
  explanation,
});

const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

const keysOf = (a: object, b: object): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
