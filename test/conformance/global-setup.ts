import type { TestProject } from 'vitest/node';

import { installMissing } from '../support/s3-servers/install.js';
import { RADOSGW_REQUIREMENT, startRadosgw } from '../support/s3-servers/radosgw.js';
import type { RadosgwAddress, ServerAddress } from '../support/s3-servers/server-address.js';
import { startSwift, SWIFT_REQUIREMENT } from '../support/s3-servers/swift.js';

declare module 'vitest' {
  interface ProvidedContext {
    readonly radosgw: RadosgwAddress;
    readonly swift: ServerAddress;
  }
}

/**
 * Gives all conformance tests one running radosgw (Ceph's S3 gateway, with STS) and one running Swift with its S3
 * interface: `inject('radosgw')` and `inject('swift')` say how to reach them. They come from Debian packages, which
 * are installed when they are missing and the tests run as root; both start on free ports of the loopback interface
 * in temporary folders, and end with the tests, or with the test process when that is killed. Test files share the
 * servers: each works in buckets, users and roles of its own, and one that kills a gateway starts its own with
 * `startGateway`.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await installMissing([RADOSGW_REQUIREMENT, SWIFT_REQUIREMENT]);
  const [radosgw, swift] = await Promise.allSettled([startRadosgw(), startSwift()]);
  const teardown = async (): Promise<void> => {
    for (const server of [radosgw, swift]) {
      if (server.status === 'fulfilled') await server.value.stop();
    }
  };
  if (radosgw.status === 'rejected' || swift.status === 'rejected') {
    await teardown();
    const failed = [radosgw, swift].filter((server) => server.status === 'rejected');
    throw new AggregateError(
      failed.map((server) => server.reason as unknown),
      'a server for the conformance tests could not be started',
    );
  }
  project.provide('radosgw', radosgw.value.address);
  project.provide('swift', swift.value.address);
  return teardown;
}
