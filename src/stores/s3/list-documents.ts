import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';

import type { OperationOptions } from '../../interfaces/index.js';
import { once } from '../../aws/command.js';
import { notS3 } from '../../aws/failure.js';
import { isDocumentKey } from '../../util/document-key.js';
import { compareKeys } from '../../util/key-order.js';
import { type StoreContext, keyOfName } from './context.js';
import { TOMBSTONE_BYTES } from './envelope.js';
import { tooManyDocuments } from './errors.js';

/** Keys are short: so many take about 40 MB at most. */
const KEYS_MAX = 100_000;

/**
 * Keys of documents in ascending order, a request for each thousand objects. All are listed before the first is
 * given: with their endings, objects have another order (`a-b.json` before `a.json`).
 */
export async function listDocuments(
  context: StoreContext,
  prefix: string,
  options: OperationOptions | undefined,
): Promise<readonly string[]> {
  const base = context.connection.bucket.prefix;
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const answer = await listPage(context, { prefix, token }, options);
    for (const { Key = '', Size } of answer.Contents ?? []) {
      const key = keyOfName(Key.slice(base.length));
      if (key === null || !isDocumentKey(key) || !key.startsWith(prefix)) continue;
      if (Size !== TOMBSTONE_BYTES) keys.push(key);
    }
    if (keys.length > KEYS_MAX) throw tooManyDocuments(prefix, KEYS_MAX);
    token = nextToken(answer, token);
  } while (token !== undefined);
  return keys.sort(compareKeys);
}

/** Asks whether the store's part of the bucket can be listed. */
export async function requireListing(
  context: StoreContext,
  options: OperationOptions | undefined,
): Promise<void> {
  await listPage(context, { prefix: '', token: undefined, most: 1 }, options);
}

async function listPage(
  { connection }: StoreContext,
  place: { readonly prefix: string; readonly token: string | undefined; readonly most?: number },
  options: OperationOptions | undefined,
): Promise<ListObjectsV2CommandOutput> {
  const input = {
    ...connection.input,
    Prefix: connection.bucket.prefix + place.prefix,
    ...(place.most === undefined ? {} : { MaxKeys: place.most }),
    ...(place.token === undefined ? {} : { ContinuationToken: place.token }),
  };
  const answer = await connection.request({ operation: 'ListObjectsV2', options }, (client, send) =>
    client.send(once(new ListObjectsV2Command(input)), send),
  );
  if (answer.IsTruncated === undefined) throw notS3('ListObjectsV2', 'an answer without a list');
  return answer;
}

function nextToken(
  { IsTruncated, NextContinuationToken }: ListObjectsV2CommandOutput,
  before: string | undefined,
): string | undefined {
  if (IsTruncated !== true) return undefined;
  if (NextContinuationToken === undefined || NextContinuationToken === before)
    throw notS3('ListObjectsV2', 'a list that does not go on');
  return NextContinuationToken;
}
