// `npm test`: every functional check, short random and fuzz runs. `npm run verify` is the same, deeper.
import { runSteps, stepsFor } from './steps.mjs';

await runSteps(stepsFor({ cases: 10_000, certificates: 200, fuzzSeconds: 5, proofs: false }));
