import { randomBytes } from 'node:crypto';

import { CreateBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

import { sendRequest, type RawAnswer, type RawRequest } from './raw-request.js';

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A running S3 server, and who owns it. */
export interface S3Server {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Keys;
  /** Id of a key that the server encrypts with, when it can do that at all. */
  readonly kmsKeyId: string;
  /** A role that may use one prefix of one bucket, and the one user who may assume it. */
  readonly role: {
    readonly arn: string;
    readonly bucket: string;
    readonly prefix: string;
    readonly caller: Keys;
  };
}

/** What one check works with. */
export interface S3World extends S3Server {
  /** Empty, and used by no other check. */
  readonly bucket: string;
  /** Tries each request once, and adds a checksum only where S3 wants one. */
  readonly client: S3Client;
  /** Another client of the owner, with other settings. */
  makeClient(settings: S3ClientConfig): S3Client;
  /** Sends a request that the SDK would not make. */
  send(request: RawRequest): Promise<RawAnswer>;
}

/** One rule that S3 keeps. */
export interface S3Check {
  /** States the rule. */
  readonly name: string;
  /** Rejects when the server breaks the rule. */
  readonly run: (world: S3World) => Promise<void>;
}

/** Most time that one request of the SDK may take, in milliseconds. */
const REQUEST_LIMIT_MS = 20_000;

/** Runs a check in a new bucket, and gives back its connections. */
export async function runS3Check(check: S3Check, server: S3Server): Promise<void> {
  const clients: S3Client[] = [];
  const makeClient = (settings: S3ClientConfig): S3Client => {
    const client = new S3Client(clientSettings(server, settings));
    clients.push(client);
    return client;
  };
  const bucket = `check-${randomBytes(8).toString('hex')}`;
  const client = makeClient({});
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const send = async (request: RawRequest): Promise<RawAnswer> =>
      await sendRequest(server, request);
    await check.run({ ...server, bucket, client, makeClient, send });
  } finally {
    for (const made of clients) made.destroy();
  }
}

function clientSettings(server: S3Server, settings: S3ClientConfig): S3ClientConfig {
  return {
    endpoint: server.endpoint,
    region: server.region,
    credentials: { ...server.credentials },
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { requestTimeout: REQUEST_LIMIT_MS, throwOnRequestTimeout: true },
    ...settings,
  };
}
