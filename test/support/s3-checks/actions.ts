import { randomBytes } from 'node:crypto';

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type CompleteMultipartUploadCommandInput,
  type CompleteMultipartUploadCommandOutput,
  type CreateMultipartUploadCommandInput,
  type GetObjectCommandInput,
  type HeadObjectCommandOutput,
  type Part,
  type PutObjectCommandInput,
  type PutObjectCommandOutput,
  type S3Client,
  type UploadPartCommandInput,
} from '@aws-sdk/client-s3';

/** What an action needs of a world. */
export interface Place {
  readonly bucket: string;
  readonly client: S3Client;
}

/** An upload that is neither completed nor aborted. */
export interface Upload {
  readonly Key: string;
  readonly UploadId: string;
}

/** Fewest bytes that a part may have that is not the last one. */
export const PART_MIN_BYTES: number = 5 * 1024 * 1024;

/** Bytes that no other call gives. */
export function anyBytes(count: number): Buffer {
  return randomBytes(count);
}

export type PutSettings = Omit<Partial<PutObjectCommandInput>, 'Bucket'> & { readonly Key: string };

export async function put(place: Place, object: PutSettings): Promise<PutObjectCommandOutput> {
  return await place.client.send(new PutObjectCommand({ Bucket: place.bucket, ...object }));
}

export async function read(
  place: Place,
  Key: string,
  settings: Partial<GetObjectCommandInput> = {},
): Promise<Buffer> {
  const command = new GetObjectCommand({ Bucket: place.bucket, Key, ...settings });
  const { Body } = await place.client.send(command);
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

export async function head(place: Place, Key: string): Promise<HeadObjectCommandOutput> {
  return await place.client.send(new HeadObjectCommand({ Bucket: place.bucket, Key }));
}

export async function remove(place: Place, Key: string, IfMatch?: string): Promise<void> {
  const condition = IfMatch === undefined ? {} : { IfMatch };
  const command = new DeleteObjectCommand({ Bucket: place.bucket, Key, ...condition });
  await place.client.send(command);
}

/** The keys of one page, in the order of the answer. */
export async function listKeys(place: Place, Prefix = ''): Promise<readonly string[]> {
  const command = new ListObjectsV2Command({ Bucket: place.bucket, Prefix });
  const { Contents = [] } = await place.client.send(command);
  return Contents.map(({ Key = '' }) => Key);
}

type UploadSettings = Omit<Partial<CreateMultipartUploadCommandInput>, 'Bucket' | 'Key'>;

export async function startUpload(
  place: Place,
  Key: string,
  settings: UploadSettings = {},
): Promise<Upload> {
  const command = new CreateMultipartUploadCommand({ Bucket: place.bucket, Key, ...settings });
  const { UploadId = '' } = await place.client.send(command);
  return { Key, UploadId };
}

type PartSettings = Omit<UploadPartCommandInput, 'Bucket' | 'Key' | 'UploadId'>;

/** Sends a part, and gives what its upload's completion has to name. */
export async function sendPart(
  place: Place,
  upload: Upload,
  settings: PartSettings,
): Promise<CompletedPart> {
  const command = new UploadPartCommand({ Bucket: place.bucket, ...upload, ...settings });
  const { ETag = '', ChecksumCRC32 } = await place.client.send(command);
  // A completion names the checksums that the server repeated, and no others.
  const checksum = ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 };
  return { PartNumber: settings.PartNumber, ETag, ...checksum };
}

export async function complete(
  place: Place,
  upload: Upload,
  parts: readonly CompletedPart[],
): Promise<CompleteMultipartUploadCommandOutput> {
  return await completeIf(place, { ...upload, MultipartUpload: { Parts: [...parts] } });
}

/** A completion with settings of its own. */
export async function completeIf(
  place: Place,
  settings: Omit<CompleteMultipartUploadCommandInput, 'Bucket'>,
): Promise<CompleteMultipartUploadCommandOutput> {
  const command = new CompleteMultipartUploadCommand({ Bucket: place.bucket, ...settings });
  return await place.client.send(command);
}

export async function abort(place: Place, upload: Upload): Promise<void> {
  await place.client.send(new AbortMultipartUploadCommand({ Bucket: place.bucket, ...upload }));
}

/** The first page of an upload's parts. */
export async function listParts(place: Place, upload: Upload): Promise<readonly Part[]> {
  const command = new ListPartsCommand({ Bucket: place.bucket, ...upload });
  return (await place.client.send(command)).Parts ?? [];
}

/** An upload with one part, and its completion left to do. */
export async function prepareUpload(
  place: Place,
  Key: string,
  Body: Uint8Array,
): Promise<{ readonly upload: Upload; readonly parts: readonly CompletedPart[] }> {
  const upload = await startUpload(place, Key);
  return { upload, parts: [await sendPart(place, upload, { PartNumber: 1, Body })] };
}
