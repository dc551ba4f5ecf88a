import { ACCESS } from './conformance/access.js';
import { IDENTITY } from './conformance/identity.js';
import { MESSAGES } from './conformance/messages.js';
import { ROBUSTNESS } from './conformance/robustness.js';
import type { Scenario } from './conformance/scenario.js';
import { SESSIONS } from './conformance/sessions.js';

/** What the contract needs of a broker. Each scenario runs on its own against every kind. */
export const SCENARIOS: readonly Scenario[] = [...IDENTITY, ...ACCESS, ...MESSAGES, ...SESSIONS, ...ROBUSTNESS];
