import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';

import { type S3Double, type S3DoubleOptions, startS3Double } from './s3-double/index.js';

/** A double with one bucket, and its owner's client, for one test. */
export interface DoubleFixture {
  readonly double: S3Double;
  readonly client: S3Client;
  /** Another client of the owner, with other settings. */
  readonly makeClient: (settings?: S3ClientConfig) => S3Client;
}

/** The bucket of every fixture. */
export const BUCKET = 'archive';

/** Starts a double whose parts may be small, and closes it when the test is over. */
export async function openDouble(options: S3DoubleOptions = {}): Promise<DoubleFixture> {
  const double = await startS3Double({ minPartBytes: 10, ...options });
  double.createBucket(BUCKET);
  const clients: S3Client[] = [];
  const makeClient = (settings: S3ClientConfig = {}): S3Client => {
    const client = new S3Client({
      endpoint: double.url,
      region: double.region,
      credentials: { ...double.credentials },
      forcePathStyle: true,
      maxAttempts: 1,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...settings,
    });
    clients.push(client);
    return client;
  };
  onTestFinished(async () => {
    for (const client of clients) client.destroy();
    await double.close();
  });
  return { double, client: makeClient(), makeClient };
}

/** What a request was refused with: `403 AccessDenied`; `done` when it was not. */
export async function outcome(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'done';
  } catch (error) {
    const { $metadata, name, message } = error as {
      $metadata?: { httpStatusCode?: number };
      name: string;
      message: string;
    };
    const status = $metadata?.httpStatusCode;
    return status === undefined ? `no answer: ${name}: ${message}` : `${status} ${name}`;
  }
}

/** An upload with its parts, ready to be completed. */
export interface OpenUpload {
  readonly uploadId: string;
  readonly complete: CompleteMultipartUploadCommand;
}

/** Uploads these parts under a key. */
export async function uploadParts(
  client: S3Client,
  key: string,
  parts: readonly string[],
): Promise<OpenUpload> {
  const name = { Bucket: BUCKET, Key: key };
  const { UploadId = '' } = await client.send(new CreateMultipartUploadCommand(name));
  const named: { PartNumber: number; ETag: string }[] = [];
  for (const [index, Body] of parts.entries()) {
    const PartNumber = index + 1;
    const part = await client.send(new UploadPartCommand({ ...name, UploadId, PartNumber, Body }));
    named.push({ PartNumber, ETag: part.ETag ?? '' });
  }
  const MultipartUpload = { Parts: named };
  const complete = new CompleteMultipartUploadCommand({ ...name, UploadId, MultipartUpload });
  return { uploadId: UploadId, complete };
}
