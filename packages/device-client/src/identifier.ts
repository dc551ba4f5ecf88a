import type { RandomBytes } from './environment.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';
const LENGTH = 22;

/** 132 random bits as `[A-Za-z0-9_-]{22}`: a client id that no device can guess or collide with. */
export const createIdentifier = (random: RandomBytes): string =>
  Array.from(random(LENGTH), (byte) => ALPHABET.charAt(byte & 63)).join('');
