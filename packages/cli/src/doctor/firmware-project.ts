import type { Chip, ImageReport } from '@secure-esp/firmware-image';
import type { Profile } from './finding.js';
import type { PartitionTable } from './partition-table-csv.js';
import type { Sdkconfig } from './sdkconfig.js';

/** A file that the build made, as it was found. */
export interface BuiltFile {
  /** As shown to people. */
  readonly path: string;
  readonly bytes: number;
}

export interface BuiltApplication extends BuiltFile {
  readonly report: ImageReport;
}

/** The key that the build signs with, as far as the doctor looks at it. */
export interface SigningKey {
  readonly path: string;
  /** `missing`: no such file. `unreadable`: no private key in PEM. `other`: a key of no scheme. */
  readonly kind: 'missing' | 'unreadable' | 'p256' | 'p384' | 'rsa3072' | 'other';
  /** PKCS#8 instead of the older form of the key type. */
  readonly pkcs8: boolean;
}

/** What the rules look at. */
export interface FirmwareProject {
  readonly chip: Chip;
  readonly profile: Profile;
  readonly config: Sdkconfig;
  /** `undefined`: it is one of ESP-IDF's own, or cannot be read. */
  readonly table: PartitionTable | undefined;
  /** Path of the table, as shown to people. */
  readonly tablePath: string;
  readonly signingKey: SigningKey | undefined;
  /** Whether the public key is there that v1 needs where the build does not sign. */
  readonly hasVerificationKey: boolean;
  readonly application: BuiltApplication | undefined;
  readonly bootloader: BuiltFile | undefined;
}

/** Partitions of a type and subtype. */
export const partitionsOf = ({ table }: FirmwareProject, type: string, subtype: string): PartitionTable['partitions'] =>
  table?.partitions.filter((partition) => partition.type === type && partition.subtype === subtype) ?? [];

export const slotsOf = ({ table }: FirmwareProject): PartitionTable['partitions'] =>
  table?.partitions.filter(({ type, subtype }) => type === 'app' && subtype.startsWith('ota_')) ?? [];

export const hex = (value: number): string => `0x${value.toString(16).toUpperCase()}`;
