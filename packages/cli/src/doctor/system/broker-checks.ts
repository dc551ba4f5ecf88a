import { openPki, type PkiTree } from '@secure-esp/pki';
import { accessRules, matchesFilter, topicOf, type Protocol, type TopicDefinition } from '@secure-esp/protocol';
import { randomBytes } from 'node:crypto';
import { fail, ok, skip, warn, type Check, type CheckResult, type DoctorWorld } from './check.js';
import { isRefusal, openProbe, ProbeError, type Probe, type ProbeIdentity, type Stage } from './mqtt-probe.js';

const RENEW_ACCESS = 'Write its access rules anew with `secure-esp broker config`, and load them.';

/** What to do where a connection ended, by what it is to: option and certificate are named by the caller. */
const stepOf = (stage: Stage, option: string): string =>
  ({
    name: `Check the host in \`${option}\`, and the network.`,
    network: `Start the broker with \`secure-esp broker run\`, or name it with \`${option}\`.`,
    tls: `Check that \`${option}\` names this listener, that --dir is the tree of this broker, and that it was started again after its certificate changed.`,
    'client-certificate':
      'Check that --dir is the tree of this broker, that the certificate is neither expired nor revoked, and the broker’s log.',
    mqtt: 'Check that it is a broker of MQTT 5, and its log.',
  })[stage];

const failed = (id: string, url: URL, error: unknown, option: string): CheckResult => {
  if (!(error instanceof ProbeError)) throw error;
  return fail(id, `${url.host}: ${error.message} (${error.stage}).`, stepOf(error.stage, option));
};

const randomId = (): string => `doctor-${randomBytes(8).toString('hex')}`;

interface Visit {
  readonly world: DoctorWorld;
  readonly tree: PkiTree;
  readonly signal: AbortSignal;
}

const visit = ({ world, signal }: Visit, url: URL, identity: ProbeIdentity, clientId = randomId()): Promise<Probe> =>
  openProbe({ url, identity, clientId, deadlineMs: world.deadlineMs, signal });

const broker: Check = {
  id: 'broker',
  network: true,
  run: async (world, signal) => {
    const here: Visit = { world, tree: await openPki(world.dir, { now: world.now }), signal };
    const { operatorUrl, deviceUrl } = world;
    const wrongRole = await Promise.all([wrongCertificate(here, 'operator'), wrongCertificate(here, 'device')]);
    let operator: Probe;
    try {
      operator = await visit(here, operatorUrl, here.tree.operator);
    } catch (error) {
      const unknown = skip('access:operators', 'the operators’ listener does not let an operator in');
      return [
        failed('broker:operators', operatorUrl, error, '--url'),
        await devicesTls(here, deviceUrl),
        ...[unknown, { ...unknown, id: 'access:devices' }, ...wrongRole],
      ];
    }
    try {
      const accepted = ok('broker:operators', `${operatorUrl.host} lets an operator in with MQTT 5`);
      const access = await operatorAccess(world.protocol, operator);
      return [accepted, ...(await devices(here, operator)), access, ...wrongRole];
    } finally {
      operator.close();
    }
  },
};

/** May an operator do what the contract says, and no more? Nobody has the id that is tried. */
async function operatorAccess(protocol: Protocol, probe: Probe): Promise<CheckResult> {
  const id = 'access:operators';
  const device = randomId();
  const rules = accessRules(protocol).filter(({ role }) => role === 'operator');
  const filters = rules.filter(({ access }) => access !== 'write').map(({ filter }) => filter);
  const reasons = await probe.subscribe(filters);
  const closed = filters.filter((_filter, index) => isRefusal(reasons[index] ?? 0));
  if (closed.length > 0) return fail(id, `an operator may not read ${closed.join(', ')}.`, RENEW_ACCESS);
  const command = harmlessCommand(protocol);
  if (command !== undefined) {
    const topic = topicOf(protocol, command, { scope: 'device', device });
    if (isRefusal(await probe.publish(topic))) return fail(id, `an operator may not send ${command}.`, RENEW_ACCESS);
    // most brokers grant every subscription, and then send nothing: only what comes shows that one may read
    if (!(await probe.arrivals(topic)).has(topic)) return fail(id, 'an operator may not read.', RENEW_ACCESS);
  }
  const event = eventLeaf(protocol);
  if (
    event !== undefined &&
    !isRefusal(await publishOrEnd(probe, topicOf(protocol, event, { scope: 'device', device })))
  )
    return warn(id, `an operator may write ${event} in the name of a device: there are no access rules.`, RENEW_ACCESS);
  return ok(id, 'an operator may read events, send commands, and not speak for devices');
}

/** Some brokers end the connection of who writes where they may not. */
async function publishOrEnd(probe: Probe, topic: string): Promise<number> {
  try {
    return await probe.publish(topic);
  } catch (error) {
    if (error instanceof ProbeError) return 0x87;
    throw error;
  }
}

/** An event that only devices write. */
const eventLeaf = (protocol: Protocol): string | undefined =>
  leafWhere(protocol, (topic) => topic.direction === 'event' && !topic.retain);

/** A command that needs a value: sent without one, whoever gets it refuses it. */
const harmlessCommand = (protocol: Protocol): string | undefined =>
  leafWhere(protocol, (topic) => topic.direction === 'command' && topic.payload.encoding !== 'empty');

const leafWhere = (protocol: Protocol, matches: (topic: TopicDefinition) => boolean): string | undefined =>
  Object.entries(protocol.topics).find(
    ([leaf, topic]) => topic.scopes.includes('device') && !leaf.includes('{') && matches(topic),
  )?.[0];

