import type { Rule } from '../finding.js';

/** Whom the device talks to, and how. */
export const connectionRules: readonly Rule[] = [
  {
    id: 'certificate-time-unchecked',
    option: 'CONFIG_MBEDTLS_HAVE_TIME_DATE',
    severity: 'error',
    check: ({ config }) =>
      config.isOn('MBEDTLS_HAVE_TIME_DATE')
        ? undefined
        : 'A server’s certificate is accepted after it has expired, too.',
    nextStep: 'Turn on "Enable mbedtls certificate expiry check" (mbedTLS).',
  },
  {
    id: 'certificate-bundle-on',
    option: 'CONFIG_MBEDTLS_CERTIFICATE_BUNDLE',
    severity: 'warning',
    check: ({ config }) =>
      config.isOn('MBEDTLS_CERTIFICATE_BUNDLE')
        ? 'The CAs of the web are in the image, for 60 kB, while devices trust the provisioned one only.'
        : undefined,
    nextStep: 'Turn off "Enable trusted root certificate bundle" (mbedTLS).',
  },
  {
    id: 'server-unverified',
    option: 'CONFIG_ESP_TLS_INSECURE',
    severity: 'error',
    check: ({ config }) =>
      config.isOn('ESP_TLS_INSECURE') || config.isOn('ESP_TLS_SKIP_SERVER_CERT_VERIFY')
        ? 'Code of the device may talk to a server without looking who it is.'
        : undefined,
    nextStep: 'Turn off "Allow potentially insecure options" (ESP-TLS).',
  },
  {
    id: 'plain-http-updates',
    option: 'CONFIG_ESP_HTTPS_OTA_ALLOW_HTTP',
    severity: 'error',
    check: ({ config }) =>
      config.isOn('ESP_HTTPS_OTA_ALLOW_HTTP') || config.isOn('OTA_ALLOW_HTTP')
        ? 'ESP-IDF’s update client takes images over plain HTTP.'
        : undefined,
    nextStep: 'Turn off "Allow HTTP for OTA" (ESP HTTPS OTA).',
  },
  {
    id: 'mqtt5-off',
    option: 'CONFIG_MQTT_PROTOCOL_5',
    severity: 'error',
    check: ({ config }) =>
      config.isOn('MQTT_PROTOCOL_5') ? undefined : 'The device needs MQTT 5: commands and replies are matched with it.',
    nextStep: 'Turn on "Enable MQTT protocol 5.0" (ESP-MQTT Configurations).',
  },
  {
    id: 'wifi-gives-up',
    option: 'CONFIG_EXAMPLE_WIFI_CONN_MAX_RETRY',
    severity: 'error',
    check: ({ config }) => {
      const retries = config.number('EXAMPLE_WIFI_CONN_MAX_RETRY');
      return config.isOn('EXAMPLE_CONNECT_WIFI') && retries !== undefined && retries >= 0
        ? `After ${retries} failed attempts, Wi-Fi is off until somebody restarts the device.`
        : undefined;
    },
    nextStep: 'Set "Maximum retry" to -1 (Example Connection Configuration).',
  },
  {
    id: 'wifi-password-in-image',
    option: 'CONFIG_EXAMPLE_WIFI_PASSWORD',
    severity: { release: 'warning' },
    check: ({ config }) => {
      const password = config.text('EXAMPLE_WIFI_PASSWORD') ?? '';
      return config.isOn('EXAMPLE_CONNECT_WIFI') && password !== '' && password !== 'mypassword'
        ? 'The password of the Wi-Fi is in every image that the update server gives out.'
        : undefined;
    },
    nextStep: 'Bring devices into their network in another way, and leave the password empty.',
  },
];
