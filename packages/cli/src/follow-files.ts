import { stat } from 'node:fs/promises';

/** Changes whenever one of the files is replaced, made or deleted: they are renamed into place. */
export async function fileMark(paths: readonly string[]): Promise<string> {
  const marks = paths.map((path) =>
    stat(path).then(
      ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
      () => 'none',
    ),
  );
  return (await Promise.all(marks)).join();
}
