import type { AddressInfo } from 'node:net';

import { Accounts } from './access/accounts.js';
import { BucketState } from './bucket-state.js';
import type { Behaviour, World } from './exchange.js';
import { insideBucket } from './inside.js';
import { LateEffects } from './server/late-effects.js';
import { Permissions } from './access/permissions.js';
import { RequestLog } from './server/request-log.js';
import { createS3Server } from './server/server.js';
import type { DoubleBucket, DoubleRequest, S3Double, S3DoubleOptions, S3Fault } from './types.js';

export type {
  BucketSettings,
  DoubleBucket,
  DoubleRequest,
  DoubleRole,
  S3Double,
  S3DoubleOptions,
  S3Fault,
} from './types.js';

const PART_BYTES_MIN = 5 * 1024 * 1024;

/**
 * Starts an S3 and STS server on loopback that is as strict as AWS: what AWS refuses is refused with AWS's code, and
 * what the double does not know is refused with NotImplemented, never ignored. Everything is in memory.
 *
 * It differs from AWS in this: no CRC64NVME (refused; objects without a checksum have none), no TLS, policies are
 * `deny` rules, and a listing is consistent with every write before it.
 */
export async function startS3Double(options: S3DoubleOptions = {}): Promise<S3Double> {
  const world = createWorld(options);
  const log = new RequestLog();
  const late = new LateEffects();
  const hook: { intercept: ((request: DoubleRequest) => S3Fault | null) | null } = {
    intercept: null,
  };
  const server = createS3Server({
    world,
    log,
    late,
    intercept: (request) => hook.intercept?.(request) ?? null,
    page: options.answersEveryRequestWith ?? null,
  });
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(hook, {
    ...controls(world),
    url: `http://${host}:${port}`,
    region: world.behaviour.region,
    credentials: world.accounts.owner,
    requests: log.entries,
    clearRequests: () => log.clear(),
    settleLate: async () => late.settle(),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

function createWorld(options: S3DoubleOptions): World {
  const behaviour: Behaviour = {
    region: options.region ?? 'us-east-1',
    now: options.now ?? (() => new Date()),
    minPartBytes: options.minPartBytes ?? PART_BYTES_MIN,
    equalParts: options.equalParts ?? false,
    conditionalWrites: options.conditionalWrites ?? 'supported',
    checksums: options.checksums ?? 'supported',
    hideMissing: options.hideMissing ?? false,
    etags: options.etags ?? 'quoted',
    repeatedComplete: options.repeatedComplete ?? 'ok',
  };
  return {
    behaviour,
    accounts: new Accounts(),
    permissions: new Permissions(),
    buckets: new Map(),
  };
}

type Controls = Pick<
  S3Double,
  'createBucket' | 'bucket' | 'deleteBucket' | 'addUser' | 'addRole' | 'addKmsKey' | 'deny'
>;

function controls(world: World): Controls {
  const { now } = world.behaviour;
  const bucket = (name: string): DoubleBucket => {
    const state = world.buckets.get(name);
    if (state === undefined) throw new Error(`The double has no bucket ${name}.`);
    return insideBucket(state, now);
  };
  return {
    createBucket: (name, settings = {}) => {
      world.buckets.set(name, new BucketState(name, settings, now()));
      return bucket(name);
    },
    bucket,
    deleteBucket: (name) => void world.buckets.delete(name),
    addUser: (user) => world.accounts.addUser(user),
    addRole: (role) => world.accounts.addRole(role),
    addKmsKey: (id, settings = {}) => world.permissions.addKey(id, settings),
    deny: (rule) => world.permissions.deny(rule),
  };
}
