import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';

import { startCephCluster } from './ceph-cluster.js';
import { KMS_KEY_ID, SESSION_MIN_SECONDS } from './ceph-configuration.js';
import { gatewayAdministration } from './gateway-administration.js';
import { startGateway } from './gateway.js';
import type { Requirement } from './install.js';
import { startInFolder, type Ending, type RunningServer } from './running-server.js';
import type { RadosgwAddress, RadosgwRole, ServerAddress } from './server-address.js';

/** What radosgw needs on the machine. */
export const RADOSGW_REQUIREMENT: Requirement = {
  commands: ['ceph', 'ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'setpriv'],
  packages: ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph-common', 'util-linux'],
};

/**
 * Starts Ceph's S3 gateway, with STS, on a new cluster in a temporary folder. All of its processes end with `stop`,
 * or with this process.
 */
export async function startRadosgw(): Promise<RunningServer<RadosgwAddress>> {
  return await startInFolder('radosgw', startInside);
}

async function startInside(folder: string, endings: Ending[]): Promise<RadosgwAddress> {
  const cluster = await startCephCluster(folder);
  endings.push(async () => await cluster.stop());
  const { configuration } = cluster;
  const credentials = await gatewayAdministration(configuration).createUser('owner');
  const gateway = await startGateway(configuration);
  endings.push(async () => await gateway.kill());
  const server = { endpoint: gateway.endpoint, region: 'us-east-1', credentials };
  const role = await grantRole(server, configuration);
  return { ...server, configuration, kmsKeyId: KMS_KEY_ID, role };
}

async function grantRole(server: ServerAddress, configuration: string): Promise<RadosgwRole> {
  const administration = gatewayAdministration(configuration);
  const grant = { name: 'Exporter', trusts: 'caller', bucket: 'role-bucket', prefix: 'exports/' };
  const [, caller] = await Promise.all([
    makeBucket(server, grant.bucket),
    administration.createUser(grant.trusts),
  ]);
  const { arn } = await administration.createRole(grant);
  const { bucket, prefix } = grant;
  return { arn, bucket, prefix, caller, sessionMinSeconds: SESSION_MIN_SECONDS };
}

/**
 * Makes a bucket, and an object and an upload of short life in it: the first of each kind wait seconds for a place to
 * be made, and no test should.
 */
async function makeBucket(server: ServerAddress, bucket: string): Promise<void> {
  const { endpoint, region } = server;
  const credentials = { ...server.credentials };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const object = { Bucket: bucket, Key: 'first' };
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  await client.send(new PutObjectCommand({ ...object, Body: 'first' }));
  await client.send(new DeleteObjectCommand(object));
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
  await client.send(new AbortMultipartUploadCommand({ ...object, UploadId }));
  client.destroy();
}
