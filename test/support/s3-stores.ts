import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

import { s3CursorStore, type S3CursorStoreOptions } from '../../src/entries/s3.js';
import type { CursorStore } from '../../src/interfaces/index.js';
import {
  cursorStoreContract,
  type CursorStoreContractOptions,
} from '../../src/testing/contracts/cursor-store-contract.js';
import type { ContractCase } from '../../src/testing/contracts/contract-case.js';
import { clientConfigOf, freshBucket, type S3Server } from './s3-place.js';

/** A store of a test, and what the test does to it from outside. */
export interface PlacedStore extends CursorStore {
  /** Another store of the same place. */
  again(): CursorStore;
  /** Replaces the object of a document. */
  corrupt(key: string, content: Uint8Array): Promise<void>;
}

/** A store in a bucket of its own, or in the given one. */
export async function freshStore(
  server: S3Server,
  options: Partial<S3CursorStoreOptions> = {},
): Promise<PlacedStore> {
  const bucket = options.bucket ?? (await freshBucket(server));
  const settings: S3CursorStoreOptions = {
    clientConfig: clientConfigOf(server),
    ...options,
    bucket,
  };
  const corrupt = async (key: string, content: Uint8Array): Promise<void> => {
    const Key = `${settings.prefix ?? '_cursors'}/${key}.json`;
    const client = new S3Client(clientConfigOf(server));
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: content }));
    client.destroy();
  };
  return Object.assign(s3CursorStore(settings), { again: () => s3CursorStore(settings), corrupt });
}

/** The contract for stores that `create` makes. */
export function storeCases(
  create: CursorStoreContractOptions<PlacedStore>['create'],
): readonly ContractCase[] {
  return cursorStoreContract({
    create,
    reopen: (store) => store.again(),
    corrupt: (store, key, content) => store.corrupt(key, content),
  });
}

const RACES: readonly string[] = [
  'of creations at the same time one wins',
  'of saves over one revision at the same time one wins',
  'increments by five workers are all counted',
];

/** The contract without what a declared single writer gives up: its name says so, and writers overwrite each other. */
export function singleWriterCases(
  create: CursorStoreContractOptions<PlacedStore>['create'],
): readonly ContractCase[] {
  return casesBut(['names itself', ...RACES], create);
}

/** The contract without races, for a service that leaves the losers of one in doubt. */
export function casesWithoutRaces(
  create: CursorStoreContractOptions<PlacedStore>['create'],
): readonly ContractCase[] {
  return casesBut(RACES, create);
}

function casesBut(
  names: readonly string[],
  create: CursorStoreContractOptions<PlacedStore>['create'],
): readonly ContractCase[] {
  return storeCases(create).filter(({ name }) => !names.includes(name));
}
