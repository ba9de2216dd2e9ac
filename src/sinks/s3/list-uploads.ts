import {
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
} from '@aws-sdk/client-s3';

import type { OperationOptions, Stray } from '../../interfaces/index.js';
import { once } from '../../aws/command.js';
import { notS3 } from '../../aws/failure.js';
import { ownerOfKey } from '../../util/object-owner.js';
import type { SinkContext } from './context.js';

interface Place {
  readonly KeyMarker?: string | undefined;
  readonly UploadIdMarker?: string | undefined;
}

/** Unfinished uploads of exactly this export id. S3 tells nothing of them but their keys. */
export async function* listUploads(
  context: SinkContext,
  exportId: string,
  options: OperationOptions | undefined,
): AsyncGenerator<Stray> {
  const base = context.connection.bucket.prefix;
  let place: Place | null = {};
  while (place !== null) {
    const answer: ListMultipartUploadsCommandOutput = await listPage(context, place, options);
    for (const { Key = '', UploadId = '' } of answer.Uploads ?? []) {
      const key = Key.slice(base.length);
      const owner = ownerOfKey(key);
      const isOurs = Key.startsWith(base) && owner?.exportId === exportId;
      if (isOurs) yield { id: strayId({ key, uploadId: UploadId }), nonce: owner.nonce };
    }
    place = nextPlace(answer, place);
  }
}

/** An unfinished upload by its key and id. */
export interface UploadName {
  readonly key: string;
  readonly uploadId: string;
}

function strayId({ key, uploadId }: UploadName): string {
  return JSON.stringify([key, uploadId]);
}

/** The upload that has this id as a stray of the export, or `null` when none can have it. */
export function parseStrayId(id: string, exportId: string): UploadName | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(id);
  } catch {
    return null;
  }
  const [key, uploadId] = Array.isArray(parsed) ? (parsed as unknown[]) : [];
  if (typeof key !== 'string' || typeof uploadId !== 'string') return null;
  return ownerOfKey(key)?.exportId === exportId ? { key, uploadId } : null;
}

async function listPage(
  { connection }: SinkContext,
  place: Place,
  options: OperationOptions | undefined,
): Promise<ListMultipartUploadsCommandOutput> {
  const input = { ...connection.input, Prefix: connection.bucket.prefix, ...place };
  const answer = await connection.request(
    { operation: 'ListMultipartUploads', options },
    (client, send) => client.send(once(new ListMultipartUploadsCommand(input)), send),
  );
  if (answer.IsTruncated === undefined)
    throw notS3('ListMultipartUploads', 'an answer without a list');
  return answer;
}

function nextPlace(answer: ListMultipartUploadsCommandOutput, before: Place): Place | null {
  if (answer.IsTruncated !== true) return null;
  const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = answer;
  const isSame = KeyMarker === before.KeyMarker && UploadIdMarker === before.UploadIdMarker;
  if (KeyMarker === undefined || isSame)
    throw notS3('ListMultipartUploads', 'a list that does not go on');
  return { KeyMarker, UploadIdMarker };
}
