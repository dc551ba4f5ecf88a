import type { ResetReason } from '@secure-esp/protocol';

/** What the core is told at boot: `sesp_config_t`. Texts as the bytes that the image or the caller has. */
export interface CoreConfig {
  readonly deviceId: string;
  readonly builtinUrl: string;
  readonly project: Uint8Array;
  readonly version: Uint8Array;
  readonly chip: string;
  readonly identity: Uint8Array;
  readonly chipId: number;
  readonly secureVersion: number;
  readonly slotBytes: number;
  readonly bootPending: boolean;
  readonly resetReason: ResetReason;
  readonly intervalSeconds: number;
  readonly automaticChecks: boolean;
  readonly requireManifest: boolean;
  readonly broadcastLog: boolean;
  readonly broadcastRunSpreadSeconds: number;
  readonly confirmDeadlineSeconds: number;
  readonly confirmOfflineMaxSeconds: number;
  readonly downloadRetries: number;
}

/** Field numbers of `sesp_wasm_config_text`. */
export const CONFIG_TEXTS = {
  deviceId: 0,
  builtinUrl: 1,
  project: 2,
  version: 3,
  chip: 4,
  identity: 5,
} as const satisfies Partial<Record<keyof CoreConfig, number>>;

/** Field numbers of `sesp_wasm_config_number`, except the reset reason (10), which is an index. */
export const CONFIG_NUMBERS = {
  intervalSeconds: 0,
  automaticChecks: 1,
  requireManifest: 2,
  broadcastLog: 3,
  broadcastRunSpreadSeconds: 4,
  confirmDeadlineSeconds: 5,
  confirmOfflineMaxSeconds: 6,
  chipId: 7,
  secureVersion: 8,
  bootPending: 9,
  slotBytes: 11,
  downloadRetries: 12,
} as const satisfies Partial<Record<keyof CoreConfig, number>>;

export const CONFIG_RESET_REASON = 10;
