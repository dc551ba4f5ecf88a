import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Merge } from '../../src/mqtt/merge.js';

const message = (text: string) => ({
  topic: '/esp/log',
  payload: new TextEncoder().encode(text),
  retained: false,
  correlationData: undefined,
  subscriptionIds: [],
});

describe('the messages of two links', () => {
  it('are one stream in order, however far one link is ahead of the other', () => {
    const counts = fc.tuple(fc.nat(8), fc.nat(8), fc.boolean());
    fc.assert(
      fc.property(counts, fc.infiniteStream(fc.boolean()), ([early, both, repeating], oldFirst) => {
        // The old link alone has the early ones. Lines may repeat, but then there are no early ones to mistake them for.
        const repeats = repeating && early === 0;
        const all = Array.from({ length: early + both }, (_, index) => String(repeats ? index % 2 : index));
        const sent = { old: [...all], new: all.slice(early) };
        const merge = new Merge();
        const seen: string[] = [];
        while (sent.old.length + sent.new.length > 0) {
          const drawn: boolean = oldFirst.next().value === true;
          const old = sent.new.length === 0 || (sent.old.length > 0 && drawn);
          // No copy for the new link was made before the early ones were sent to the old one.
          const side = old || sent.old.length > both ? 'old' : 'new';
          const text = sent[side].shift() ?? '';
          if (merge.isFirst(message(text), side)) seen.push(text);
        }
        expect(seen).toEqual(all);
      }),
    );
  });
});
