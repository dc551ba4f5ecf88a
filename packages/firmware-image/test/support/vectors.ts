import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** Images of public projects that may not be part of this repository: without the folder their tests are skipped. */
const root =
  process.env['SECURE_ESP_VECTORS'] ?? fileURLToPath(new URL('../../../../../shared/vectors', import.meta.url));

export const vectorsPresent = existsSync(join(root, 'signed', 'manifest.json'));
export const vectorsTitle = (title: string): string =>
  vectorsPresent ? title : `${title} (skipped: no image vectors, set SECURE_ESP_VECTORS)`;

export const readVector = (path: string): Uint8Array => new Uint8Array(readFileSync(join(root, path)));
export const readKey = (name: string): string => readFileSync(join(root, 'keys', name), 'utf8');
export const keyPath = (name: string): string => join(root, 'keys', name);

export interface VectorBlock {
  index: number;
  version: number;
  crc_ok: boolean;
  digest_match: boolean;
  scheme?: string;
  key_digest?: string;
  sig_ok?: boolean;
  key_files?: string[];
}

export interface Vector {
  file: string;
  size: number;
  what?: string;
  expected: {
    error?: string | null;
    chip: string | null;
    chip_id: number | null;
    segments: number | null;
    entry?: string;
    hash_appended: number | null;
    checksum_stored?: number;
    checksum_ok: boolean | null;
    hash_ok: boolean | null;
    hash_stored?: string;
    image_len: number | null;
    trailing: number | null;
    min_rev?: number;
    min_rev_full: number | null;
    max_rev_full: number | null;
  };
  app: null | {
    secure_version: number;
    version: string;
    project_name: string;
    time: string;
    date: string;
    idf_ver: string;
    app_elf_sha256: string;
    min_efuse_blk_rev_full: number;
    max_efuse_blk_rev_full: number;
    mmu_page_size: number;
  };
  segments?: { addr: string; len: number; off: number }[];
  signature: {
    v1?: { signed_len: number; verifies_with: string[] };
    v2?: { sector_off: number; any_block_fully_valid: boolean; blocks: VectorBlock[] };
  };
}

interface Manifest {
  images?: Vector[];
  vectors?: Vector[];
  keys?: Record<string, { type: string; sbv2_public_key_digest: string; private: boolean }>;
}

const readManifest = (folder: string): Manifest =>
  vectorsPresent ? (JSON.parse(readFileSync(join(root, folder, 'manifest.json'), 'utf8')) as Manifest) : {};

export const realVectors = (): Vector[] =>
  (readManifest('real').images ?? []).map((vector) => ({ ...vector, file: `real/${vector.file}` }));
export const signedVectors = (): Vector[] =>
  (readManifest('signed').vectors ?? []).map((vector) => ({ ...vector, file: `signed/${vector.file}` }));
export const vectorKeys = (): NonNullable<Manifest['keys']> => readManifest('signed').keys ?? {};
