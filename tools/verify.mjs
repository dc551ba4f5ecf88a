// `npm run verify`: the checks of `npm test` with the depth that an issue or a release needs.
import { runSteps, stepsFor } from './steps.mjs';

await runSteps(stepsFor({ name: 'verify', cases: 100_000, fuzzSeconds: 30 }));
