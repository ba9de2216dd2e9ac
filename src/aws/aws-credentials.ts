/** Credentials as the AWS SDK takes them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When they end to be valid. The SDK asks its provider again five minutes before. */
  readonly expiration?: Date;
  readonly credentialScope?: string;
  readonly accountId?: string;
}

/**
 * Gives credentials whenever they are asked for, as the AWS SDK takes them: a client keeps what it got until
 * shortly before `expiration`, then asks again, also in the middle of an upload.
 * @param properties What the asking client tells of itself: its region and its way to the network, for one.
 */
export type AwsCredentialProvider = (
  properties?: Record<string, unknown>,
) => Promise<AwsCredentials>;
