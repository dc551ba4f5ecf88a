import { createMemoryFirmwareStore } from '../../src/index.js';
import { describeFirmwareStore } from '../fixtures/firmware-store-contract.js';

describeFirmwareStore('memory', createMemoryFirmwareStore);
