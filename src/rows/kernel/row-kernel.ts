import { compileKernel, startKernel } from '../../util/load-kernel.js';
import { ROW_KERNEL_CODE } from './row-kernel-code.js';

/** Where things stand in the kernel's memory. Its stack of open containers comes first. */
const NOTES = 16_400;
const NOTES_END: number = NOTES + 4_096 * 16;
const TEXT = NOTES_END;
const MEMORY_BYTES = 384 * 1024;
/** Zero bytes behind the text, at which every scan stops. */
const PADDING = 16;
const TEXT_BYTES: number = MEMORY_BYTES - TEXT - PADDING;

interface RowKernel {
  readonly bytes: Uint8Array;
  /** The same memory: where the notes end, how many keys have escapes, and the notes. */
  readonly numbers: Uint32Array;
  indexRow(at: number, notes: number, limit: number, shift: number): number;
  /** Whose text stands in the memory. Not the text itself, which may be large. */
  user: object | null;
}

let kernel: RowKernel | undefined;

/** Compiled on first use, in less than a millisecond. Nothing in its memory means anything between two calls. */
function loadKernel(): RowKernel {
  const { exports, memory } = startKernel(compileKernel(ROW_KERNEL_CODE), MEMORY_BYTES);
  return {
    ...(exports as unknown as Pick<RowKernel, 'indexRow'>),
    bytes: new Uint8Array(memory),
    numbers: new Uint32Array(memory),
    user: null,
  };
}

/** Finds members of rows in one text with WebAssembly, a piece of the text at a time. */
export class KernelText {
  readonly #bytes: Uint8Array;
  readonly #kernel: RowKernel;
  readonly #user = {};
  /** The piece that the kernel has. */
  #from = 0;
  #to = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#kernel = kernel ??= loadKernel();
  }

  /**
   * Checks the object at `at` and notes its members. Answers the place after it, or -1 when it is too large or no
   * object in JSON.
   */
  indexRow(at: number): number {
    const isHere = this.#kernel.user === this.#user && at >= this.#from && at < this.#to;
    if (!isHere) this.#load(at);
    const end = this.#index(at);
    if (end !== -1 || this.#to === this.#bytes.length || at === this.#from) return end;
    this.#load(at);
    return this.#index(at);
  }

  /** How many numbers are noted of the last row: four for each member. */
  get noteCount(): number {
    return ((this.#kernel.numbers[0] as number) - NOTES) / 4;
  }

  /** Writes these numbers to a place of an array that has room for them. Only right after `indexRow`. */
  copyNotes(to: Uint32Array, place: number): void {
    const { numbers } = this.#kernel;
    const end = (numbers[0] as number) / 4;
    // A view for each row would cost more than the copy.
    for (let from = NOTES / 4, at = place; from < end; from += 1, at += 1) {
      to[at] = numbers[from] as number;
    }
  }

  /** Whether a key of the last row has escapes. */
  get hasEscapedKeys(): boolean {
    return this.#kernel.numbers[1] !== 0;
  }

  #index(at: number): number {
    const address = TEXT + at - this.#from;
    const end = this.#kernel.indexRow(address, NOTES, NOTES_END, this.#from - TEXT);
    return end === 0 ? -1 : at + end - address;
  }

  #load(at: number): void {
    const { bytes } = this.#kernel;
    const end = Math.min(this.#bytes.length, at + TEXT_BYTES);
    bytes.set(this.#bytes.subarray(at, end), TEXT);
    bytes.fill(0, TEXT + end - at, TEXT + end - at + PADDING);
    this.#from = at;
    this.#to = end;
    this.#kernel.user = this.#user;
  }
}