/** Devices that are asked for a certificate with a key. */
const TRIED = 50;

/**
 * A connection as a device ends that device’s own, so one that is not there is taken. Where all are there, the listener
 * is known to work.
 */
async function devices(here: Visit, operator: Probe): Promise<readonly CheckResult[]> {
  const { world, tree } = here;
  const { protocol, deviceUrl } = world;
  const id = 'broker:devices';
  const ids = (await tree.devices()).slice(0, TRIED);
  const [access, noneOf] = ['access:devices', 'the tree has no device with a key'];
  if (ids.length === 0) return [await devicesTls(here, deviceUrl), skip(access, noneOf)];
  const online = await onlineIds(protocol, operator);
  const free = ids.find((device) => !online.has(device));
  if (free === undefined) {
    return [
      ok(id, `${ids.length === 1 ? (ids[0] ?? '') : `${ids.length} devices`} online at this moment`),
      skip(access, 'all devices are online: to try it as one of them would end its connection'),
    ];
  }
  let probe: Probe;
  try {
    probe = await visit(here, deviceUrl, await tree.device(free), free);
  } catch (error) {
    return [failed(id, deviceUrl, error, '--device-url'), skip(access, 'no device is let in')];
  }
  try {
    return [
      ok(id, `${deviceUrl.host} lets ${free} in with MQTT 5`),
      await deviceAccess(world.protocol, { probe, operator, device: free }),
    ];
  } finally {
    probe.close();
  }
}

async function onlineIds(protocol: Protocol, operator: Probe): Promise<ReadonlySet<string>> {
  const topic = protocol.topics['status'];
  if (topic?.direction !== 'event') return new Set();
  const filter = `${protocol.root}/devices/+/status`;
  await operator.subscribe([filter]);
  const prefix = `${protocol.root}/devices/`;
  return new Set(
    [...(await operator.arrivals())].flatMap(([name, payload]) =>
      matchesFilter(filter, name) && !/"online"\s*:\s*false/.test(payload) && payload !== ''
        ? [name.slice(prefix.length, -'/status'.length)]
        : [],
    ),
  );
}

async function deviceAccess(
  protocol: Protocol,
  { probe, operator, device }: { probe: Probe; operator: Probe; device: string },
): Promise<CheckResult> {
  const id = 'access:devices';
  const own = accessRules(protocol)
    .filter(({ role, access }) => role === 'device' && access !== 'write')
    .map(({ filter }) => filter.replace('{device}', device));
  const reasons = await probe.subscribe(own);
  const closed = own.filter((_filter, index) => isRefusal(reasons[index] ?? 0));
  if (closed.length > 0) return fail(id, `a device may not read ${closed.join(', ')}.`, RENEW_ACCESS);
  const command = harmlessCommand(protocol);
  const topic = command === undefined ? undefined : topicOf(protocol, command, { scope: 'device', device });
  if (topic !== undefined && !isRefusal(await operator.publish(topic)) && !(await probe.arrivals(topic)).has(topic))
    return fail(id, 'a device may not read its own commands.', RENEW_ACCESS);
  const event = eventLeaf(protocol);
  const others = event === undefined ? undefined : topicOf(protocol, event, { scope: 'device', device: randomId() });
  if (others !== undefined && !isRefusal(await publishOrEnd(probe, others)))
    return fail(id, 'a device may speak for another one: there are no access rules.', RENEW_ACCESS);
  return ok(id, 'a device reads its own commands, and does not speak for others');
}

/** As much as can be seen of the devices’ listener without being a device. */
async function devicesTls(here: Visit, url: URL): Promise<CheckResult> {
  const id = 'broker:devices';
  try {
    (await visit(here, url, here.tree.operator)).close();
  } catch (error) {
    // that an operator is refused shows that the listener is there
    const refused = error instanceof ProbeError && (error.stage === 'client-certificate' || error.stage === 'mqtt');
    if (!refused) return failed(id, url, error, '--device-url');
  }
  return ok(id, `${url.host} answers with a certificate of this tree; not tried as a device`);
}

/** A certificate of one CA at the listener of the other. */
async function wrongCertificate(here: Visit, role: 'operator' | 'device'): Promise<CheckResult> {
  const { tree, world } = here;
  const id = `roles:${role}`;
  const [url, listener] = role === 'operator' ? [world.deviceUrl, 'devices’'] : [world.operatorUrl, 'operators’'];
  const [device] = await tree.devices();
  const identity =
    role === 'operator' ? tree.operator : device === undefined ? undefined : await keyedDevice(tree, device);
  if (identity === undefined) return skip(id, 'the tree has no device with a key');
  try {
    (await visit(here, url, identity)).close();
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    const judged = error.stage === 'client-certificate' || error.stage === 'mqtt';
    if (!judged) return skip(id, `the ${listener} listener is not there`);
    return ok(
      id,
      `the ${listener} listener refuses the certificate of ${role === 'operator' ? 'an operator' : 'a device'}`,
    );
  }
  const what = role === 'operator' ? 'an operator' : 'a device';
  return fail(
    id,
    `the ${listener} listener lets in ${what}.`,
    'Each listener must trust one CA only: take the configuration of `secure-esp broker config`.',
  );
}

/** Keys of devices may be elsewhere. */
const keyedDevice = (tree: PkiTree, id: string): Promise<ProbeIdentity | undefined> =>
  tree.device(id).catch(() => undefined);

/** Everything at the broker, over one connection where that is possible. */
export const brokerChecks: readonly Check[] = [broker];
