import { abortable } from '../util/abortable.js';
import { messageOf } from '../util/message.js';
import { withTimeLimit } from '../util/time-limit.js';
import { readAssumeRoleOptions } from './assume-role-options.js';
import type { AssumeRoleOptions, AssumeRoleSettings } from './assume-role-options.js';
import type { AwsCredentialProvider, AwsCredentials } from './aws-credentials.js';
import { loadPackage } from './load-package.js';

/** The role was not taken on. `cause` is what the SDK threw. */
export class AssumeRoleFailure extends Error {
  override readonly name = 'AssumeRoleFailure';
  readonly roleArn: string;

  constructor(roleArn: string, cause: unknown) {
    super(`The role ${roleArn} was not assumed: ${messageOf(cause)}`, { cause });
    this.roleArn = roleArn;
  }
}

/** Tells a failure of STS from one of S3: both come out of the same call of a client. */
export function isAssumeRoleFailure(error: unknown): error is AssumeRoleFailure {
  return error instanceof AssumeRoleFailure;
}

/**
 * Credentials of a role, for `credentials` of a sink, a store or any client of the AWS SDK. Nothing is asked
 * before they are needed; the client asks again before they expire, also in the middle of an upload.
 *
 * Needs the package `@aws-sdk/credential-providers`; without it the first use rejects with `CAPABILITY_MISSING`.
 * When STS refuses or does not answer, the call that needed the credentials fails.
 * @throws ConfigurationError `OPTION_INVALID`
 */
export function assumeRole(options: AssumeRoleOptions): AwsCredentialProvider {
  const settings = readAssumeRoleOptions(options);
  let loading: Promise<AwsCredentialProvider> | undefined;
  return async (properties) => {
    loading ??= temporaryCredentials(settings);
    return askInTime(settings, (await loading)(properties));
  };
}

async function askInTime(
  { runtime, roleArn, timeoutMs }: AssumeRoleSettings,
  asked: Promise<AwsCredentials>,
): Promise<AwsCredentials> {
  const reason = (): Error =>
    new DOMException(`STS gave no answer within ${timeoutMs} ms.`, 'TimeoutError');
  try {
    return await withTimeLimit(runtime, { ms: timeoutMs, reason }, (signal) =>
      abortable(asked, signal),
    );
  } catch (error) {
    throw new AssumeRoleFailure(roleArn, error);
  }
}

async function temporaryCredentials(settings: AssumeRoleSettings): Promise<AwsCredentialProvider> {
  const { fromTemporaryCredentials } = await loadPackage(
    '@aws-sdk/credential-providers',
    () => import('@aws-sdk/credential-providers'),
  );
  const { region, endpoint, credentials, externalId } = settings;
  return fromTemporaryCredentials({
    params: {
      RoleArn: settings.roleArn,
      RoleSessionName: settings.sessionName,
      DurationSeconds: settings.durationSeconds,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    },
    clientConfig: {
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
    },
    ...(credentials === undefined ? {} : { masterCredentials: credentials }),
  });
}
