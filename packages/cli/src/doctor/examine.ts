import { applyRules, type Finding, type Rule } from './finding.js';
import type { FirmwareProject } from './firmware-project.js';
import { connectionRules } from './rules/connection-rules.js';
import { encryptionRules } from './rules/encryption-rules.js';
import { imageRules } from './rules/image-rules.js';
import { leftoverRules } from './rules/leftover-rules.js';
import { partitionRules } from './rules/partition-rules.js';
import { signingRules } from './rules/signing-rules.js';
import { updateRules } from './rules/update-rules.js';

/** Every rule, by what it looks after. */
export const RULES: readonly Rule[] = Object.freeze([
  ...updateRules,
  ...signingRules,
  ...encryptionRules,
  ...connectionRules,
  ...partitionRules,
  ...imageRules,
  ...leftoverRules,
]);

/** What is insecure in a project, or will brick a device. */
export const examine = (project: FirmwareProject): readonly Finding[] => applyRules(RULES, project);
