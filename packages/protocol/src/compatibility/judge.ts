import type { CompatibilityFinding, LanguageChange, OldSide } from './finding.js';

/** Which way a payload travels. */
export type Travel = 'command' | 'event' | 'document';

const SIDES: readonly OldSide[] = ['old-firmware', 'old-servers'];

/** Whom a change of a payload hurts: the readers of the older contract, or its writers. */
export function judge(
  { path, change, what, newToOld, oldToNew, meansOther }: LanguageChange,
  travel: Travel,
): CompatibilityFinding {
  if (meansOther === true) {
    const explanation = `${capital(what)}: encoders always write it, but who leaves it out is understood differently.`;
    return { path, change, level: 'if_used', breaks: SIDES, explanation };
  }
  const reader: OldSide = travel === 'command' ? 'old-firmware' : 'old-servers';
  const breaks = SIDES.filter(
    (side) =>
      (travel === 'document' && (newToOld !== 'no' || oldToNew)) ||
      (side === reader && newToOld !== 'no') ||
      (side !== reader && oldToNew),
  );
  const avoidable = travel === 'command' && newToOld === 'can' && !oldToNew;
  const level = breaks.length === 0 ? 'compatible' : avoidable ? 'if_used' : 'breaks';
  const sentences = [
    ...(newToOld === 'no' ? [] : [REFUSED_BY_OLD[travel][newToOld]]),
    ...(oldToNew ? [REFUSED_BY_NEW[travel]] : []),
  ];
  const consequence = sentences.length === 0 ? 'both sides still understand each other.' : sentences.join(' And ');
  return { path, change, level, breaks, explanation: `${capital(what)}: ${consequence}` };
}

const REFUSED_BY_OLD = {
  command: {
    can: 'old firmware refuses it once a new server makes use of it.',
    always: 'old firmware refuses every such command of a new server.',
  },
  event: {
    can: 'old servers refuse it as soon as new firmware reports it.',
    always: 'old servers refuse every such event of new firmware.',
  },
  document: {
    can: 'readers of the older contract refuse it as soon as it is used.',
    always: 'readers of the older contract refuse every new one.',
  },
} as const;

const REFUSED_BY_NEW = {
  command: 'new firmware refuses what old servers may send.',
  event: 'new servers refuse what old firmware may report.',
  document: 'readers of the newer contract refuse what is valid in the older one.',
} as const;

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
