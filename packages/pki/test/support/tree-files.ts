import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Every file below a directory: relative path to content, with the mode in front. */
export async function snapshot(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files: Record<string, string> = {};
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const { mode, mtimeMs, ino } = await stat(path);
    const content = await readFile(path, 'utf8');
    files[path.slice(dir.length + 1)] = `${(mode & 0o777).toString(8)} ${ino} ${mtimeMs}\n${content}`;
  }
  return files;
}

/** The same without inode and time. */
export async function contents(dir: string): Promise<Record<string, string>> {
  const files = await snapshot(dir);
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [path, text.slice(text.indexOf('\n') + 1)]));
}
