/** How a double behaves. Everything is optional; the defaults are what AWS S3 does. */
export interface S3DoubleOptions {
  /** @defaultValue any free port */
  readonly port?: number;
  /** @defaultValue '127.0.0.1' */
  readonly host?: string;
  /** The region that requests must be signed for. @defaultValue 'us-east-1' */
  readonly region?: string;
  /** The server's clock: its Date header, the check of request times, the end of sessions. */
  readonly now?: () => Date;
  /** Smallest size of every part but the last. @defaultValue 5 MiB */
  readonly minPartBytes?: number;
  /** Refuses a completion whose parts, but the last, differ in size. @defaultValue false */
  readonly equalParts?: boolean;
  /** What If-Match and If-None-Match do on writes. @defaultValue 'supported' */
  readonly conditionalWrites?: 'supported' | 'ignored' | 'not-implemented';
  /** Whether x-amz-checksum-* are known, or passed over as by older services. @defaultValue 'supported' */
  readonly checksums?: 'supported' | 'ignored';
  /** Answers 403 instead of 404 for a missing key, as without s3:ListBucket. @defaultValue false */
  readonly hideMissing?: boolean;
  /** Whether If-Match on a write is compared with the bare ETag only. @defaultValue 'quoted' */
  readonly etags?: 'quoted' | 'unquoted-if-match';
  /** What a second completion of an upload answers. @defaultValue 'ok' */
  readonly repeatedComplete?: 'ok' | 'no-such-upload';
  /** A page that answers everything: an endpoint that is not S3. */
  readonly answersEveryRequestWith?: string;
}

export interface BucketSettings {
  /** Keeps every version of a key. @defaultValue false */
  readonly versioned?: boolean;
  /** Versioned, and each body needs Content-MD5 or a checksum. @defaultValue false */
  readonly objectLock?: boolean;
  /** Where the bucket is. @defaultValue the double's region */
  readonly region?: string;
  /** Account of the owner, compared with x-amz-expected-bucket-owner. @defaultValue '111122223333' */
  readonly owner?: string;
  /** Most bytes of objects and parts together. @defaultValue unlimited */
  readonly quotaBytes?: number;
  /** A bucket policy that refuses objects without this encryption header. */
  readonly requiredEncryption?: 'AES256' | 'aws:kms';
  /** Whether ACLs other than bucket-owner-full-control are allowed. @defaultValue false, as in new buckets */
  readonly acls?: boolean;
}

export interface DoubleUser {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface DoubleRole {
  readonly arn: string;
  /** Access key ids of those who may assume it. */
  readonly trusts: readonly string[];
  readonly externalId?: string;
  /** Longest session, in seconds. @defaultValue 3600 */
  readonly sessionSeconds?: number;
}

export interface KmsKeySettings {
  /** Access key ids, or ARNs of roles, that may not use the key. */
  readonly deniedTo?: readonly string[];
}

export interface DenyRule {
  /** The name of an IAM action: `s3:AbortMultipartUpload`, `kms:Decrypt`. */
  readonly action: string;
  /** An access key id, or the ARN of a role. @defaultValue everyone, the owner too */
  readonly accessKeyId?: string;
  /** Keys, or prefixes of listings, that the rule is about. @defaultValue all */
  readonly prefix?: string;
}

/** One request as the double saw it. */
export interface DoubleRequest {
  readonly index: number;
  /** AWS's name of the operation, or `Unknown`. */
  readonly operation: string;
  readonly bucket: string | null;
  readonly key: string | null;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Length of the body without transfer framing: declared at first, then what was received. */
  readonly bytes: number;
  /** Status of the answer; 0 while there is none. */
  readonly status: number;
  /** Code of the error that was answered, or null. */
  readonly code: string | null;
  readonly accessKeyId: string | null;
}

/** What goes wrong with one request. */
export type S3Fault =
  /** An error, and no effect. */
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection is reset; no effect. */
  | { readonly kind: 'reset-before' }
  /** The effect happens, then the connection is reset: a lost answer. */
  | { readonly kind: 'reset-after' }
  /** The connection is reset after half of the request's body (no effect), or of the answer's. */
  | { readonly kind: 'reset-mid' }
  /** Neither an answer nor an effect. */
  | { readonly kind: 'hang' }
  /** The connection is reset at once; the effect happens at `settleLate()`. */
  | { readonly kind: 'late' }
  /** Status 200 with an error as its body; no effect. */
  | { readonly kind: 'error-in-200'; readonly code: string }
  /** The answer of a success without its effect. */
  | { readonly kind: 'lie' }
  /** A completion answers 500; its upload and its object are invisible for so many more requests, then the object appears. */
  | { readonly kind: 'hide-upload'; readonly requests: number }
  /** A completion answers 409 and its upload is gone. */
  | { readonly kind: 'destroy-upload' };

export interface ObjectEncryption {
  readonly algorithm: 'AES256' | 'aws:kms';
  readonly keyId: string | null;
}

export interface ObjectChecksum {
  readonly algorithm: string;
  /** Base64, with `-N` for a composite one. */
  readonly value: string;
  readonly type: 'COMPOSITE' | 'FULL_OBJECT';
}

/** An object as a test sees it. */
export interface DoubleObject {
  bytes(): Buffer;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly contentEncoding: string | null;
  readonly storageClass: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly acl: string | null;
  readonly encryption: ObjectEncryption;
  readonly checksum: ObjectChecksum | null;
  readonly lastModified: Date;
  /** How many versions of the key are kept, this one and markers of deletion included. */
  readonly versions: number;
}

/** An upload in progress as a test sees it. */
export interface DoubleUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly initiated: Date;
  readonly parts: readonly {
    readonly number: number;
    readonly size: number;
    readonly etag: string;
  }[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** A bucket seen from inside the server: no request, no rights, no faults. */
export interface DoubleBucket {
  readonly name: string;
  /** Current objects by key, sorted as a listing is. */
  objects(): ReadonlyMap<string, DoubleObject>;
  uploads(): readonly DoubleUpload[];
  put(key: string, bytes: Uint8Array | string): void;
  remove(key: string): void;
  /** Aborts every upload, as a lifecycle rule does. */
  abortUploads(): void;
}

/** A running double. */
export interface S3Double {
  readonly url: string;
  readonly region: string;
  /** Keys of the owner, who may do everything. */
  readonly credentials: DoubleUser;
  /** Makes a bucket, empty, also in the place of one that is there. */
  createBucket(name: string, settings?: BucketSettings): DoubleBucket;
  bucket(name: string): DoubleBucket;
  /** Takes a bucket away, whatever is in it. */
  deleteBucket(name: string): void;
  /** A user who may do everything that no rule denies. */
  addUser(user: DoubleUser): void;
  addRole(role: DoubleRole): void;
  addKmsKey(id: string, settings?: KmsKeySettings): void;
  /** Denies an action until the returned function is called. */
  deny(rule: DenyRule): () => void;
  /** Asked about each request before it has any effect. */
  intercept: ((request: DoubleRequest) => S3Fault | null) | null;
  readonly requests: readonly DoubleRequest[];
  clearRequests(): void;
  /** Lets the effects of `late` and of `hide-upload` happen now, in the order of their requests. */
  settleLate(): Promise<void>;
  close(): Promise<void>;
}
