import { describe, expect, test } from 'vitest';
import { Settling } from '../src/follow-files.js';

describe('files that do not fit together while they are replaced', () => {
  test('are no failure when they do within two seconds, and are looked at again at once', () => {
    const settling = new Settling();
    expect(settling.failed(1_000)).toEqual({ retryMs: 0, tell: false });
    expect(settling.failed(2_999)).toEqual({ retryMs: 0, tell: false });
    settling.succeeded();
    expect(settling.failed(4_000)).toEqual({ retryMs: 0, tell: false });
  });

  test('are told of when they never do, and looked at again later', () => {
    const settling = new Settling();
    settling.failed(1_000);
    expect(settling.failed(3_000)).toEqual({ retryMs: 5_000, tell: true });
    expect(settling.failed(8_000)).toEqual({ retryMs: 5_000, tell: true });
  });
});
