import { afterAll, beforeAll } from 'vitest';

import { describeS3Checks } from '../support/s3-checks/describe-checks.js';
import { startS3Double, type S3Double } from '../support/s3-double/index.js';

const KMS_KEY_ID = 'check-key';

let double: S3Double;

beforeAll(async () => {
  double = await startS3Double();
  double.addKmsKey(KMS_KEY_ID);
});

afterAll(async () => await double.close());

describeS3Checks(() => {
  const { url: endpoint, region, credentials } = double;
  return { endpoint, region, credentials, kmsKeyId: KMS_KEY_ID };
});
