export interface ServerCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** How a test reaches a running S3 server. JSON, since test files run in processes of their own. */
export interface ServerAddress {
  readonly endpoint: string;
  readonly region: string;
  /** Keys of the owner, who may do everything. */
  readonly credentials: ServerCredentials;
}

/** How a test reaches the running radosgw, and the cluster behind it. */
export interface RadosgwAddress extends ServerAddress {
  /** For `gatewayAdministration` and for `startGateway`, which gives a gateway that a test may kill. */
  readonly configuration: string;
  /** Id of a key for server-side encryption. */
  readonly kmsKeyId: string;
  readonly role: RadosgwRole;
}

/** A role that may use one prefix of one bucket. Its STS answers at the server's own endpoint. */
export interface RadosgwRole {
  readonly arn: string;
  readonly bucket: string;
  readonly prefix: string;
  /** Keys of the one user who may assume it, and who may do nothing else. */
  readonly caller: ServerCredentials;
  /** Shortest session, in seconds. */
  readonly sessionMinSeconds: number;
}
