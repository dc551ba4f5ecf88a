import { buildImage, type ChipName } from '@secure-esp/firmware-image';

interface AppOptions {
  readonly chip?: ChipName;
  readonly project?: string;
  readonly codeBytes?: number;
}

/** An unsigned application image. */
export const appImage = (version: string, options: AppOptions = {}): Promise<Uint8Array> =>
  buildImage({
    chip: options.chip ?? 'esp32c6',
    project: options.project ?? 'demo',
    version,
    payload: new Uint8Array(options.codeBytes ?? 20_000).map((_, index) => (index * 31) & 0xff),
  });
