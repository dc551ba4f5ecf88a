import type { UpdateProgress, UpdateResult } from '@secure-esp/device-client';
import { print, type CliContext } from '../context.js';
import { printJsonLine } from '../output.js';
import { createProgressDisplay, type ProgressBar } from '../terminal/progress-display.js';

/** What the demo tells while it runs. */
export interface DemoReport {
  /** `what` was started or made. */
  step(what: string, text: string): void;
  /** A device logged a line. */
  log(device: string, text: string): void;
  progress(device: string, progress: UpdateProgress): void;
  updated(device: string, result: UpdateResult): void;
  /** No more updates; log lines may follow. */
  endUpdates(): void;
}

/** For a person, or with `json` an object per line. */
export const createDemoReport = (context: CliContext, json: boolean): DemoReport =>
  json ? jsonReport(context) : textReport(context);

function textReport(context: CliContext): DemoReport {
  const display = createProgressDisplay(context);
  const bars = new Map<string, ProgressBar>();
  const barOf = (device: string): ProgressBar => {
    const bar = bars.get(device) ?? display.add(device);
    bars.set(device, bar);
    return bar;
  };
  return {
    step(what, text) {
      print(context, `  ${what.padEnd(9)} ${text}`);
    },
    log(device, text) {
      display.log(`  ${device}  ${text}`);
    },
    progress(device, progress) {
      barOf(device).update(progress);
    },
    updated(device, result) {
      barOf(device).finish(result.updated ? `${result.from} -> ${result.to}, confirmed` : 'nothing newer is offered');
    },
    endUpdates() {
      display.close();
    },
  };
}

const jsonReport = (context: CliContext): DemoReport => ({
  step(what, text) {
    printJsonLine(context, { type: 'step', what, text });
  },
  log(device, text) {
    printJsonLine(context, { type: 'log', device, text });
  },
  progress(device, progress) {
    printJsonLine(context, { type: 'progress', device, ...progress });
  },
  updated(device, result) {
    printJsonLine(context, { type: 'updated', device, ...result });
  },
  endUpdates: () => undefined,
});
