import type { Command } from 'commander';
import { leafCommands } from './tree.js';

/** Command lines that help shows below a command: each is one that the command takes. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  demo: ['demo', 'demo --once --devices 5', 'demo --broker mosquitto --image build/app.bin'],
  init: ['init', 'init --yes --project lamp --chip esp32c6 --host broker.example'],
  completion: ['completion bash'],
  'pki init': ['pki init', 'pki init --host broker.example --device esp-001 --device esp-002 --chip esp32c6'],
  'pki issue': ['pki issue esp-007 esp-008', 'pki issue --count 1000 --prefix lamp-', 'pki issue --from ids.txt'],
  'pki sign-csr': ['pki sign-csr device.csr --name esp-007 --out device.crt'],
  'pki list': ['pki list', 'pki list --role device --expiring 30d --json'],
  'pki show': ['pki show esp-007'],
  'pki revoke': ['pki revoke esp-007 --reason keyCompromise', 'pki revoke --serial 3F0A52'],
  'pki crl': ['pki crl', 'pki crl --days 30'],
  'pki export': [
    'pki export operator --out operator.pem',
    'pki export operator --format p12 --passphrase-file pass.txt --out operator.p12',
  ],
  'pki keys': ['pki keys'],
  'pki renew': [
    'pki renew esp-007',
    'pki renew --expiring 30d',
    'pki renew operator --dangerously-replace-key --revoke-old',
  ],
  'pki claim': ['pki claim esp-007 --out claims.json', 'pki claim esp-007 esp-008 --expires 30d --out claims.json'],
  'pki claims': ['pki claims --json'],
  'pki unclaim': ['pki unclaim esp-007'],
  'pki rollover': ['pki rollover', 'pki rollover device-ca --prepare', 'pki rollover device-ca --switch'],
  'pki adopt': ['pki adopt ../old-project --until 90d', 'pki adopt --end'],
  'est serve': ['est serve', 'est serve --host 0.0.0.0 --port 8443 --grace-port 8444'],
  'est enroll': [
    'est enroll esp-007 --url https://est.example:8443 --ca ca.crt --claim-file claims.json --out esp-007',
  ],
  'est renew': ['est renew --dir esp-007 --url https://est.example:8443'],
  provision: [
    'provision esp-001 esp-002 --broker-url mqtts://broker.example:8884',
    'provision esp-003 --partitions partitions.csv --encrypt --keys make',
    'provision --from ids.txt --est-url https://est.example:8443 --batch batch.csv',
  ],
  'image info': ['image info build/app.bin'],
  'image sign': ['image sign build/app.bin', 'image sign build/app.bin --key key.pem -o app.signed.bin'],
  'image verify': ['image verify app.signed.bin'],
  'image extract': ['image extract merged.bin --slot ota_0 -o app.bin'],
  'image build': ['image build --project lamp --image-version 1.0.0 --chip esp32c6 -o app.bin'],
  'broker run': ['broker run', 'broker run --kind mosquitto --host 0.0.0.0', 'broker run --protocol lamp-protocol.ts'],
  'broker config': ['broker config --out mosquitto', 'broker config --kind emqx --out emqx'],
  'ota publish': [
    'ota publish app.signed.bin',
    'ota publish app.signed.bin --url https://updates.example:8070 --slot-size 1920K',
    'ota publish app.signed.bin --from 1.0.0 1.1.0 --days 30',
  ],
  'ota list': ['ota list', 'ota list --all --expiring 30d --json'],
  'ota renew': ['ota renew --expiring 30d --days 90'],
  'ota serve': ['ota serve', 'ota serve --host 0.0.0.0 --workers 4 --admin-port 8071'],
  sim: [
    'sim --firmware app.signed.bin',
    'sim esp-001 esp-002 --firmware app.signed.bin --url mqtts://localhost:8884',
    'sim --count 1000 --once --firmware app.signed.bin --json',
  ],
  'device list': ['device list', 'device list --online --json'],
  'device logs': ['device logs -f', 'device logs esp-001 esp-002 --for 60'],
  'device watch': ['device watch', 'device watch esp-001 --json'],
  'device send': [
    'device send esp-001 restart',
    'device send esp-001,esp-002 update/interval 600',
    'device send --all update/run',
  ],
  'device update': ['device update esp-001', 'device update --all --concurrency 20 --stop-after-failures 3'],
  'device forget': ['device forget esp-001'],
  doctor: ['doctor', 'doctor --url mqtts://broker.example:8883 --ota https://updates.example:8070 --json'],
  'doctor firmware': ['doctor firmware', 'doctor firmware firmware --profile release'],
  'codegen init': ['codegen init', 'codegen init lamp-protocol.ts --extend'],
  'codegen c': [
    'codegen c --out firmware/generated',
    'codegen c --protocol lamp-protocol.ts --out firmware/generated --check',
  ],
  'codegen fuzz': ['codegen fuzz --protocol lamp-protocol.ts --out firmware/fuzz'],
  'codegen vectors': ['codegen vectors --out vectors'],
  'codegen asyncapi': ['codegen asyncapi --out docs --host broker.example:8884'],
  'codegen json-schema': ['codegen json-schema --out schemas'],
  'codegen docs': ['codegen docs --out docs/contract'],
  'codegen acl': ['codegen acl --out acl --operator alice --operator bob'],
  'codegen prove': [
    'codegen prove --protocol lamp-protocol.ts --ledger proof.json',
    'codegen prove --ledger proof.json --check',
  ],
  'codegen check-compat': ['codegen check-compat lamp-v1.contract.json lamp-protocol.ts --strict'],
};

/** Text below the help of a command, with one example a line. */
export const examplesText = (name: string, lines: readonly string[]): string =>
  ['', lines.length === 1 ? 'Example:' : 'Examples:', ...lines.map((line) => `  ${name} ${line}`)].join('\n');

/** Adds the examples to the help of each command that has some here. */
export function addExamples(program: Command): void {
  for (const [path, command] of leafCommands(program)) {
    const lines = EXAMPLES[path];
    if (lines !== undefined) command.addHelpText('after', examplesText(program.name(), lines));
  }
}
