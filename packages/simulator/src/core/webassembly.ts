/** The part of the WebAssembly API that is used; Node's types do not declare it. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, (...values: never[]) => unknown>>,
  ) => { readonly exports: Record<string, unknown> };
}

export interface WasmMemory {
  /** Replaced whenever the memory grows: never keep a view over a call. */
  readonly buffer: ArrayBuffer;
}

const api = (): WebAssemblyApi => (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;

export const compile = (bytes: Uint8Array): object => new (api().Module)(bytes);

export const instantiate = (
  module: object,
  imports: Record<string, Record<string, (...values: never[]) => unknown>>,
): Record<string, unknown> => new (api().Instance)(module, imports).exports;
