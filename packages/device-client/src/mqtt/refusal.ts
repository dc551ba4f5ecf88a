import { DeviceClientError } from '../errors.js';

/** Everything that is no refusal is the connection's end, which `ended` reports better. */
export function failOperation(topic: string, error: unknown): Promise<never> {
  const refusal = toRefusal(topic, error);
  return refusal === undefined ? new Promise(() => undefined) : Promise.reject(refusal);
}

/** A reason code means that the broker said no. */
export function toRefusal(topic: string, error: unknown): DeviceClientError | undefined {
  const reason = reasonCodeOf(error);
  if (reason === undefined) return undefined;
  return new DeviceClientError('denied', `${topic}: the broker refused with reason code ${String(reason)}`, {
    cause: error,
  });
}

function reasonCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'number') return error.code;
  const packet = 'packet' in error ? (error.packet as { granted?: readonly unknown[] } | undefined) : undefined;
  const granted = packet?.granted?.[0];
  return typeof granted === 'number' && granted >= 128 ? granted : undefined;
}
