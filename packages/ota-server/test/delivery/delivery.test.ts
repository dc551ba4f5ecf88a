import { afterAll, beforeAll, describe, it } from 'vitest';
import { type S3Service, startS3Service } from '../fixtures/s3-service.js';
import { describeWith } from '../fixtures/tools.js';
import { FILE_SCENARIOS } from './file-scenarios.js';
import { behindNginx, standalone, standaloneWithS3, type Target } from './target.js';

const scenariosOf = (target: Target) => {
  for (const { name, run } of FILE_SCENARIOS) it(name, async () => run(await target.start()));
};

describe('a file over HTTP', () => {
  for (const target of [standalone, behindNginx]) {
    describeWith(target.needs, `from ${target.name}`, () => {
      scenariosOf(target);
    });
  }

  let service: S3Service;
  const withS3 = standaloneWithS3(() => service);
  describeWith(withS3.needs, `from ${withS3.name}`, () => {
    beforeAll(async () => {
      service = await startS3Service();
    });
    afterAll(() => service.close());
    scenariosOf(withS3);
  });
});
