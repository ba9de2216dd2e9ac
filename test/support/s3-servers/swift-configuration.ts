import type { ServerCredentials } from './server-address.js';

/** Where one Swift lives. */
export interface SwiftSite {
  readonly folder: string;
  readonly credentials: ServerCredentials;
  readonly region: string;
  /** One for each program, on 127.0.0.1. */
  readonly ports: Readonly<Record<SwiftProgram | 'memcached', number>>;
}

export type SwiftProgram = SwiftStorage | 'proxy';

export type SwiftStorage = (typeof SWIFT_STORAGES)[number];

/** The programs that keep data, each with a ring of its own. */
export const SWIFT_STORAGES = ['account', 'container', 'object'] as const;

/** What every program of one Swift reads. */
export const SWIFT_CONFIGURATION = `[swift-hash]
swift_hash_path_prefix = conformance
swift_hash_path_suffix = conformance

[storage-policy:0]
name = single
default = yes
`;

/** The configuration of a program that keeps data. */
export function storageConfiguration(site: SwiftSite, program: SwiftStorage): string {
  return `${commonConfiguration(site, program)}devices = ${site.folder}/devices
mount_check = false
disable_fallocate = true
recon_cache_path = ${site.folder}/cache

[pipeline:main]
pipeline = ${program}-server

[app:${program}-server]
use = egg:swift#${program}
`;
}

/** The configuration of the program that answers S3 requests. */
export function proxyConfiguration(site: SwiftSite): string {
  const { accessKeyId, secretAccessKey } = site.credentials;
  const [account = '', user = ''] = accessKeyId.split(':');
  return `${commonConfiguration(site, 'proxy')}
[pipeline:main]
pipeline = catch_errors cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server

[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true

[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${site.ports.memcached}

[filter:s3api]
use = egg:swift#s3api
location = ${site.region}
storage_domain = localhost
dns_compliant_bucket_names = true

[filter:tempauth]
use = egg:swift#tempauth
user_${account}_${user} = ${secretAccessKey} .admin

[filter:slo]
use = egg:swift#slo
allow_async_delete = false

[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true

${['catch_errors', 'listing_formats', 'bulk', 'copy', 'dlo', 'symlink'].map(plainFilter).join('\n')}`;
}

// No worker processes: the one that was started then does the work, and dies when it is killed.
function commonConfiguration(site: SwiftSite, program: SwiftProgram): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${site.ports[program]}
workers = 0
user = root
swift_dir = ${site.folder}
log_address = ${site.folder}/no-such-socket
`;
}

function plainFilter(name: string): string {
  return `[filter:${name}]\nuse = egg:swift#${name}\n`;
}
