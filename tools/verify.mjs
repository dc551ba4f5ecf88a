// `npm run verify`: the checks of `npm test` with the depth that an issue or a release needs, and the proofs from nothing.
import { runSteps, stepsFor } from './steps.mjs';

await runSteps(stepsFor({ cases: 100_000, certificates: 2000, fuzzSeconds: 30, proofs: true }));
