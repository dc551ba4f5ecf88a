// The one table of where ESP-IDF keeps its public headers: component, then folders in it. {target} is the chip's name and
// {arch} its architecture. A folder that a version of ESP-IDF does not have is left out, so that one table serves all.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const COMPONENTS = {
  freertos: [
    'config/include',
    'config/include/freertos',
    'config/{arch}/include',
    'FreeRTOS-Kernel/include',
    'FreeRTOS-Kernel/portable/{arch}/include',
    'FreeRTOS-Kernel/portable/{arch}/include/freertos',
    'esp_additions/include',
  ],
  newlib: ['platform_include'], // up to 5.5
  esp_libc: ['platform_include'], // from 6.0
  esp_common: ['include'],
  esp_system: ['include', 'port/soc', 'port/include/private'],
  esp_rom: ['include', 'esp32/include', '{target}/include', '{target}/include/{target}', '{target}'],
  esp_hw_support: [
    'include',
    'etm/include',
    'include/soc',
    'include/soc/{target}',
    'port/{target}',
    'port/{target}/include',
  ],
  soc: ['include', '{target}', '{target}/include', '{target}/register'],
  hal: ['include', '{target}/include', 'platform_port/include'],
  riscv: ['include'],
  xtensa: ['include', '{target}/include', 'deprecated_include'],
  log: ['include'],
  heap: ['include', 'tlsf'],
  esp_timer: ['include'],
  esp_event: ['include'],
  esp_netif: ['include'],
  lwip: [
    'include',
    'include/apps',
    'include/apps/sntp',
    'lwip/src/include',
    'port/include',
    'port/freertos/include',
    'port/esp32xx/include',
    'port/esp32xx/include/arch',
    'port/esp32xx/include/sys',
  ],
  esp_blockdev: ['include'],
  esp_partition: ['include'],
  spi_flash: ['include'],
  app_update: ['include'],
  bootloader_support: ['include', 'bootloader_flash/include'],
  esp_app_format: ['include'],
  esp_bootloader_format: ['include'],
  efuse: ['include', '{target}/include'],
  nvs_flash: ['include'],
  nvs_sec_provider: ['include'],
  mbedtls: [
    'port/include',
    'mbedtls/include',
    'mbedtls/library',
    'mbedtls/tf-psa-crypto/include', // from 6.0, with Mbed TLS 4
    'mbedtls/tf-psa-crypto/drivers/builtin/include',
    'mbedtls/tf-psa-crypto/core',
    'port/aes/include',
    'port/sha/core/include',
    'port/psa_driver/include',
    'esp_crt_bundle/include',
  ],
  'esp-tls': ['.', 'esp-tls-crypto'],
  tcp_transport: ['include'],
  http_parser: ['.'],
  esp_http_client: ['include'],
  esp_https_ota: ['include'],
  mqtt: ['esp-mqtt/include'], // up to 5.5; later the managed component espressif/mqtt
  esp_driver_gpio: ['include'],
  esp_hal_gpio: ['include', '{target}/include'], // from 6.0
  esp_wifi: ['include', 'wifi_apps/include'],
  esp_phy: ['include', '{target}/include'],
  wpa_supplicant: ['include', 'port/include', 'esp_supplicant/include'],
  esp_eth: ['include'],
};

/** Example components that an application of this project may require. */
const EXAMPLES = { protocol_examples_common: ['include'] };

/** Every folder of public headers that an ESP-IDF has for a chip, and folders of the managed component espressif/mqtt. */
export function includeFolders({ idf, target, arch, mqtt }) {
  const expand = (root, table) =>
    Object.entries(table).flatMap(([component, folders]) =>
      folders.map((folder) => join(root, component, folder.replaceAll('{target}', target).replaceAll('{arch}', arch))),
    );
  const folders = [
    ...expand(join(idf, 'components'), COMPONENTS),
    ...expand(join(idf, 'examples/common_components'), EXAMPLES),
    ...(mqtt === undefined ? [] : [join(mqtt, 'include')]),
  ];
  return folders.filter((folder) => existsSync(folder));
}

/** Where the managed component espressif/mqtt is, if it is there. */
export function findMqtt(idf, given) {
  const candidates = given === undefined ? [join(idf, 'managed_components/espressif__mqtt')] : [given];
  return candidates.find((folder) => existsSync(join(folder, 'include/mqtt_client.h')));
}

/** Components, for their Kconfig files. */
export const componentFolders = (idf) =>
  readdirSync(join(idf, 'components'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(idf, 'components', entry.name));
