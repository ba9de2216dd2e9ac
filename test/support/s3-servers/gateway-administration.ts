import { randomBytes } from 'node:crypto';

import { runCommand } from './command.js';
import type { ServerCredentials } from './server-address.js';

/** What the owner of a cluster can do to it, also from another process than the one that started it. */
export interface GatewayAdministration {
  /** Adds a user who owns nothing yet. */
  createUser(id: string): Promise<ServerCredentials>;
  /** From now on every request of the user is refused. */
  suspendUser(id: string): Promise<void>;
  enableUser(id: string): Promise<void>;
  /** The most bytes that each bucket of a user may hold. */
  limitBuckets(id: string, maxBytes: number): Promise<void>;
  /** Adds a role that one user may assume and that may use one prefix of one bucket, and nothing else. */
  createRole(role: RoleGrant): Promise<{ readonly arn: string }>;
}

export interface RoleGrant {
  readonly name: string;
  /** Id of the user who may assume it. */
  readonly trusts: string;
  readonly bucket: string;
  readonly prefix: string;
}

/** Acts through Ceph's own `radosgw-admin` on the cluster with the given configuration. */
export function gatewayAdministration(configuration: string): GatewayAdministration {
  const administer = async (args: readonly string[]): Promise<string> =>
    await runCommand('radosgw-admin', ['-c', configuration, '-n', 'client.gateway', ...args]);
  return {
    async createUser(id) {
      const accessKeyId = `AK${randomBytes(9).toString('hex').toUpperCase()}`;
      const secretAccessKey = randomBytes(20).toString('hex');
      const keys = ['--access-key', accessKeyId, '--secret', secretAccessKey];
      await administer(['user', 'create', '--uid', id, '--display-name', id, ...keys]);
      return { accessKeyId, secretAccessKey };
    },
    async suspendUser(id) {
      await administer(['user', 'suspend', '--uid', id]);
    },
    async enableUser(id) {
      await administer(['user', 'enable', '--uid', id]);
    },
    async limitBuckets(id, maxBytes) {
      const scope = ['--quota-scope', 'bucket', '--uid', id];
      await administer(['quota', 'set', ...scope, '--max-size', `${maxBytes}`]);
      await administer(['quota', 'enable', ...scope]);
    },
    async createRole(role) {
      const name = ['--role-name', role.name];
      const trust = JSON.stringify(trustPolicy(role));
      const rights = JSON.stringify(rightsPolicy(role));
      const made = await administer(['role', 'create', ...name, '--assume-role-policy-doc', trust]);
      const rightsOf = ['--policy-name', 'export', '--policy-doc', rights];
      await administer(['role-policy', 'put', ...name, ...rightsOf]);
      return { arn: (JSON.parse(made) as { Arn: string }).Arn };
    },
  };
}

function trustPolicy(role: RoleGrant): object {
  const principal = { AWS: [`arn:aws:iam:::user/${role.trusts}`] };
  return policy([{ Effect: 'Allow', Principal: principal, Action: ['sts:AssumeRole'] }]);
}

function rightsPolicy(role: RoleGrant): object {
  const bucket = `arn:aws:s3:::${role.bucket}`;
  const listing = ['s3:ListBucket', 's3:ListBucketMultipartUploads', 's3:GetBucketLocation'];
  return policy([
    { Effect: 'Allow', Action: ['s3:*'], Resource: [`${bucket}/${role.prefix}*`] },
    { Effect: 'Allow', Action: listing, Resource: [bucket] },
  ]);
}

function policy(statements: readonly object[]): object {
  return { Version: '2012-10-17', Statement: statements };
}
