import type { TopicForm } from '../contract-form.js';
import type { Scope } from '../topic-definition.js';
import { comparePayloads } from './compare-payloads.js';
import type { CompatibilityFinding, ContractChange, FindingLevel, OldSide } from './finding.js';
import { judge } from './judge.js';

const BOTH: readonly OldSide[] = ['old-firmware', 'old-servers'];

const finding = (
  path: string,
  change: ContractChange,
  breaks: readonly OldSide[],
  explanation: string,
  level: FindingLevel = breaks.length === 0 ? 'compatible' : 'breaks',
): CompatibilityFinding => ({ path, change, level, breaks, explanation });

/** What is new under this leaf, for `topic_added` and `scope_added` alike. */
function added(path: string, change: ContractChange, { direction }: TopicForm): CompatibilityFinding {
  return direction === 'command'
    ? finding(
        path,
        change,
        ['old-firmware'],
        'Old firmware does not listen to it: such a command gets no reply.',
        'if_used',
      )
    : finding(
        path,
        change,
        [],
        "Old firmware never reports it and old servers do not read it; the broker's ACL comes first.",
      );
}

function removed(path: string, change: ContractChange, { direction, deprecated }: TopicForm): CompatibilityFinding {
  const explanation =
    direction === 'command'
      ? "New firmware does not listen to it; a broker with the new ACL refuses old firmware's subscription."
      : 'Old servers wait for it in vain; a broker with the new ACL refuses it from old firmware.';
  const notice = deprecated === undefined ? '' : ' It was deprecated.';
  return finding(path, change, BOTH, explanation + notice);
}

export const topicAdded = (leaf: string, topic: TopicForm): CompatibilityFinding => added(leaf, 'topic_added', topic);

export const topicRemoved = (leaf: string, topic: TopicForm): CompatibilityFinding =>
  removed(leaf, 'topic_removed', topic);

/** Every difference between two topics of one leaf. */
export function compareTopics(leaf: string, older: TopicForm, newer: TopicForm): readonly CompatibilityFinding[] {
  if (older.direction !== newer.direction) {
    const what = `The ${older.direction} became ${newer.direction === 'event' ? 'an event' : 'a command'}: `;
    return [finding(leaf, 'direction', BOTH, `${what}both sides read what they should write.`)];
  }
  return [
    ...compareScopes(leaf, older, newer),
    ...compareDelivery(leaf, older, newer),
    ...comparePayloads(leaf, older.payload, newer.payload).map((change) => judge(change, newer.direction)),
  ];
}

function compareScopes(leaf: string, older: TopicForm, newer: TopicForm): readonly CompatibilityFinding[] {
  const only = (scopes: readonly Scope[], others: readonly Scope[]): Scope[] =>
    [...new Set(scopes)].filter((scope) => !others.includes(scope)).sort();
  const named = (entry: CompatibilityFinding, scope: Scope): CompatibilityFinding => ({
    ...entry,
    explanation: `Scope "${scope}": ${entry.explanation}`,
  });
  return [
    ...only(newer.scopes, older.scopes).map((scope) => named(added(leaf, 'scope_added', newer), scope)),
    ...only(older.scopes, newer.scopes).map((scope) => named(removed(leaf, 'scope_removed', older), scope)),
  ];
}

function compareDelivery(leaf: string, older: TopicForm, newer: TopicForm): readonly CompatibilityFinding[] {
  const findings: CompatibilityFinding[] = [];
  if (newer.qos > older.qos) {
    findings.push(finding(leaf, 'qos_raised', [], 'QoS 0 became 1: a message may arrive twice, but not be lost.'));
  } else if (newer.qos < older.qos) {
    const reader: OldSide = newer.direction === 'command' ? 'old-firmware' : 'old-servers';
    findings.push(finding(leaf, 'qos_lowered', [reader], 'QoS 1 became 0: who relied on delivery may miss a message.'));
  }
  if (older.direction === 'event' && newer.direction === 'event' && older.retain !== newer.retain) {
    const explanation = newer.retain
      ? 'Retained now: old servers take what they get at subscribing for news, and of old firmware there is nothing to get.'
      : 'Not retained any more: old servers find nothing at subscribing, and what old firmware left there stays.';
    findings.push(finding(leaf, 'retain', BOTH, explanation));
  }
  if (older.direction === 'command' && newer.direction === 'command' && older.expirySeconds !== newer.expirySeconds) {
    const what = `${String(older.expirySeconds)} s became ${String(newer.expirySeconds)} s`;
    findings.push(finding(leaf, 'expiry', [], `${what}: each server sets its own expiry.`));
  }
  return findings;
}
