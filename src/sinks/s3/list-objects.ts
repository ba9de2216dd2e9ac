import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';

import { ConfigurationError } from '../../errors/index.js';
import type { ListOptions, ObjectInfo } from '../../interfaces/index.js';
import { once } from '../../aws/command.js';
import { notS3 } from '../../aws/failure.js';
import { compareKeys } from '../../util/key-order.js';
import { objectKeyProblem } from '../../util/object-key.js';
import type { SinkContext } from './context.js';

/** Visible objects in the order of their keys, a request for each thousand. What no key of ours can name is left out. */
export async function* listObjects(
  context: SinkContext,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ObjectInfo> {
  const base = context.connection.bucket.prefix;
  let token: string | undefined;
  let last = '';
  do {
    const answer = await listPage(context, { prefix, token }, options);
    for (const { Key = '', Size = 0 } of answer.Contents ?? []) {
      if (compareKeys(Key, last) < 0) throw unordered();
      last = Key;
      const key = Key.slice(base.length);
      if (objectKeyProblem(key) === null) yield { key, bytes: Size };
    }
    token = nextToken(answer, token);
  } while (token !== undefined);
}

async function listPage(
  context: SinkContext,
  place: { readonly prefix: string; readonly token: string | undefined },
  { after, ...options }: ListOptions,
): Promise<ListObjectsV2CommandOutput> {
  const { connection } = context;
  const base = connection.bucket.prefix;
  const input = {
    ...connection.input,
    Prefix: base + place.prefix,
    ...(after === undefined || after === '' ? {} : { StartAfter: base + after }),
    ...(place.token === undefined ? {} : { ContinuationToken: place.token }),
  };
  const answer = await connection.request({ operation: 'ListObjectsV2', options }, (client, send) =>
    client.send(once(new ListObjectsV2Command(input)), send),
  );
  if (answer.IsTruncated === undefined) throw notS3('ListObjectsV2', 'an answer without a list');
  return answer;
}

function nextToken(
  answer: ListObjectsV2CommandOutput,
  before: string | undefined,
): string | undefined {
  if (answer.IsTruncated !== true) return undefined;
  const token = answer.NextContinuationToken;
  if (token === undefined || token === before)
    throw notS3('ListObjectsV2', 'a list that does not go on');
  return token;
}

function unordered(): ConfigurationError {
  return new ConfigurationError(
    'CAPABILITY_MISSING',
    'This service does not list objects in the order of their keys, which the export rests on.',
    { remedy: 'Use a general purpose bucket.' },
  );
}
