import { print, type CliContext } from '../context.js';
import { sayConnection } from '../device/connection-line.js';
import { DeviceBoard } from '../device/device-board.js';
import { asOperator, type AnyEvent, type OperatorOptions } from '../operator.js';
import { fleetPicture } from '../terminal/device-table.js';
import { eventLine } from '../terminal/event-line.js';
import { createLiveView } from '../terminal/live-view.js';
import { styleOf } from '../terminal/style.js';

export interface DeviceWatchOptions extends OperatorOptions {
  readonly json?: true;
  readonly plain?: true;
}

/** `secure-esp device watch`: a table that changes on a terminal, a line per event elsewhere. */
export async function deviceWatch(
  context: CliContext,
  id: string | undefined,
  options: DeviceWatchOptions,
): Promise<void> {
  const live = context.stdout.isTTY === true && options.plain !== true && options.json !== true;
  const show = live ? showTable : options.json === true ? showJson : showLines;
  // The table shows that devices are gone; what is written between its lines would tear it.
  const told = live ? {} : { onConnectionChange: sayConnection(context) };
  await asOperator(
    context,
    options,
    async (client) => {
      await show(context, client.watch({ signal: context.signal, device: id }));
    },
    told,
  );
}

type Show = (context: CliContext, events: AsyncIterable<AnyEvent>) => Promise<void>;

const showJson: Show = async (context, events) => {
  for await (const event of events) print(context, JSON.stringify(event));
};

const showLines: Show = async (context, events) => {
  for await (const event of events) print(context, eventLine(event));
};

const showTable: Show = async (context, events) => {
  const board = new DeviceBoard();
  const style = styleOf(context.stdout, context.env);
  const view = createLiveView(context, ({ width, height }) =>
    fleetPicture(board.rows(), { width, height, now: Date.now(), style }),
  );
  try {
    for await (const event of events) {
      board.apply(event);
      view.changed();
    }
  } finally {
    view.close();
  }
};
