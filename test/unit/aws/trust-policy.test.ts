import { describe, expect, it } from 'vitest';

import { exportExternalId, trustPolicy, type TrustPolicyOptions } from 'tracehaul/s3';

import { holds } from '../../support/policy-evaluator.js';

const ROLE = 'arn:aws:iam::123456789012:role/exports/runner';

describe('trustPolicy', () => {
  it('lets a role in that says the external id', () => {
    expect(trustPolicy({ principal: ROLE, externalId: 'bt:o:p:e' })).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'AssumeRole',
          Effect: 'Allow',
          Principal: { AWS: ROLE },
          Action: ['sts:AssumeRole'],
          Condition: { StringEquals: { 'sts:ExternalId': ['bt:o:p:e'] } },
        },
      ],
    });
  });

  it.each([
    ['123456789012', undefined, { AWS: 'arn:aws:iam::123456789012:root' }],
    ['123456789012', 'aws-us-gov', { AWS: 'arn:aws-us-gov:iam::123456789012:root' }],
    [
      'arn:aws-cn:iam::123456789012:user/ci',
      'aws-cn',
      { AWS: 'arn:aws-cn:iam::123456789012:user/ci' },
    ],
    [{ service: 'lambda.amazonaws.com' }, undefined, { Service: 'lambda.amazonaws.com' }],
  ] as const)('trusts %j in the partition %s', (principal, partition, expected) => {
    const [statement] = trustPolicy({ principal, partition }).Statement;
    expect(statement?.Principal).toEqual(expected);
    expect(statement?.Condition).toBeUndefined();
  });

  it('asks for one external id exactly, or for all that begin alike', () => {
    const accepts = (externalId: string, said: Readonly<Record<string, string>>): boolean => {
      const [statement] = trustPolicy({ principal: ROLE, externalId }).Statement;
      return holds(statement?.Condition ?? {}, said);
    };
    const said = { 'sts:ExternalId': exportExternalId({ org: 'o', project: 'p', id: 'e' }) };
    expect(accepts('bt:o:p:e', said)).toBe(true);
    expect(accepts('bt:o:p:f', said)).toBe(false);
    expect(accepts('bt:o:*', said)).toBe(true);
    expect(accepts('bt:n:*', said)).toBe(false);
    expect(accepts('bt:o:*', {})).toBe(false);
  });

  it.each(['*', 'arn:aws:iam::*:root', '12345', 'arn:aws:s3:::archive', 'lambda.amazonaws.com', 7])(
    'refuses the principal %s',
    (principal) => {
      const options = { principal } as unknown as TrustPolicyOptions;
      expect(() => trustPolicy(options)).toThrow(/`principal` must be/);
    },
  );

  it.each(['*', 'a', 'bt:*:p', 'with space', 'x'.repeat(1225)])(
    'refuses the external id %s',
    (externalId) => {
      expect(() => trustPolicy({ principal: ROLE, externalId })).toThrow(/`externalId` must/);
    },
  );

  it('refuses an external id for a service, which would never say one', () => {
    const principal = { service: 'lambda.amazonaws.com' };
    expect(() => trustPolicy({ principal, externalId: 'bt:o:p:e' })).toThrow(/externalId/);
  });
});

describe('exportExternalId', () => {
  it('joins organization, project and export as the hosted export does', () => {
    expect(exportExternalId({ org: 'org_1', project: 'proj-2', id: 'daily' })).toBe(
      'bt:org_1:proj-2:daily',
    );
  });

  it.each(['', 'a:b', 'my project', 'ö', '*', 'x'.repeat(401)])('refuses the part %j', (part) => {
    const good = { org: 'o', project: 'p', id: 'e' };
    for (const name of ['org', 'project', 'id'])
      expect(() => exportExternalId({ ...good, [name]: part })).toThrow(`\`${name}\``);
  });
});
