/** First 16 bytes of a SHA-256. */
export const DIGEST_BYTES: number = 16;
const WORDS = 4;
const START_SLOTS = 1024;

/** A digest as text: 16 characters, one for each byte. Half the cost of a buffer, and digests are many. */
export type DigestText = string;

/** A set of 16-byte digests in one flat table: 32 bytes a digest, no objects. */
export class DigestTable {
  #words = new Uint32Array(START_SLOTS * WORDS);
  #slots = START_SLOTS;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  has(digest: DigestText): boolean {
    return this.#find(wordsOfText(digest)).found;
  }

  /** Adds the digest whose bytes begin at `at`. */
  add(digests: Uint8Array, at: number): void {
    const words = readWords(digests, at);
    const { slot, found } = this.#find(words);
    if (found) return;
    this.#words.set(words, slot * WORDS);
    this.#length += 1;
    if (this.#length * 2 > this.#slots) this.#resize(this.#slots * 2);
  }

  /** Makes room for so many digests at once: growing while they come would go over all of them again and again. */
  reserve(digests: number): void {
    let slots = this.#slots;
    while (slots < digests * 2) slots *= 2;
    if (slots > this.#slots) this.#resize(slots);
  }

  #find(words: readonly number[]): { slot: number; found: boolean } {
    // A slot of zeros is free: the chance of a SHA-256 that begins with 128 zero bits is nil.
    let slot = (words[0] ?? 0) % this.#slots;
    for (;;) {
      const at = slot * WORDS;
      const table = this.#words;
      if (words.every((word, index) => table[at + index] === word)) return { slot, found: true };
      if (table[at] === 0 && table[at + 1] === 0 && table[at + 2] === 0 && table[at + 3] === 0)
        return { slot, found: false };
      slot = (slot + 1) % this.#slots;
    }
  }

  #resize(slots: number): void {
    const old = this.#words;
    const held = this.#length;
    this.#slots = slots;
    this.#words = new Uint32Array(slots * WORDS);
    if (held === 0) return;
    for (let at = 0; at < old.length; at += WORDS) {
      const words = [...old.subarray(at, at + WORDS)];
      if (words.some((word) => word !== 0)) this.#words.set(words, this.#find(words).slot * WORDS);
    }
  }
}

function wordsOfText(digest: DigestText): number[] {
  const word = (at: number): number =>
    ((digest.charCodeAt(at) << 24) |
      (digest.charCodeAt(at + 1) << 16) |
      (digest.charCodeAt(at + 2) << 8) |
      digest.charCodeAt(at + 3)) >>>
    0;
  return [word(0), word(4), word(8), word(12)];
}

function readWords(digests: Uint8Array, at: number): number[] {
  const view = new DataView(digests.buffer, digests.byteOffset + at, DIGEST_BYTES);
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
}
