import type { SignatureScheme } from '@secure-esp/firmware-image';
import type { FirmwareProject, SigningKey } from '../firmware-project.js';
import type { Rule } from '../finding.js';

const SCHEMES: readonly (readonly [option: string, scheme: SignatureScheme])[] = [
  ['SECURE_SIGNED_APPS_ECDSA_SCHEME', 'v1-ecdsa-p256'],
  ['SECURE_SIGNED_APPS_RSA_SCHEME', 'v2-rsa-3072'],
  ['SECURE_SIGNED_APPS_ECDSA_V2_SCHEME', 'v2-ecdsa-p256'],
];

const isSigned = ({ config }: FirmwareProject): boolean =>
  config.isOn('SECURE_BOOT') || config.isOn('SECURE_SIGNED_APPS_NO_SECURE_BOOT');

/** The scheme of the configuration; the chip's where none is stated. */
export function schemeOf({ config, chip }: FirmwareProject): SignatureScheme | undefined {
  const stated = SCHEMES.find(([option]) => config.isOn(option))?.[1] ?? chip.schemes[0];
  return stated === 'v2-ecdsa-p256' && config.isOn('SECURE_BOOT_ECDSA_KEY_LEN_384_BITS') ? 'v2-ecdsa-p384' : stated;
}

const KEY_KINDS: Readonly<Record<SignatureScheme, SigningKey['kind']>> = {
  'v1-ecdsa-p256': 'p256',
  'v2-rsa-3072': 'rsa3072',
  'v2-ecdsa-p256': 'p256',
  'v2-ecdsa-p384': 'p384',
};

/** Lowest revision of a chip that has Secure Boot v2, where not all have it; `major * 100 + minor`. */
function revisionTooLow(project: FirmwareProject): string | undefined {
  const { chip, config } = project;
  if (chip.name === 'esp32' && schemeOf(project) === 'v2-rsa-3072') {
    const full = config.number('ESP32_REV_MIN_FULL') ?? (config.number('ESP32_REV_MIN') ?? 0) * 100;
    const enough = full >= 300 || config.isOn('ESP32_REV_MIN_3') || config.isOn('ESP32_REV_MIN_3_1');
    return enough ? undefined : 'Signature v2 (RSA) needs revision 3.0 of the ESP32; older ones would not start.';
  }
  if (chip.name === 'esp32c3' && config.isOn('SECURE_BOOT')) {
    const old = ['0', '1', '2'].some((minor) => config.isOn(`ESP32C3_REV_MIN_${minor}`));
    return old ? 'Secure Boot needs revision 0.3 of the ESP32-C3; older ones would not start.' : undefined;
  }
  return undefined;
}

/** The scheme of the esp32's release profile is that of newer chips. */
const makeKey = (project: FirmwareProject): string => {
  const chip = project.chip.name === 'esp32' && schemeOf(project) === 'v2-rsa-3072' ? 'esp32s3' : project.chip.name;
  return `Make it with \`secure-esp pki init --chip ${chip}\`, or name yours.`;
};

