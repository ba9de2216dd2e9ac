import { kindOf, readOptions } from '../options/index.js';
import type { OptionReader } from '../options/index.js';
import { externalIdProblem } from './external-id.js';
import { AWS_PARTITIONS } from './policy-document.js';
import type {
  AwsPartition,
  PolicyCondition,
  PolicyDocument,
  PolicyPrincipal,
  TrustStatement,
} from './policy-document.js';

/** Options of {@link trustPolicy}. */
export interface TrustPolicyOptions {
  /**
   * Who may take on the role: the ARN of a role or user, the number of an account (then that account says who
   * of it), or a service such as `{ service: 'lambda.amazonaws.com' }`.
   */
  readonly principal: string | { readonly service: string };
  /**
   * What `assumeRole` must say to be let in: needed when the one that takes on the role works for others too.
   * `*` at its end stands for any text. Services know no external id.
   * @defaultValue none
   */
  readonly externalId?: string | undefined;
  /** Partition of an account given by its number. @defaultValue 'aws' */
  readonly partition?: AwsPartition | undefined;
}

interface Settings {
  readonly principal: PolicyPrincipal;
  readonly externalId: string | undefined;
}

const ACCOUNT = /^\d{12}$/u;
const PRINCIPAL_ARN =
  /^arn:aws(?:-[a-z]+)*:(?:iam::\d{12}:(?:root|(?:role|user)\/[\w+=,.@/-]+)|sts::\d{12}:assumed-role\/[\w+=,.@/-]+)$/u;
const SERVICE = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/u;

/**
 * The trust policy of a role: who may take it on. Together with {@link iamPolicy} it is all that a role needs.
 * The same options give the same document.
 * @throws ConfigurationError `OPTION_INVALID`
 */
export function trustPolicy(options: TrustPolicyOptions): PolicyDocument<TrustStatement> {
  const { principal, externalId } = readOptions('trustPolicy', options, (reader) =>
    readSettings(reader, options),
  );
  const statement: TrustStatement = {
    Sid: 'AssumeRole',
    Effect: 'Allow',
    Principal: principal,
    Action: ['sts:AssumeRole'],
  };
  if (externalId === undefined) return { Version: '2012-10-17', Statement: [statement] };
  const Condition = externalIdCondition(externalId);
  return { Version: '2012-10-17', Statement: [{ ...statement, Condition }] };
}

function externalIdCondition(externalId: string): PolicyCondition {
  const operator = externalId.endsWith('*') ? 'StringLike' : 'StringEquals';
  return { [operator]: { 'sts:ExternalId': [externalId] } };
}

function readSettings(reader: OptionReader, options: TrustPolicyOptions): Settings {
  const partition = reader.oneOf('partition', AWS_PARTITIONS, 'aws');
  const principal = readPrincipal(reader, { options, partition });
  return { principal, externalId: readExternalId(reader, principal) };
}

function readPrincipal(
  reader: OptionReader,
  given: { readonly options: TrustPolicyOptions; readonly partition: AwsPartition },
): PolicyPrincipal {
  const value: unknown = reader.has('principal') ? given.options.principal : undefined;
  if (typeof value === 'object' && value !== null)
    return { Service: reader.group('principal', readService) };
  if (typeof value !== 'string') {
    reader.problem('principal', `must be a string or { service }, not ${kindOf(value)}`);
    return { AWS: '' };
  }
  if (ACCOUNT.test(value)) return { AWS: `arn:${given.partition}:iam::${value}:root` };
  if (!PRINCIPAL_ARN.test(value))
    reader.problem(
      'principal',
      'must be the ARN of a role or user, or the 12 digits of an account',
    );
  return { AWS: value };
}

function readService(reader: OptionReader): string {
  const service = reader.string('service');
  if (service !== '' && !SERVICE.test(service))
    reader.problem('service', "must be the name of a service, such as 'lambda.amazonaws.com'");
  return service;
}

function readExternalId(reader: OptionReader, principal: PolicyPrincipal): string | undefined {
  if (!reader.has('externalId')) return undefined;
  const externalId = reader.string('externalId');
  const fixed = externalId.endsWith('*') ? externalId.slice(0, -1) : externalId;
  const problem = externalId === '' ? null : externalIdProblem(fixed);
  if (problem !== null) reader.problem('externalId', problem);
  if ('Service' in principal)
    reader.problem('externalId', 'cannot be asked of a service: it would never be let in');
  return externalId;
}
