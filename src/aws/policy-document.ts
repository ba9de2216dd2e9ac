/** A policy of AWS IAM: `JSON.stringify` makes the text that AWS takes. */
export interface PolicyDocument<Statement = PolicyStatement> {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** Allows actions on resources. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: PolicyCondition;
}

/** Allows somebody to take on the role that has the policy. */
export interface TrustStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal: PolicyPrincipal;
  readonly Action: readonly string[];
  readonly Condition?: PolicyCondition;
}

/** Who is trusted: an AWS principal by its ARN, or a service by its name. */
export type PolicyPrincipal = { readonly AWS: string } | { readonly Service: string };

/** What a request must be like: operator, then key, then the values of which one must fit. */
export type PolicyCondition = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** The part of the AWS world that holds the account: commercial, China or US government. */
export type AwsPartition = 'aws' | 'aws-cn' | 'aws-us-gov';

/** All partitions, the usual one first. */
export const AWS_PARTITIONS: readonly AwsPartition[] = Object.freeze([
  'aws',
  'aws-cn',
  'aws-us-gov',
]);
