export const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** How a compression is named in keys and headers, and how hard it may try. */
export interface CompressionTraits {
  /** Added to the extension of the format. */
  readonly suffix: string;
  /** `null` where the format's own type stays. */
  readonly contentType: string | null;
  readonly level: { readonly min: number; readonly max: number; readonly fallback: number };
}

export const COMPRESSION_TRAITS: Readonly<Record<Compression, CompressionTraits>> = {
  none: { suffix: '', contentType: null, level: { min: 0, max: 0, fallback: 0 } },
  gzip: {
    suffix: '.gz',
    contentType: 'application/gzip',
    level: { min: 1, max: 9, fallback: 6 },
  },
  zstd: {
    suffix: '.zst',
    contentType: 'application/zstd',
    level: { min: 1, max: 19, fallback: 3 },
  },
};

/**
 * Compresses one object, in memory that does not grow with it. The same bytes in the same calls give the
 * same output. Calls come one at a time; after `finish` or `abort` only `abort` may be called.
 */
export interface Compressor {
  /** Input that was taken and has not come out yet; an estimate. */
  readonly heldBytes: number;
  /** Takes `bytes`, which may be reused once the promise settles. Answers what is ready. */
  write(bytes: Uint8Array): Promise<readonly Uint8Array[]>;
  finish(): Promise<readonly Uint8Array[]>;
  /** Frees memory. Idempotent, never throws. */
  abort(): void;
}
