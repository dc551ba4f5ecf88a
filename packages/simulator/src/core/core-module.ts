import { coreWasm } from '@secure-esp/firmware-wasm';
import { SimulatorError } from '../errors.js';
import { createCoreImports } from './core-imports.js';
import type { CorePort } from './core-port.js';
import { DEAD_PORT } from './dead-port.js';
import { compile, instantiate, type WasmMemory } from './webassembly.js';

/** One instance of the core's WebAssembly module; it holds any number of devices. */
export interface CoreModule {
  readonly memory: WasmMemory;
  /** Calls `sesp_wasm_<name>`. */
  call(name: string, ...values: number[]): number;
  has(name: string): boolean;
  /** Lets a port take part; the handle goes into `sesp_wasm_create`. */
  register(port: CorePort): number;
  /** From now on the core's calls do nothing. */
  mute(handle: number): void;
  unregister(handle: number): void;
  /** Throws what the port threw during the last call, if anything. */
  rethrow(handle: number): void;
}

let compiled: object | undefined;

const isMemory = (value: unknown): value is WasmMemory =>
  typeof value === 'object' && value !== null && 'buffer' in value;

/** A fresh instance. The compiled code is shared by the process. `wasm`: another build of the core, for tests. */
export const createCoreModule = (wasm?: Uint8Array): CoreModule => {
  const ports = new Map<number, CorePort>();
  const thrown = new Map<number, { readonly error: unknown }>();
  let nextHandle = 1;
  const portOf = (handle: number): CorePort => {
    const port = ports.get(handle);
    if (port === undefined)
      throw new SimulatorError('core', `the core called with the unknown handle ${String(handle)}`);
    return port;
  };
  const code = wasm === undefined ? (compiled ??= compile(coreWasm())) : compile(wasm);
  const holder: { memory?: WasmMemory } = {};
  const memoryOf = (): WasmMemory => {
    if (holder.memory === undefined) throw new SimulatorError('core', 'the core exports no memory');
    return holder.memory;
  };
  const onThrow = (handle: number, error: unknown): void => {
    if (!thrown.has(handle)) thrown.set(handle, { error });
    ports.set(handle, DEAD_PORT);
  };
  const exported = instantiate(code, { sesp: createCoreImports(memoryOf, portOf, onThrow) });
  if (isMemory(exported['memory'])) holder.memory = exported['memory'];
  (exported['_initialize'] as (() => void) | undefined)?.();

  return {
    memory: memoryOf(),
    call(name, ...values) {
      const target = exported[`sesp_wasm_${name}`];
      if (typeof target !== 'function') throw new SimulatorError('core', `the core has no function ${name}`);
      const result: unknown = Reflect.apply(target, undefined, values);
      return typeof result === 'number' ? result : 0;
    },
    has: (name) => typeof exported[`sesp_wasm_${name}`] === 'function',
    register(port) {
      const handle = nextHandle;
      nextHandle += 1;
      ports.set(handle, port);
      return handle;
    },
    mute(handle) {
      ports.set(handle, DEAD_PORT);
    },
    unregister(handle) {
      ports.delete(handle);
      thrown.delete(handle);
    },
    rethrow(handle) {
      const found = thrown.get(handle);
      if (found === undefined) return;
      thrown.delete(handle);
      throw found.error;
    },
  };
};