/** Who may sign what the device runs. */
export const signingRules: readonly Rule[] = [
  {
    id: 'apps-unsigned',
    option: 'CONFIG_SECURE_SIGNED_APPS_NO_SECURE_BOOT',
    severity: 'error',
    check: (project) =>
      isSigned(project) ? undefined : 'Updates need no signature: whoever reaches the server owns the devices.',
    nextStep: 'Turn on "Require signed app images", or Secure Boot (Security features).',
  },
  {
    id: 'update-signature-unchecked',
    option: 'CONFIG_SECURE_SIGNED_ON_UPDATE_NO_SECURE_BOOT',
    severity: 'error',
    check: ({ config }) =>
      config.isOn('SECURE_SIGNED_APPS_NO_SECURE_BOOT') && !config.isOn('SECURE_SIGNED_ON_UPDATE_NO_SECURE_BOOT')
        ? 'Images are signed, but the device does not look at the signature of an update.'
        : undefined,
    nextStep: 'Turn on "Verify app signature on update" (Security features).',
  },
  {
    id: 'secure-boot-off',
    option: 'CONFIG_SECURE_BOOT',
    severity: { release: 'error' },
    check: ({ config }) =>
      config.isOn('SECURE_BOOT') ? undefined : 'Whoever has the device can flash a bootloader and firmware of theirs.',
    nextStep: 'Turn on "Enable hardware Secure Boot in bootloader", version 2 (Security features).',
  },
  {
    id: 'secure-boot-v1',
    option: 'CONFIG_SECURE_BOOT_V2_ENABLED',
    severity: 'error',
    check: ({ config }) => {
      if (!config.isOn('SECURE_BOOT') || config.isOn('SECURE_BOOT_V2_ENABLED')) return undefined;
      return 'Secure Boot version 1 keeps its only key on the device and can be broken.';
    },
    nextStep: 'Choose version 2, on an ESP32 with revision 3.0 as the minimum.',
  },
  {
    id: 'scheme-not-on-chip',
    option: 'CONFIG_SECURE_SIGNED_APPS_RSA_SCHEME',
    severity: 'error',
    check: (project) => {
      const scheme = schemeOf(project);
      const { name, schemes } = project.chip;
      if (!isSigned(project) || scheme === undefined || schemes.includes(scheme)) return undefined;
      return `The ${name} has no scheme ${scheme}; it has ${schemes.length === 0 ? 'none' : schemes.join(' and ')}.`;
    },
    nextStep: 'Choose "App Signing Scheme" anew (Security features).',
  },
  {
    id: 'scheme-without-secure-boot',
    option: 'CONFIG_SECURE_SIGNED_APPS_RSA_SCHEME',
    severity: 'error',
    check: (project) =>
      project.config.isOn('SECURE_BOOT_V2_ENABLED') && schemeOf(project) === 'v1-ecdsa-p256'
        ? 'Secure Boot version 2 does not verify signature v1: nothing would start.'
        : undefined,
    nextStep: 'Choose the signing scheme "RSA" (Security features).',
  },
  {
    id: 'chip-revision-too-low',
    option: 'CONFIG_ESP32_REV_MIN_3',
    severity: 'error',
    check: (project) => (isSigned(project) ? revisionTooLow(project) : undefined),
    nextStep: 'Raise "Minimum Supported Chip Revision" (Hardware Settings), or use the development scheme of the chip.',
  },
  {
    id: 'signing-key-missing',
    option: 'CONFIG_SECURE_BOOT_SIGNING_KEY',
    severity: 'error',
    check: ({ signingKey }) =>
      signingKey?.kind === 'missing' ? `The signing key "${signingKey.path}" is not there.` : undefined,
    nextStep: makeKey,
  },
  {
    id: 'signing-key-wrong',
    option: 'CONFIG_SECURE_BOOT_SIGNING_KEY',
    severity: 'error',
    check: (project) => {
      const { signingKey } = project;
      const scheme = schemeOf(project);
      if (signingKey === undefined || signingKey.kind === 'missing' || scheme === undefined) return undefined;
      const wanted = KEY_KINDS[scheme];
      if (signingKey.kind !== wanted)
        return `The signing key "${signingKey.path}" is ${signingKey.kind}; ${scheme} signs with ${wanted}.`;
      return scheme === 'v1-ecdsa-p256' && signingKey.pkcs8
        ? `The signing key "${signingKey.path}" is PKCS#8, which espsecure does not read for v1.`
        : undefined;
    },
    nextStep: (project) => `${makeKey(project)} Of a PKCS#8 key, \`openssl ec -in KEY -out NEW\` makes the older form.`,
  },
  {
    id: 'verification-key-missing',
    option: 'CONFIG_SECURE_BOOT_VERIFICATION_KEY',
    severity: 'error',
    check: (project) =>
      isSigned(project) &&
      schemeOf(project) === 'v1-ecdsa-p256' &&
      !project.config.isOn('SECURE_BOOT_BUILD_SIGNED_BINARIES') &&
      !project.hasVerificationKey
        ? 'The build does not sign, and the public key that v1 compiles into the image is not there.'
        : undefined,
    nextStep: 'Write it with `espsecure.py extract_public_key --version 1 --keyfile KEY FILE`.',
  },
  {
    id: 'signed-elsewhere',
    option: 'CONFIG_SECURE_BOOT_BUILD_SIGNED_BINARIES',
    severity: 'note',
    check: (project) =>
      isSigned(project) && !project.config.isOn('SECURE_BOOT_BUILD_SIGNED_BINARIES')
        ? 'The build does not sign: what it makes does not start before it is signed elsewhere.'
        : undefined,
    nextStep: 'Sign the application with `secure-esp image sign`, and with Secure Boot the bootloader with espsecure.',
  },
  {
    id: 'insecure-options',
    option: 'CONFIG_SECURE_BOOT_INSECURE',
    severity: { release: 'error' },
    check: ({ config }) =>
      config.isOn('SECURE_BOOT_INSECURE') ? 'Options that weaken Secure Boot are allowed.' : undefined,
    nextStep: 'Turn off "Allow potentially insecure options" (Security features).',
  },
  {
    id: 'aggressive-key-revoke',
    option: 'CONFIG_SECURE_BOOT_ENABLE_AGGRESSIVE_KEY_REVOKE',
    severity: 'warning',
    check: ({ config }) =>
      config.isOn('SECURE_BOOT_ENABLE_AGGRESSIVE_KEY_REVOKE')
        ? 'One bootloader with a damaged signature revokes its key, and a device without another key never starts again.'
        : undefined,
    nextStep: 'Turn it off, or burn the digests of two more keys before the first boot.',
  },
  {
    id: 'first-boot-burns-efuses',
    option: 'CONFIG_SECURE_BOOT',
    severity: { release: 'note' },
    check: ({ config }) =>
      config.isOn('SECURE_BOOT') || config.isOn('SECURE_FLASH_ENC_ENABLED')
        ? 'The first boot burns eFuses that nothing takes back; without the signing key, the device gets no update ever again.'
        : undefined,
    nextStep:
      'Back up the signing key, try a device that you can lose, and do not cut its power during the first boot.',
  },
];
