import { type Hash, createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** How the service checks that a request's bytes arrived. */
export type S3Checksum = 'crc32' | 'md5';

/** Members of a request that let the service check its bytes. */
export type ChecksumInput =
  { readonly ChecksumCRC32: string } | { readonly ContentMD5: string } | Record<string, never>;

/** The checksum of one request's bytes, taken while they come. */
export class RunningChecksum {
  readonly #md5: Hash | null;
  #crc = 0;

  constructor(kind: S3Checksum) {
    this.#md5 = kind === 'md5' ? createHash('md5') : null;
  }

  update(bytes: Uint8Array): void {
    if (this.#md5 === null) this.#crc = crc32(bytes, this.#crc);
    else this.#md5.update(bytes);
  }

  /** The members for the request. Called once. */
  finish(): ChecksumInput {
    return this.#md5 === null
      ? { ChecksumCRC32: crcText(this.#crc) }
      : { ContentMD5: this.#md5.digest('base64') };
  }
}

/** The members for a request whose bytes are all there. */
export function checksumOf(kind: S3Checksum, bytes: Uint8Array): ChecksumInput {
  const checksum = new RunningChecksum(kind);
  checksum.update(bytes);
  return checksum.finish();
}

/** What S3 gives as the checksum of an object whose parts have these: the CRC of their CRCs, and their number. */
export function compositeCrc(sums: readonly string[]): string {
  const all = Buffer.concat(sums.map((sum) => Buffer.from(sum, 'base64')));
  return `${crcText(crc32(all))}-${sums.length}`;
}

const MD5_HEX = /^[0-9a-f]{32}$/;

/** The ETag of an object whose parts have these, or `null` where ETags are not digests, as under KMS keys. */
export function compositeETag(etags: readonly string[]): string | null {
  if (!etags.every((etag) => MD5_HEX.test(etag))) return null;
  const all = Buffer.concat(etags.map((etag) => Buffer.from(etag, 'hex')));
  return `${createHash('md5').update(all).digest('hex')}-${etags.length}`;
}

/** An ETag without the quotes that some services leave out. */
export function bareETag(etag: string): string {
  return etag.replaceAll('"', '');
}

function crcText(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc >>> 0);
  return bytes.toString('base64');
}
