import { inject } from 'vitest';

import { describeS3Checks, type S3Exceptions } from '../support/s3-checks/describe-checks.js';

const NO_CHECKSUMS = 'it takes no notice of the checksums of S3 other than Content-MD5';
const NO_STORAGE_CLASS = 'only classes that its owner has set up exist, and STANDARD_IA is not one';
const NO_SSE_S3 = 'it takes no notice of encryption with keys of its own';
const QUOTES = 'its If-Match knows ETags without quotes only';
const STS_ON = 'with STS on, it does not tell why it refuses a signature';

/** Where radosgw 16.2 differs from S3. */
const EXCEPTIONS: S3Exceptions = {
  'a completion after an abort answers NoSuchUpload': {
    seen: '500 InternalError',
    reason: 'it answers InternalError',
  },
  'a completion with parts out of order answers InvalidPartOrder': {
    seen: 'answered success',
    reason: 'it sorts the parts',
  },
  'a completion gives the ETag that the object then has': {
    seen: "answered the ETag ''",
    reason: 'its answer has an empty ETag',
  },
  'a create-only completion of a key that exists answers 412 and leaves the object': {
    seen: 'answered success',
    reason: 'it takes no notice of conditions of a completion',
  },
  'ListParts names an upload that is no longer there NoSuchUpload': {
    seen: '404 NoSuchKey',
    reason: 'it answers NoSuchKey',
  },
  'a part with a number above 10,000 is refused': {
    seen: 'answered success',
    reason: 'it numbers further',
  },
  'a part with a wrong CRC32 is refused and not kept': {
    seen: 'answered success',
    reason: NO_CHECKSUMS,
  },
  'ListParts gives the CRC32 that each part came with': {
    seen: 'CRC32 undefined',
    reason: NO_CHECKSUMS,
  },
  'a completion that names another CRC32 for a part answers InvalidPart': {
    seen: 'answered success',
    reason: NO_CHECKSUMS,
  },
  'a write with a wrong CRC32 is refused and not kept': {
    seen: 'answered success',
    reason: NO_CHECKSUMS,
  },
  'a write with a wrong SHA256 is refused and not kept': {
    seen: 'answered success',
    reason: NO_CHECKSUMS,
  },
  'a write that names the current ETag as S3 gave it replaces the object': {
    seen: '412 PreconditionFailed',
    reason: QUOTES,
  },
  'of ten writes at once that name the current ETag exactly one wins, and its bytes stay': {
    seen: '0 writers won',
    reason: QUOTES,
  },
  'of ten writes at once that name the current ETag without quotes each loser is told by 409 or 412':
    {
      seen: 'answered 500',
      reason: 'it answers 500 to a writer who was overtaken while it wrote',
    },
  'a removal that names an ETag replaced since answers 412 and leaves the object': {
    seen: 'answered success',
    reason: 'it takes no notice of conditions of a removal',
  },
  'a request to remove several objects with a wrong Content-MD5 removes none': {
    seen: 'answered 200',
    reason: 'it does not check the digest of this request',
  },
  'a key of more than 1,024 bytes answers KeyTooLongError': {
    seen: '400 InvalidObjectName',
    reason: 'it answers InvalidObjectName',
  },
  'a page of a listing may not be asked for with a token that no page gave': {
    seen: 'answered success',
    reason: 'its tokens are keys',
  },
  'the wrong owner of a bucket is refused': {
    seen: 'answered success',
    reason: 'it does not know the header',
  },
  'tags stay with the object, written by a multipart upload': {
    seen: 'has the tags {}',
    reason: 'it loses tags given at the beginning of an upload',
  },
  'the storage class stays with the object, written by PutObject': {
    seen: '400 InvalidArgument',
    reason: NO_STORAGE_CLASS,
  },
  'the storage class stays with the object, written by a multipart upload': {
    seen: '400 InvalidArgument',
    reason: NO_STORAGE_CLASS,
  },
  'a storage class that does not exist answers InvalidStorageClass': {
    seen: '400 InvalidArgument',
    reason: 'it answers InvalidArgument',
  },
  "encryption with the server's own key is confirmed, written by PutObject": {
    seen: 'confirmed undefined',
    reason: NO_SSE_S3,
  },
  "encryption with the server's own key is confirmed, written by a multipart upload": {
    seen: 'confirmed undefined',
    reason: NO_SSE_S3,
  },
  'a signature with the wrong secret answers SignatureDoesNotMatch': {
    seen: '403 AccessDenied',
    reason: STS_ON,
  },
  'a key that nobody has answers InvalidAccessKeyId': {
    seen: '403 AccessDenied',
    reason: STS_ON,
  },
  'a signature for another region is refused': {
    seen: 'answered 200',
    reason: 'it takes any region',
  },
  'a stream with a checksum at its end comes back intact': {
    seen: '411 MissingContentLength',
    reason: 'it does not know such streams',
  },
};

describeS3Checks(() => inject('radosgw'), EXCEPTIONS);
