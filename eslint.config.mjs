import eslint from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/out-tsc/',
      '**/coverage/',
      '.nx/',
      '.venv/',
      '.secure-esp/',
      'bench/.cache/',
      'firmware/**/build/',
      '**/golden/',
    ],
  },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: ['test'], package: 'node:test' }] },
      ],
      // Exporting a fresh key as JWK can dead-lock Node 20 in native code; SPKI and PKCS#8 do not.
      'no-restricted-syntax': [
        'error',
        {
          selector: "Property[key.name='format'][value.value='jwk']",
          message: 'JWK export can dead-lock Node 20: use spki or pkcs8.',
        },
      ],
    },
  },
  {
    files: ['**/*.config.ts', 'tools/**/*.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
    languageOptions: {
      globals: {
        Buffer: 'readonly',
        clearTimeout: 'readonly',
        console: 'readonly',
        module: 'readonly',
        process: 'readonly',
        setTimeout: 'readonly',
        URL: 'readonly',
        WebAssembly: 'readonly',
      },
    },
  },
  {
    files: ['examples/*/public/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['alert', 'document', 'EventSource', 'fetch', 'FormData', 'location', 'URLSearchParams'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
  },
  prettier,
);
