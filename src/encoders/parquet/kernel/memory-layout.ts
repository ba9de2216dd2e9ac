const ALIGNMENT = 16;

/** Gives out places in memory, one after the other. */
export class MemoryLayout {
  #end: number;

  /** @param start the first byte that may be given out. */
  constructor(start: number) {
    this.#end = aligned(start);
  }

  /** Size of the memory that all places need. */
  get byteLength(): number {
    return this.#end;
  }

  /** The address of `bytes` bytes. */
  take(bytes: number): number {
    const address = this.#end;
    this.#end = aligned(address + bytes);
    return address;
  }
}

function aligned(address: number): number {
  return Math.ceil(address / ALIGNMENT) * ALIGNMENT;
}
