// Objects of earlier runs. One is taken when the compiler, its flags, the source and every header that the compiler read
// for it are what they were: by content, so that a checkout that only touches files costs nothing.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const sha256 = (data) => createHash('sha256').update(data).digest('hex');

/** An entry that power loss has damaged is none. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export class ObjectCache {
  #folder;
  #hashes = new Map();
  taken = 0;

  /** `folder` undefined: nothing is kept. */
  constructor(folder) {
    this.#folder = folder;
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
  }

  /** Writes the object of an earlier run to `object`. `recipe` says how it is compiled. @return false: there is none */
  take(object, recipe) {
    if (this.#folder === undefined) return false;
    const kept = join(this.#folder, basename(object));
    if (!existsSync(kept) || !existsSync(`${kept}.json`)) return false;
    const bytes = readFileSync(kept);
    const entry = parsed(readFileSync(`${kept}.json`, 'utf8'));
    const isSame =
      entry?.recipe === sha256(recipe) &&
      entry.object === sha256(bytes) &&
      Object.entries(entry.files).every(([path, hash]) => this.#hash(path) === hash);
    if (!isSame) return false;
    writeFileSync(object, bytes);
    this.taken += 1;
    return true;
  }

  /** Keeps an object. `rule` is the text of `-MD -MF`; files in the folder `own` are told by the recipe instead. */
  keep(object, recipe, rule, own) {
    if (this.#folder === undefined) return;
    const paths = rule.replaceAll('\\\n', ' ').split(/\s+/).slice(1);
    const files = paths.filter((path) => path !== '' && !path.startsWith(own)).map((path) => [path, this.#hash(path)]);
    const bytes = readFileSync(object);
    const entry = { recipe: sha256(recipe), object: sha256(bytes), files: Object.fromEntries(files) };
    this.#write(basename(object), bytes);
    this.#write(`${basename(object)}.json`, JSON.stringify(entry));
  }

  /** At once: another run may read it meanwhile. */
  #write(name, data) {
    const draft = join(this.#folder, `${name}.${String(process.pid)}`);
    writeFileSync(draft, data);
    renameSync(draft, join(this.#folder, name));
  }

  #hash(path) {
    let hash = this.#hashes.get(path);
    if (hash === undefined) {
      hash = existsSync(path) ? sha256(readFileSync(path)) : 'absent';
      this.#hashes.set(path, hash);
    }
    return hash;
  }
}
