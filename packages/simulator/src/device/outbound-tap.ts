import {
  createPayloadCodec,
  matchTopic,
  secureEspV1,
  type DeviceStatus,
  type UpdateStateEvent,
} from '@secure-esp/protocol';

/** What can be learnt from the device's own messages. */
export interface OutboundTap {
  readonly status: (status: DeviceStatus) => void;
  readonly update: (update: UpdateStateEvent) => void;
}

const status = createPayloadCodec(secureEspV1.topics.status.payload, 'status');
const update = createPayloadCodec(secureEspV1.topics['update/state'].payload, 'update/state');

/** Reads status and update state from what the core publishes; other messages, and other contracts', are ignored. */
export const readOutbound = (topic: string, payload: Uint8Array, tap: OutboundTap): void => {
  const leaf = matchTopic(secureEspV1, topic)?.leaf;
  if (leaf === 'status') {
    const decoded = status.decode(payload);
    if (decoded.ok) tap.status(decoded.value);
  } else if (leaf === 'update/state') {
    const decoded = update.decode(payload);
    if (decoded.ok) tap.update(decoded.value);
  }
};
