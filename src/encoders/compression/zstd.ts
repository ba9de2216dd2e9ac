import { createRequire } from 'node:module';
import type { Transform } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

import { ConfigurationError } from '../../errors/index.js';
import type { Compressor } from './compressor.js';
import { FrameCompressor } from './frame-compressor.js';
import type { CompressFrame } from './frame-compressor.js';
import { StreamCompressor } from './stream-compressor.js';
import type { StreamOptions } from './stream-compressor.js';

/** What Node.js 22.15, 23.8 and later add to `node:zlib`. */
interface ZstdZlib {
  readonly createZstdCompress?: (
    options: StreamOptions & { readonly params: Readonly<Record<number, number>> },
  ) => Transform;
  readonly zstdCompress?: (
    bytes: Uint8Array,
    options: { readonly params: Readonly<Record<number, number>> },
    callback: (error: Error | null, frame: Uint8Array) => void,
  ) => void;
}

const ZSTD_PACKAGE = '@foxglove/wasm-zstd';
/** Numbers of the parameters in the zstd library, as `node:zlib` takes them. */
const COMPRESSION_LEVEL = 100;
const CHECKSUM_FLAG = 201;

// Of the whole module: a bundler that imports the two by name makes a program that old Node.js does not load.
const { createZstdCompress, zstdCompress } = zlib as ZstdZlib;
/** About three milliseconds at level 1. */
const FRAME_BYTES = 1024 * 1024;

/**
 * Finds out early whether zstd can be written here.
 * @throws ConfigurationError `CAPABILITY_MISSING` with the command that installs it.
 */
export function requireZstd(): void {
  if (createZstdCompress === undefined) requirePackage(ZSTD_PACKAGE);
}

/** Throws `CAPABILITY_MISSING` unless the package that writes zstd is installed. */
export function requirePackage(packageName: string): void {
  // A bundle of CommonJS has no place to look from: loading the package tells then.
  const here = import.meta.url as string | undefined;
  if (here === undefined) return;
  try {
    createRequire(here).resolve(packageName);
  } catch (cause) {
    throw new ConfigurationError(
      'CAPABILITY_MISSING',
      'This Node.js cannot write zstd by itself.',
      {
        remedy: `Install the package for it (npm install ${packageName}), use Node.js 22.15 or later, or compress with gzip.`,
        details: { package: packageName },
        cause,
      },
    );
  }
}

/** Writes zstd with `node:zlib` where it can, else with WebAssembly. */
export async function createZstdCompressor(level: number): Promise<Compressor> {
  if (createZstdCompress === undefined) return createWasmZstdCompressor(level);
  const params = { [COMPRESSION_LEVEL]: level, [CHECKSUM_FLAG]: 1 };
  return new StreamCompressor((options) => createZstdCompress({ ...options, params }));
}

/**
 * Compresses whole blocks of bytes, each to one frame or to several frames in a row, with `node:zlib` where it
 * can, else with WebAssembly. Input may be reused once its promise settles.
 */
export async function createZstdBlockCompressor(
  level: number,
): Promise<(bytes: Uint8Array) => Promise<Uint8Array>> {
  if (zstdCompress === undefined) return createWasmZstdBlockCompressor(level);
  const compress = promisify(zstdCompress);
  const params = { [COMPRESSION_LEVEL]: level };
  return (bytes) => compress(bytes, { params });
}

/** As {@link createZstdBlockCompressor}, with WebAssembly, in frames that hold the event loop a little only. */
export async function createWasmZstdBlockCompressor(
  level: number,
): Promise<(bytes: Uint8Array) => Promise<Uint8Array>> {
  const compressFrame = await loadWasmZstd(level);
  return async (bytes) => {
    if (bytes.length <= 2 * FRAME_BYTES) return compressFrame(bytes);
    const frames: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += FRAME_BYTES) {
      frames.push(compressFrame(bytes.subarray(at, at + FRAME_BYTES)));
      await nextTurn();
    }
    return Buffer.concat(frames);
  };
}

/** Writes zstd frames with WebAssembly, which is loaded on first use. */
export async function createWasmZstdCompressor(level: number): Promise<Compressor> {
  return new FrameCompressor(await loadWasmZstd(level));
}

async function loadWasmZstd(level: number): Promise<CompressFrame> {
  requirePackage(ZSTD_PACKAGE);
  const { default: zstd } = await import('@foxglove/wasm-zstd');
  await zstd.isLoaded;
  return (bytes) => zstd.compress(bytes, level);
}
