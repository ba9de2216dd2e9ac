import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';

import { bareETag, compositeCrc, compositeETag } from '../../aws/checksum.js';
import type { UploadedPart } from './upload-token.js';

/** How an object is encrypted, as answers say. */
export type EncryptionAnswer = Pick<
  HeadObjectCommandOutput,
  'ServerSideEncryption' | 'SSECustomerAlgorithm'
>;

const CRC_OF_PARTS = /^[A-Za-z0-9+/]{6}==-\d+$/;
const MD5_OF_PARTS = /^[0-9a-f]{32}-\d+$/;

/** Whether ETags are MD5s: under a key of KMS or of a customer they are not, whatever they look like. */
function hasDigestETags({ ServerSideEncryption, SSECustomerAlgorithm }: EncryptionAnswer): boolean {
  const isPlain = ServerSideEncryption === undefined || ServerSideEncryption === 'AES256';
  return isPlain && SSECustomerAlgorithm === undefined;
}

/** What is known of an upload that will be an object. */
export interface UploadFacts {
  readonly mark: string;
  readonly encryption: EncryptionAnswer;
}

/**
 * The checksum of the object that these parts will make. Its items, as far as they are known:
 * - `crc32-{parts}:{Base64}`, where the service knows the CRCs of the parts,
 * - `md5-{parts}:{hexadecimal}`, where ETags are MD5s,
 * - `upload:{mark}`, by which an object that somebody put in its place is known on any service.
 *
 * How many parts there are belongs to the name: an object of other parts, such as a copy, can have the same content.
 */
export function checksumOfParts(
  parts: readonly UploadedPart[],
  { mark, encryption }: UploadFacts,
): string {
  const crcs = parts.flatMap(({ crc }) => (crc === null ? [] : [crc]));
  const crc = crcs.length === parts.length ? compositeCrc(crcs) : null;
  const md5 = hasDigestETags(encryption) ? compositeETag(parts.map(({ etag }) => etag)) : null;
  return checksumText({ crc, md5, mark });
}

/** The checksum that an answer tells. One of the whole object cannot be compared with those of parts. */
export function checksumOfHead(answer: HeadObjectCommandOutput, mark: string | undefined): string {
  const { ChecksumCRC32 = '', ChecksumType, ETag = '' } = answer;
  const isOfParts = ChecksumType !== 'FULL_OBJECT' && CRC_OF_PARTS.test(ChecksumCRC32);
  const etag = bareETag(ETag);
  const isMd5 = hasDigestETags(answer) && MD5_OF_PARTS.test(etag);
  return checksumText({ crc: isOfParts ? ChecksumCRC32 : null, md5: isMd5 ? etag : null, mark });
}

interface Digests {
  /** With a hyphen and the number of parts behind it, as `md5`. */
  readonly crc: string | null;
  readonly md5: string | null;
  readonly mark: string | undefined;
}

function checksumText({ crc, md5, mark = 'none' }: Digests): string {
  const items = [...itemOf('crc32', crc), ...itemOf('md5', md5), `upload:${mark}`];
  return items.join(' ');
}

function itemOf(name: string, composite: string | null): readonly string[] {
  if (composite === null) return [];
  const hyphen = composite.lastIndexOf('-');
  return [`${name}${composite.slice(hyphen)}:${composite.slice(0, hyphen)}`];
}
