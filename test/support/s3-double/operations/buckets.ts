import { BucketState } from '../bucket-state.js';
import { type Answer, bucketOf, emptyAnswer, type Exchange, timeOf } from '../exchange.js';
import { notImplemented, Refusal } from '../refusal.js';
import { childText, readXml } from '../xml.js';

const NAME_PATTERN = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** HeadBucket. */
export function headBucket(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  const { region } = exchange.world.behaviour;
  return emptyAnswer(200, {
    'x-amz-bucket-region': bucket.settings.region ?? region,
    'x-amz-access-point-alias': 'false',
  });
}

/** CreateBucket. */
export function createBucket(exchange: Exchange): Answer {
  const { world, target, body } = exchange;
  const name = target.bucket ?? '';
  const { region } = world.behaviour;
  if (!NAME_PATTERN.test(name)) {
    throw new Refusal('InvalidBucketName', 'The specified bucket is not valid.');
  }
  if (world.buckets.has(name)) {
    throw new Refusal(
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
    );
  }
  if (body.size > 0) checkLocation(Buffer.concat(body.chunks), region);
  const objectLock = exchange.headers['x-amz-bucket-object-lock-enabled'] === 'true';
  world.buckets.set(name, new BucketState(name, { objectLock }, timeOf(exchange)));
  return emptyAnswer(200, { location: `/${name}` });
}

/** PutBucketVersioning. Versioning is never suspended here. */
export function putBucketVersioning(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  const document = readXml(Buffer.concat(exchange.body.chunks), 'VersioningConfiguration');
  if (childText(document, 'Status') !== 'Enabled') throw notImplemented('suspended versioning');
  if (childText(document, 'MfaDelete') !== null) throw notImplemented('MfaDelete');
  bucket.enableVersioning();
  return emptyAnswer(200);
}

/** DeleteBucket, when nothing is left in it. */
export function deleteBucket(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  if (bucket.sortedKeys().length > 0) {
    throw new Refusal('BucketNotEmpty', 'The bucket you tried to delete is not empty');
  }
  exchange.world.buckets.delete(bucket.name);
  return emptyAnswer(204);
}

function checkLocation(bytes: Buffer, region: string): void {
  const document = readXml(bytes, 'CreateBucketConfiguration');
  const location = childText(document, 'LocationConstraint') ?? region;
  if (location === region) return;
  throw new Refusal(
    'InvalidArgument',
    `The ${location} location constraint is incompatible for the region specific endpoint ` +
      'this request was sent to.',
  );
}
