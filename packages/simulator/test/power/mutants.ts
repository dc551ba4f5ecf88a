import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A step of the core's commit sequence taken away or put elsewhere. */
export interface Mutant {
  readonly name: string;
  /** Below the core's folder. */
  readonly file: string;
  /** Text that stands there exactly once, and what stands there instead. */
  readonly find: string;
  readonly replace: string;
}

export const MUTANTS = {
  bootBeforeRecord: {
    name: 'the slot is made bootable before the record of the update is written',
    file: 'src/sesp_install.c',
    find: 'if (sesp_store_pending(core, &pending) != SESP_OK) {',
    replace: 'if (sesp_call_boot_set(core) != SESP_OK || sesp_store_pending(core, &pending) != SESP_OK) {',
  },
  recordErasedFirst: {
    name: 'the record of the update is erased before the outcome is written',
    file: 'src/sesp_confirm.c',
    find: '(void)sesp_store_installed(core, &installed);',
    replace: '(void)sesp_erase_pending(core); (void)sesp_store_installed(core, &installed);',
  },
  resumeKept: {
    name: 'the resume record stays while the slot is written from its beginning',
    file: 'src/sesp_download.c',
    find: 'if (from == 0u && sesp_resume_forget(core) != SESP_OK) {',
    replace: 'if (from == 0u && false) {',
  },
  resumeAhead: {
    name: 'the resume record is written before the data it speaks of',
    file: 'src/sesp_resume.c',
    find: 'record.offset = offset;',
    replace: '(void)offset; record.offset = record.total - SESP_SECTOR_BYTES;',
  },
} as const satisfies Record<string, Mutant>;

const firmware = fileURLToPath(new URL('../../../../firmware/', import.meta.url));

type CompileCore = (change: (path: string, text: string) => string) => Promise<Uint8Array>;

/** The core with this change, as a module. */
export const compileMutant = async ({ name, file, find, replace }: Mutant): Promise<Uint8Array> => {
  const script = pathToFileURL(join(firmware, 'wasm/compile.mjs')).href;
  const { compileCore } = (await import(/* @vite-ignore */ script)) as { readonly compileCore: CompileCore };
  let places = 0;
  const wasm = await compileCore((path, text) => {
    if (path !== file) return text;
    const parts = text.split(find);
    places = parts.length - 1;
    return parts.join(replace);
  });
  if (places !== 1) throw new Error(`mutant "${name}": its text stands ${String(places)} times in ${file}, not once`);
  return wasm;
};
