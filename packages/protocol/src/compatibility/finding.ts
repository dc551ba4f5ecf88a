/** Every kind of change that {@link checkCompatibility} tells apart. */
export const CONTRACT_CHANGES = [
  'name',
  'version',
  'topic_added',
  'topic_removed',
  'document_added',
  'document_removed',
  'direction',
  'scope_added',
  'scope_removed',
  'qos_raised',
  'qos_lowered',
  'retain',
  'expiry',
  'encoding',
  'size_bound',
  'nesting',
  'type',
  'range',
  'decimals',
  'length',
  'format',
  'literal',
  'enum_value_added',
  'enum_value_removed',
  'item_count',
  'strictness',
  'member_added',
  'member_removed',
  'optional',
  'required',
  'nullable',
  'not_nullable',
  'default',
  'discriminator',
  'option_added',
  'option_removed',
] as const;

/** One of {@link CONTRACT_CHANGES}. */
export type ContractChange = (typeof CONTRACT_CHANGES)[number];

/** Who does not work any more: devices on the older contract with newer servers, or servers on the older one with newer devices. */
export type OldSide = 'old-firmware' | 'old-servers';

/**
 * How bad a change is:
 *
 * - `compatible`: nobody of the older contract is hurt
 * - `if_used`: old firmware is, once a new server sends what is new, or either side, once somebody relies on a default
 *   that is another one now; until then nobody is
 * - `breaks`: as soon as both contracts are in use
 */
export type FindingLevel = 'compatible' | 'if_used' | 'breaks';

/** One change between two contracts. */
export interface CompatibilityFinding {
  /** Leaf or document and field: `update/state.run`, `shapes[]|"circle".size`, or `name` and `version` of the contract. */
  readonly path: string;
  readonly change: ContractChange;
  readonly level: FindingLevel;
  /** Empty at level `compatible`. */
  readonly breaks: readonly OldSide[];
  /** What changed, and what comes of it. */
  readonly explanation: string;
}

/** A change of a payload's language, whichever way it travels. */
export interface LanguageChange {
  readonly path: string;
  readonly change: ContractChange;
  readonly what: string;
  /** Writers on the newer contract may (`can`) or always do (`always`) write what readers on the older one refuse. */
  readonly newToOld: 'no' | 'can' | 'always';
  /** Writers on the older contract may write what readers on the newer one refuse. */
  readonly oldToNew: boolean;
  /** Nobody refuses anything, but readers of the two contracts may understand one payload differently. */
  readonly meansOther?: true;
}
