// `npm run verify`: the checks of `npm test` with the depth that an issue or a release needs.
import { runSteps, stepsFor } from './steps.mjs';

await runSteps(stepsFor({ cases: 100_000, certificates: 2000, fuzzSeconds: 30 }));
