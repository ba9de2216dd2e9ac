/** The part of the global `WebAssembly` that is used. */
interface WebAssemblyParts {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => {
    readonly buffer: ArrayBuffer;
  };
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

/** Code in WebAssembly with a memory of its own, which never grows. */
export interface Kernel {
  readonly exports: object;
  readonly memory: ArrayBuffer;
}

const PAGE_BYTES = 65_536;

/** Compiles code in base64, in less than a millisecond for a few kilobytes. */
export function compileKernel(code: string): object {
  return new (webAssembly().Module)(Buffer.from(code, 'base64'));
}

/** An instance of compiled code with at least `memoryBytes` of memory. */
export function startKernel(module: object, memoryBytes: number): Kernel {
  const { Memory, Instance } = webAssembly();
  const pages = Math.ceil(memoryBytes / PAGE_BYTES);
  const memory = new Memory({ initial: pages, maximum: pages });
  const { exports } = new Instance(module, { env: { memory } });
  return { exports, memory: memory.buffer };
}

/** The types of Node.js 20 do not have it as a value. */
function webAssembly(): WebAssemblyParts {
  return (globalThis as unknown as { readonly WebAssembly: WebAssemblyParts }).WebAssembly;
}
