/** Object identifiers of RFC 8018, RFC 7914 and the AES register. */
export const PBES2_OIDS = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  scrypt: '1.3.6.1.4.1.11591.4.11',
  hmacSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
} as const;

/** The pseudo-random functions of PBKDF2, as Node names the hashes. */
export const PBKDF2_DIGESTS: Readonly<Partial<Record<string, string>>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  [PBES2_OIDS.hmacSha256]: 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

export interface BlockCipher {
  name: string;
  keyBytes: number;
  ivBytes: number;
}

export const PBES2_CIPHERS: Readonly<Partial<Record<string, BlockCipher>>> = {
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24, ivBytes: 8 },
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16, ivBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24, ivBytes: 16 },
  [PBES2_OIDS.aes256Cbc]: { name: 'aes-256-cbc', keyBytes: 32, ivBytes: 16 },
};
