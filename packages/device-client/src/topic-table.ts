import { isDeviceId, parameterOf, type Protocol } from '@secure-esp/protocol';

/** What a concrete topic means. */
export interface RouteMatch {
  readonly leaf: string;
  readonly scope: 'all' | 'device';
  /** `undefined` on a topic of scope `all`. */
  readonly device: string | undefined;
}

/**
 * The topics of a contract as one client sees them: with its own id for `{client}`, what follows the device's id is always
 * the same text, so that a map finds it. Same verdicts as `matchTopic`, for every message that comes in.
 */
export class TopicTable {
  readonly #root: string;
  readonly #devices: string;
  /** Leaves by what follows the root, and by what follows the device. */
  readonly #all = new Map<string, string>();
  readonly #device = new Map<string, string>();
  readonly #tails = new Map<string, string>();

  constructor(protocol: Protocol, client: string) {
    this.#root = `${protocol.root}/`;
    this.#devices = `${this.#root}devices/`;
    for (const [leaf, topic] of Object.entries(protocol.topics)) {
      const tail = leaf
        .split('/')
        .map((level) => (parameterOf(level) === 'client' ? client : level))
        .join('/');
      this.#tails.set(leaf, tail);
      if (topic.scopes.includes('all')) this.#all.set(tail, leaf);
      if (topic.scopes.includes('device')) this.#device.set(tail, leaf);
    }
  }

  /** The topic of a leaf of scope `device`. The caller has checked the device's id. */
  topicOf(leaf: string, device: string): string {
    return `${this.#devices}${device}/${this.#tails.get(leaf) ?? leaf}`;
  }

  /** `undefined` for a topic of no leaf, and for one of another client. */
  match(topic: string): RouteMatch | undefined {
    if (!topic.startsWith(this.#devices)) {
      const leaf = topic.startsWith(this.#root) ? this.#all.get(topic.slice(this.#root.length)) : undefined;
      return leaf === undefined ? undefined : { leaf, scope: 'all', device: undefined };
    }
    const end = topic.indexOf('/', this.#devices.length);
    const leaf = end === -1 ? undefined : this.#device.get(topic.slice(end + 1));
    if (leaf === undefined) return undefined;
    const device = topic.slice(this.#devices.length, end);
    return isDeviceId(device) ? { leaf, scope: 'device', device } : undefined;
  }
}
