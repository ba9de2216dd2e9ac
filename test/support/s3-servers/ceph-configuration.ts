/** Where one cluster lives. */
export interface CephSite {
  readonly folder: string;
  readonly clusterId: string;
  /** Port of the monitor, on 127.0.0.1. */
  readonly monitorPort: number;
}

/** The id under which gateways find their key for server-side encryption. */
export const KMS_KEY_ID = 'conformance-key';

/** Shortest session that the gateways' STS grants, in seconds. */
export const SESSION_MIN_SECONDS = 5;

/** 32 bytes, as AES-256 wants them; it protects nothing but what a test wrote. */
const KMS_KEY = Buffer.from('the key of a server made by test').toString('base64');

/**
 * The configuration of a cluster with one monitor, one store of objects and any number of gateways, that needs no
 * manager and no replicas. Gateways keep no cache: they would tell each other of changes, and wait half a minute for
 * one that was killed.
 */
export function cephConfiguration(site: CephSite): string {
  const { folder, clusterId, monitorPort } = site;
  return `[global]
fsid = ${clusterId}
mon host = [v2:127.0.0.1:${monitorPort}/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
keyring = ${folder}/keyring
auth allow insecure global id reclaim = false
run dir = ${folder}/run
log file = ${folder}/log/$name.$pid.log
admin socket =
pid file =
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 1

[mon]
mon data = ${folder}/monitor
mon initial members = a

[osd]
osd data = ${folder}/objects
osd objectstore = bluestore
bluestore block create = true
bluestore block size = 10737418240
osd memory target = 1073741824
osd class update on start = false
osd crush location = root=default host=local

[client.gateway]
rgw dns name = localhost
rgw cache enabled = false
rgw enable usage log = false
rgw dynamic resharding = false
rgw rados pool pg num min = 1
rgw sts key = abcdefghijklmnop
rgw s3 auth use sts = true
rgw sts min session duration = ${SESSION_MIN_SECONDS}
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = ${KMS_KEY_ID}=${KMS_KEY}
`;
}
