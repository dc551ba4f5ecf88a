import { createMemoryFirmwareStore } from '../../src/index.js';
import { describeFirmwareStore } from './firmware-store-contract.js';

describeFirmwareStore('memory', () => Promise.resolve(createMemoryFirmwareStore()));
