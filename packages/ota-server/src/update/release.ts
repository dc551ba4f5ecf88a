/**
 * One released image, as recorded. Records are immutable; a store holds them in order of `seq`.
 *
 * `project`, `chip`, `version` and `secureVersion` are what update decisions are made of. The gate takes them from the
 * image (or checks them against it), a record stored past the gate may say anything.
 */
export interface Release {
  /** Counts the releases of a store, from 1, never repeated. The manifest carries the same number. u32. */
  readonly seq: number;
  /** Devices ask for `/<channel>.bin`. See {@link isChannelName}. */
  readonly channel: string;
  /** Name of the project, as in the application descriptor. */
  readonly project: string;
  /** Chip name as in `esp32c3`. */
  readonly chip: string;
  /** In the contract's version grammar, at most 32 bytes. */
  readonly version: string;
  /** Anti-rollback counter of the image, u32. */
  readonly secureVersion: number;
  /** Bytes of the served file, signatures included. */
  readonly size: number;
  /** SHA-256 of the served file, hex. Its address (`/images/<sha256>.bin`) and its ETag. */
  readonly sha256: string;
  /** Image identity, hex: SHA-256 of the code, whatever signature follows. */
  readonly image: string;
  /** Unix seconds. */
  readonly releasedAt: number;
  /** When set, only devices that run one of these versions are offered the release. At most 8. */
  readonly from?: readonly string[];
  /** Unix seconds. From then on the release is not offered any more; see {@link renewRelease}. Equals the manifest's `exp`. */
  readonly expiresAt?: number;
  /** The signed manifest, compact JWS. Without one, devices are sent the image itself. */
  readonly manifest?: string;
}

/** 64 lower-case hex digits. */
export const isSha256 = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** 1 to 64 of `A-Z a-z 0-9 . _ -`, not starting with a dot: safe as a path segment and as a file name everywhere. */
export const isChannelName = (text: string): boolean => /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(text);
