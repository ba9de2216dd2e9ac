import type { Runtime } from '../interfaces/index.js';
import { kindOf, readOptions } from '../options/index.js';
import type { OptionReader } from '../options/index.js';
import { systemRuntime } from '../util/runtime.js';
import type { AwsCredentialProvider, AwsCredentials } from './aws-credentials.js';
import { externalIdProblem } from './external-id.js';

/** Options of `assumeRole`. */
export interface AssumeRoleOptions {
  /** ARN of the role to take on. */
  readonly roleArn: string;
  /** What the role's trust policy asks for as `sts:ExternalId`; see `exportExternalId`. @defaultValue none */
  readonly externalId?: string | undefined;
  /** Name of the sessions in the audit log of the role's account. @defaultValue 'tracehaul' */
  readonly sessionName?: string | undefined;
  /**
   * How long one set of credentials lives, in seconds, 900 to 43,200; with an `endpoint` of your own from 1. A
   * role taken on with credentials of another role allows 3,600 at most.
   * @defaultValue 3600
   */
  readonly durationSeconds?: number | undefined;
  /** Region of STS. @defaultValue the region of the client that asks */
  readonly region?: string | undefined;
  /** URL of an STS that is not AWS's own. @defaultValue that of AWS in the region */
  readonly endpoint?: string | undefined;
  /**
   * Credentials, or what gives them, with which the role is taken on.
   * @defaultValue what the AWS SDK finds: environment, shared files, container, instance
   */
  readonly credentials?: AwsCredentials | AwsCredentialProvider | undefined;
  /** Limit of taking on the role, the SDK's retries included, in milliseconds. @defaultValue 30_000 */
  readonly timeoutMs?: number | undefined;
  /** Time and waiting. @defaultValue those of Node */
  readonly runtime?: Runtime | undefined;
}

export interface AssumeRoleSettings {
  readonly roleArn: string;
  readonly externalId: string | undefined;
  readonly sessionName: string;
  readonly durationSeconds: number;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly credentials: AwsCredentials | AwsCredentialProvider | undefined;
  readonly timeoutMs: number;
  readonly runtime: Runtime;
}

const AWS_ROLE_ARN = /^arn:aws(?:-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]+$/u;
/** Other servers leave the account out, or give it a name. */
const ROLE_ARN = /^arn:[a-z0-9-]+:iam::[\w-]*:role\/[\w+=,.@/-]+$/u;
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/u;
const REGION = /^[a-z0-9-]+$/u;
/** The least that AWS allows. */
const AWS_DURATION_MIN_SECONDS = 900;
const DURATION_MAX_SECONDS = 43_200;

/** @throws ConfigurationError `OPTION_INVALID` */
export function readAssumeRoleOptions(options: AssumeRoleOptions): Readonly<AssumeRoleSettings> {
  return readOptions('assumeRole', options, (reader) => {
    const endpoint = reader.has('endpoint') ? readEndpoint(reader) : undefined;
    const durationRange = {
      min: endpoint === undefined ? AWS_DURATION_MIN_SECONDS : 1,
      max: DURATION_MAX_SECONDS,
    };
    return {
      roleArn: readRoleArn(reader, endpoint),
      externalId: reader.has('externalId') ? readExternalId(reader) : undefined,
      sessionName: readSessionName(reader),
      durationSeconds: reader.number('durationSeconds', 3600, durationRange),
      region: reader.has('region') ? readRegion(reader) : undefined,
      endpoint,
      credentials: reader.has('credentials') ? readCredentials(reader, options) : undefined,
      timeoutMs: reader.number('timeoutMs', 30_000, { min: 1, max: 300_000 }),
      runtime: reader.adapter<Runtime>('runtime', ['now', 'sleep', 'random', 'id'], systemRuntime),
    };
  });
}

function readRoleArn(reader: OptionReader, endpoint: string | undefined): string {
  const arn = reader.string('roleArn');
  const form = endpoint === undefined ? AWS_ROLE_ARN : ROLE_ARN;
  if (arn !== '' && !form.test(arn))
    reader.problem('roleArn', 'must be the ARN of a role: arn:aws:iam::<account>:role/<name>');
  return arn;
}

function readExternalId(reader: OptionReader): string {
  const externalId = reader.string('externalId');
  const problem = externalId === '' ? null : externalIdProblem(externalId);
  if (problem !== null) reader.problem('externalId', problem);
  return externalId;
}

function readSessionName(reader: OptionReader): string {
  const name = reader.string('sessionName', 'tracehaul');
  if (name !== '' && !SESSION_NAME.test(name))
    reader.problem('sessionName', 'must be 2 to 64 letters, digits and _+=,.@-');
  return name;
}

function readRegion(reader: OptionReader): string {
  const region = reader.string('region');
  if (region !== '' && !REGION.test(region))
    reader.problem('region', "must be the name of a region, such as 'eu-central-1'");
  return region;
}

function readEndpoint(reader: OptionReader): string {
  const text = reader.string('endpoint');
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/u.test(url.protocol))
    reader.problem('endpoint', 'must be an http or https URL');
  else if (url.username !== '' || url.password !== '')
    reader.problem('endpoint', 'must have no credentials');
  return text;
}

function readCredentials(
  reader: OptionReader,
  { credentials }: AssumeRoleOptions,
): AwsCredentials | AwsCredentialProvider | undefined {
  if (typeof credentials === 'function') return credentials;
  if (typeof credentials !== 'object' || credentials === null) {
    reader.problem('credentials', `must be an object or a function, not ${kindOf(credentials)}`);
    return undefined;
  }
  for (const part of ['accessKeyId', 'secretAccessKey'] as const) {
    const value: unknown = credentials[part];
    if (typeof value !== 'string' || value === '')
      reader.problem('credentials', `must have ${part}, a non-empty string`);
  }
  return credentials;
}
