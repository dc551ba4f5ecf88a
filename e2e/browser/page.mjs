// The page of browser.test.ts: an operator's panel without any markup. The certificate is the browser's business.
import { connect, isCommandError, isDeviceClientError } from '@secure-esp/device-client';
import { command, defineProtocol, integer, secureEspV1, text } from '@secure-esp/protocol';

// The SDK refuses what the contract forbids. To hear it from the device, a contract that forbids less.
const lenient = defineProtocol({
  ...{ name: 'lenient', version: 1, root: secureEspV1.root },
  topics: {
    ...secureEspV1.topics,
    'update/interval': command(text(integer(0, 4_294_967_295), { maxBytes: 16 }), { description: 'Any interval.' }),
  },
});

let client;
let device;
const changes = [];
const lines = [];

/** What happened, in a form that leaves the page. */
const outcome = async (promise) => {
  try {
    return { value: (await promise) ?? null };
  } catch (error) {
    const command = isCommandError(error);
    if (!command && !isDeviceClientError(error)) throw error;
    return { command, code: error.code, detail: command ? error.detail : error.message };
  }
};

globalThis.panel = {
  changes,
  lines,
  // Nothing of Node must be needed.
  globals: () => ['Buffer', 'process', 'global', 'require'].filter((name) => name in globalThis),
  connect: (url, options) =>
    outcome(
      (async () => {
        client = await connect({
          url,
          protocol: lenient,
          reconnect: { firstMs: 50, maxMs: 500 },
          onConnectionChange: ({ state }) => changes.push(state),
          ...options,
        });
        device = client.device('esp-001');
      })(),
    ),
  interval: (seconds) => outcome(device.update.interval(seconds)),
  useUrl: (use) => outcome(device.update.useUrl(use)),
  settings: () => outcome(device.settings()),
  status: () => outcome(device.status()),
  watch: async () => {
    const logs = device.logs();
    await logs.ready;
    void (async () => {
      for await (const line of logs) lines.push(JSON.stringify(line));
    })();
  },
  close: () => outcome(client.close()),
};
