import { shielded, type DeviceEvent, type DeviceHappening, type DeviceLogLine } from './device-events.js';

/** Tells the user of one device what happens. */
export interface Reporter {
  event(happening: DeviceHappening): void;
  log(level: DeviceLogLine['level'], text: string): void;
}

export interface ReporterOptions {
  readonly id: string;
  readonly onEvent: (event: DeviceEvent) => void;
  readonly onLog: (line: DeviceLogLine) => void;
}

export const createReporter = ({ id, onEvent, onLog }: ReporterOptions): Reporter => ({
  event(happening) {
    shielded(() => {
      onEvent({ device: id, ...happening });
    }, undefined);
  },
  log(level, text) {
    shielded(() => {
      onLog({ device: id, level, text });
    }, undefined);
  },
});
