import type { DefaultTheme } from 'vitepress';

const group = (text: string, ...pages: (readonly [text: string, link: string])[]): DefaultTheme.SidebarItem => ({
  text,
  items: pages.map(([text, link]) => ({ text, link })),
});

export const sidebar: DefaultTheme.SidebarItem[] = [
  group(
    'Getting started',
    ['Without a board', '/getting-started#without-a-board'],
    ['With a board', '/getting-started#with-a-board'],
    ['From certificate_creation.sh', '/migration'],
  ),
  group(
    'Guides',
    ['Updates', '/updates'],
    ['Certificates', '/pki'],
    ['Hardware', '/hardware'],
    ['Operations', '/operations'],
  ),
  group(
    'Examples',
    ['All of them', '/examples'],
    ['An Express app with a device page', '/examples/express-fleet'],
    ['A bot that restarts stuck devices', '/examples/restart-bot'],
    ['A thermostat with its firmware', '/examples/thermostat'],
    ['Mosquitto in containers', '/examples/deploy-mosquitto'],
    ['EMQX in containers', '/examples/deploy-emqx'],
    ['Contracts', '/examples/protocols'],
  ),
  group(
    'Packages',
    ['secure-esp (command line)', '/packages/cli'],
    ['device-client', '/packages/device-client'],
    ['ota-server', '/packages/ota-server'],
    ['broker', '/packages/broker'],
    ['pki', '/packages/pki'],
    ['protocol', '/packages/protocol'],
    ['firmware-image', '/packages/firmware-image'],
    ['simulator', '/packages/simulator'],
    ['Firmware', '/firmware'],
    ['ESP-IDF component', '/firmware/components/secure_esp'],
    ['Portable core', '/firmware/components/secure_esp_core'],
  ),
  group(
    'Reference',
    ['MQTT protocol', '/reference/protocol'],
    ['HTTP', '/reference/http'],
    ['Command line', '/reference/cli'],
    ['TypeScript API', '/reference/api/'],
  ),
  group(
    'How it is built',
    ['Architecture', '/architecture'],
    ['Threat model', '/threat-model'],
    ['Security and supported versions', '/security'],
    ['Proofs', '/proofs'],
    ['Liveness', '/liveness'],
    ['Footprint', '/footprint'],
    ['Benchmarks', '/benchmarks'],
    ['Contributing', '/contributing'],
  ),
];
