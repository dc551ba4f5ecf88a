import { describe, expect, it } from 'vitest';
import { createEventQueue } from '../../src/device/event-queue.js';

describe('the event queue', () => {
  it('runs jobs in order, never inside each other, and then is idle once', async () => {
    const log: string[] = [];
    const queue = createEventQueue({ idle: () => log.push('idle'), fault: () => log.push('fault') });
    queue.post(() => {
      log.push('a(');
      queue.post(() => log.push('c'));
      log.push(')a');
    });
    queue.post(() => log.push('b'));
    expect(log).toEqual([]);
    await Promise.resolve();
    expect(log).toEqual(['a(', ')a', 'b', 'c', 'idle']);
  });

  it('ends with the first job that throws', async () => {
    const log: unknown[] = [];
    const queue = createEventQueue({ idle: () => log.push('idle'), fault: (error) => log.push(error) });
    queue.post(() => {
      throw new Error('broken');
    });
    queue.post(() => log.push('never'));
    await Promise.resolve();
    queue.post(() => log.push('never'));
    await Promise.resolve();
    expect(log).toEqual([expect.objectContaining({ message: 'broken' })]);
  });

  it('drops everything once closed, also from inside a job, also its fault', async () => {
    const log: string[] = [];
    const queue = createEventQueue({ idle: () => log.push('idle'), fault: () => log.push('fault') });
    queue.post(() => {
      queue.close();
      throw new Error('too late to matter');
    });
    queue.post(() => log.push('never'));
    await Promise.resolve();
    expect(log).toEqual([]);
  });
});
