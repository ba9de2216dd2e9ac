import { afterAll, beforeAll } from 'vitest';

import { describeS3Checks } from '../support/s3-checks/describe-checks.js';
import { startS3Double, type S3Double } from '../support/s3-double/index.js';

const KMS_KEY_ID = 'check-key';

const ROLE = {
  arn: 'arn:aws:iam::111122223333:role/Exporter',
  bucket: 'role-bucket',
  prefix: 'exports/',
  caller: { accessKeyId: 'AKIACALLEROFTHEROLE0', secretAccessKey: 'secret of the caller' },
};

let double: S3Double;

beforeAll(async () => {
  double = await startS3Double();
  double.addKmsKey(KMS_KEY_ID);
  double.createBucket(ROLE.bucket);
  double.addUser(ROLE.caller);
  double.addRole({ arn: ROLE.arn, trusts: [ROLE.caller.accessKeyId] });
  double.deny({ action: 's3:PutObject', accessKeyId: ROLE.arn, prefix: 'other/' });
});

afterAll(async () => await double.close());

describeS3Checks(() => {
  const { url: endpoint, region, credentials } = double;
  return { endpoint, region, credentials, kmsKeyId: KMS_KEY_ID, role: ROLE };
});
