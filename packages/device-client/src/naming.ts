import type { CommandName, EventDefinition, EventName, Protocol, TopicValue } from '@secure-esp/protocol';

type CamelUnderscores<S extends string> = S extends `${infer A}_${infer B}`
  ? `${A}${Capitalize<CamelUnderscores<B>>}`
  : S;
type CamelDashes<S extends string> = S extends `${infer A}-${infer B}` ? `${A}${Capitalize<CamelDashes<B>>}` : S;

/** `use_url` and `use-url` become `useUrl`. */
export type CamelCase<S extends string> = CamelDashes<CamelUnderscores<S>>;

/** The same mapping at run time, for one topic level. */
export function camelCase(level: string): string {
  const [first = '', ...others] = level.split(/[_-]/);
  return first + others.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** First level of a leaf. */
export type Head<K extends string> = K extends `${infer H}/${string}` ? H : K;
/** What follows the first level `H`. */
export type Tail<K extends string, H extends string> = K extends `${H}/${infer T}` ? T : never;

/** The event on which a contract's devices answer: the leaf that has `{client}` in it. */
export type ReplyLeaf<P extends Protocol> = Extract<EventName<P>, `${string}{client}${string}`>;

/** What an accepted command resolves with: the reply's `ok: true` form, or nothing in a contract without replies. */
export type Accepted<P extends Protocol> = [ReplyLeaf<P>] extends [never]
  ? undefined
  : Extract<TopicValue<P, ReplyLeaf<P>>, { ok: true }>;

/** Events that can be watched: all but the replies. */
export type WatchableLeaf<P extends Protocol> = Exclude<EventName<P>, ReplyLeaf<P>>;

/** True if the contract has `update/run` and the state events that follow it. */
export type HasUpdateRun<P extends Protocol> =
  'update/run' extends CommandName<P>
    ? P['topics'] extends { readonly 'update/state': EventDefinition }
      ? true
      : false
    : false;
