import type { Protocol, SecureEspV1, TopicValue } from '@secure-esp/protocol';
import type { WatchableLeaf } from './naming.js';
import type { StreamOptions } from './streams/event-stream.js';

interface Seen<K extends string> {
  readonly type: K;
  /** The device it is about; `undefined` for a broadcast topic such as `/esp/log`. */
  readonly device: string | undefined;
  /** Unix time of arrival here, milliseconds. For retained state that may be long after the event. */
  readonly receivedAt: number;
}

/** A decoded event of the contract; `type` is its leaf. */
export type ContractEvent<P extends Protocol = SecureEspV1> = {
  [K in WatchableLeaf<P>]: Seen<K> & {
    readonly value: TopicValue<P, K>;
    /** True if the broker had stored it before this stream began. */
    readonly retained: boolean;
  };
}[WatchableLeaf<P>];

/** The retained value of `leaf` was deleted (see `device.forget`). */
export interface ClearedEvent extends Seen<'cleared'> {
  readonly leaf: string;
}

/** The reader was too slow: `count` events before this point are lost. */
export interface DroppedEvent {
  readonly type: 'dropped';
  /** Never one: nobody knows whose events they were. */
  readonly device: undefined;
  readonly count: number;
  /** Unix time, milliseconds. */
  readonly receivedAt: number;
}

/** What `watch` yields. */
export type DeviceEvent<P extends Protocol = SecureEspV1> = ContractEvent<P> | ClearedEvent | DroppedEvent;

/** For `device.watch`. */
export interface WatchOptions<P extends Protocol = SecureEspV1> extends StreamOptions {
  /** Events to see, by leaf. Default: all of the contract. */
  readonly types?: readonly WatchableLeaf<P>[] | undefined;
}

/** For `client.watch`. */
export interface FleetWatchOptions<P extends Protocol = SecureEspV1> extends WatchOptions<P> {
  /** Only this device. Default: all, and the broadcast topics. */
  readonly device?: string | undefined;
}

/** For streams of one leaf. */
export interface LeafStreamOptions extends StreamOptions {
  /** Told how many values were lost because the reader was too slow. */
  readonly onDropped?: ((count: number) => void) | undefined;
}

/** A message on a topic of the contract that its schema refuses. The payload itself is not kept. */
export interface InvalidEvent {
  /** Undefined on a broadcast topic. */
  readonly device: string | undefined;
  readonly leaf: string;
  /** Why it was refused: a code of the contract's decoder. */
  readonly code: string;
  /** Names the field and the limit. */
  readonly detail: string;
  /** Unix time of arrival here, milliseconds. */
  readonly receivedAt: number;
}
