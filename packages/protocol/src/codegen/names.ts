import { ProtocolError } from '../errors.js';
import { parameterOf } from '../topic-grammar.js';

/**
 * Words that a struct member cannot be called: keywords of C23 and C++20, and what compilers in GNU mode or standard
 * headers define as macros. They get a trailing underscore.
 */
const RESERVED = new Set(
  (
    'alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class co_await ' +
    'co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default delete do ' +
    'double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace ' +
    'new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires ' +
    'restrict return short signed sizeof static static_assert static_cast struct switch template this thread_local throw ' +
    'true try typedef typeid typename typeof typeof_unqual union unsigned using virtual void volatile wchar_t while xor ' +
    'xor_eq assert errno i386 linux offsetof stderr stdin stdout unix'
  ).split(' '),
);

/** camelCase, kebab-case or a path to snake_case: `bootId` -> `boot_id`, `update/use_url` -> `update_use_url`. */
export const snake = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();

export const upper = (name: string): string => snake(name).toUpperCase();

/** Name of a struct member. */
export function fieldName(wireName: string): string {
  const name = snake(wireName);
  return RESERVED.has(name) ? `${name}_` : name;
}

/** C name of a topic: its levels without parameters. `replies/{client}` -> `replies`. */
export const leafName = (leaf: string): string =>
  snake(
    leaf
      .split('/')
      .filter((level) => parameterOf(level) === undefined)
      .join('_'),
  );

/** Every C identifier of one scope and what it stands for, so that no two things share a name. */
export class NameScope {
  readonly #owners = new Map<string, string>();

  /** Takes a name for `owner`; throws `invalid_definition` if it is taken for something else. */
  claim(name: string, owner: string): string {
    const other = this.#owners.get(name) ?? owner;
    if (other !== owner) {
      throw new ProtocolError(
        'invalid_definition',
        `${owner}: its C name "${name}" is also that of ${other}: rename one`,
        owner,
      );
    }
    this.#owners.set(name, owner);
    return name;
  }

  /** True if the name is free or already stands for `owner`. */
  allows(name: string, owner: string): boolean {
    return (this.#owners.get(name) ?? owner) === owner;
  }
}
