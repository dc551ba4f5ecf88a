import { LOG_LEVELS, type CorePort } from './core-port.js';
import type { WasmMemory } from './webassembly.js';

const OK = 0;
const FAILED = -1;
const KV_NOT_FOUND = -1;
const KV_TOO_SMALL = -2;
const KV_FAILED = -3;
const KID_DIGITS = 64;
const SIGNATURE_BYTES = 64;
const SHA256_BYTES = 32;

const ES256 = { ok: 1, bad: 0, unknown_key: -1 } as const;
const HEALTH = { wait: 0, good: 1, bad: 2 } as const;

const toResult = (accepted: boolean): number => (accepted ? OK : FAILED);

/** What a function answers when its port threw; -1 where nothing is said. */
const WHEN_BROKEN: Readonly<Record<string, number>> = {
  now_ms: 0,
  unix_time_s: 0,
  random_u32: 0,
  kv_get: KV_FAILED,
  verify_es256: ES256.bad,
  health: HEALTH.wait,
};

type Import = (...values: number[]) => number | undefined;

/**
 * The functions that the module imports: pointers become values, the handle becomes its device's port. No exception passes
 * through the module, whose stack pointer would stay where it was: it is handed to `onThrow`, the core sees a failure.
 */
export const createCoreImports = (
  memory: () => WasmMemory,
  portOf: (handle: number) => CorePort,
  onThrow: (handle: number, error: unknown) => void,
): Record<string, Import> => {
  const bytes = (pointer: number, length: number): Uint8Array =>
    new Uint8Array(memory().buffer, pointer >>> 0, length >>> 0).slice();
  const text = (pointer: number, length: number): string => Buffer.from(bytes(pointer, length)).toString('utf8');
  const optional = (pointer: number, length: number): Uint8Array | undefined =>
    pointer === 0 || length === 0 ? undefined : bytes(pointer, length);

  const guarded =
    (name: string, action: Import): Import =>
    (...values) => {
      try {
        return action(...values);
      } catch (error) {
        onThrow(values[0] ?? 0, error);
        return WHEN_BROKEN[name] ?? FAILED;
      }
    };

  const imports: Record<string, Import> = {
    now_ms: (h = 0) => portOf(h).nowMs(),
    unix_time_s: (h = 0) => portOf(h).unixTimeS(),
    random_u32: (h = 0) => portOf(h).randomU32() | 0,
    publish: (h = 0, token = 0, tp = 0, tn = 0, pp = 0, pn = 0, qos = 0, retain = 0, cp = 0, cn = 0) =>
      toResult(
        portOf(h).publish({
          token: token >>> 0,
          topic: text(tp, tn),
          payload: bytes(pp, pn),
          qos: qos === 0 ? 0 : 1,
          retain: retain !== 0,
          correlation: optional(cp, cn),
        }),
      ),
    subscribe: (h = 0, fp = 0, fn = 0) => toResult(portOf(h).subscribe(text(fp, fn))),
    kv_get: (h = 0, kp = 0, kn = 0, out = 0, capacity = 0) => {
      const value = portOf(h).kvGet(text(kp, kn));
      if (value === undefined) return KV_NOT_FOUND;
      if (value.length > capacity) return KV_TOO_SMALL;
      new Uint8Array(memory().buffer).set(value, out >>> 0);
      return value.length;
    },
    kv_set: (h = 0, kp = 0, kn = 0, vp = 0, vn = 0) => toResult(portOf(h).kvSet(text(kp, kn), bytes(vp, vn))),
    kv_erase: (h = 0, kp = 0, kn = 0) => toResult(portOf(h).kvErase(text(kp, kn))),
    download_start: (
      h = 0,
      up = 0,
      un = 0,
      ep = 0,
      en = 0,
      pp = 0,
      pn = 0,
      cp = 0,
      cn = 0,
      vp = 0,
      vn = 0,
      ip = 0,
      length = 0,
      acceptManifest = 0,
      maxBytes = 0,
      resumeFrom = 0,
      rp = 0,
      rn = 0,
    ) =>
      toResult(
        portOf(h).downloadStart({
          url: text(up, un),
          ifNoneMatch: text(ep, en),
          project: text(pp, pn),
          chip: text(cp, cn),
          version: text(vp, vn),
          image: text(ip, length),
          acceptManifest: acceptManifest !== 0,
          maxBytes: maxBytes >>> 0,
          resumeFrom: resumeFrom >>> 0,
          ifRange: text(rp, rn),
        }),
      ),
    download_continue: (h = 0) => {
      portOf(h).downloadContinue();
      return undefined;
    },
    download_abort: (h = 0) => {
      portOf(h).downloadAbort();
      return undefined;
    },
    verify_es256: (h = 0, kid = 0, dp = 0, dn = 0, sig = 0) =>
      ES256[portOf(h).verifyEs256(text(kid, KID_DIGITS), bytes(dp, dn), bytes(sig, SIGNATURE_BYTES))],
    image_verify: (h = 0, sha = 0) => toResult(portOf(h).imageVerify(optional(sha, SHA256_BYTES))),
    boot_set: (h = 0) => toResult(portOf(h).bootSet()),
    boot_confirm: (h = 0) => toResult(portOf(h).bootConfirm()),
    boot_rollback: (h = 0) => toResult(portOf(h).bootRollback()),
    restart: (h = 0) => {
      portOf(h).restart();
      return undefined;
    },
    health: (h = 0) => HEALTH[portOf(h).health()],
    log: (h = 0, level = 0, lp = 0, ln = 0) => {
      portOf(h).log(LOG_LEVELS[level] ?? 'success', text(lp, ln));
      return undefined;
    },
  };
  return Object.fromEntries(Object.entries(imports).map(([name, action]) => [name, guarded(name, action)]));
};
