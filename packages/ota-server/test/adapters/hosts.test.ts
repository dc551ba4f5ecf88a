import { describe, it } from 'vitest';
import { HOSTS } from './hosts.js';
import { SCENARIOS } from './scenarios.js';

describe.each(HOSTS)('mounted in $name', (host) => {
  it.each(SCENARIOS)('$name', ({ run }) => run(host));
});
