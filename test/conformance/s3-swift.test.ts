import { inject } from 'vitest';

import { describeS3Checks, type S3Exceptions } from '../support/s3-checks/describe-checks.js';

const NO_CONDITIONS = {
  seen: '501 NotImplemented',
  reason: 'it has no conditional writes of objects',
};
const NO_WINNER = { seen: '0 writers won', reason: NO_CONDITIONS.reason };
const NO_CHECKSUMS = 'it takes no notice of the checksums of S3 other than Content-MD5';
const NO_STORAGE_CLASS = {
  seen: '400 InvalidStorageClass',
  reason: 'STANDARD is its only storage class',
};
const NO_ENCRYPTION = { seen: '501 NotImplemented', reason: 'it has no encryption by request' };
const NO_TAGS = { seen: '501 NotImplemented', reason: 'it has no tags' };
const NO_STS = { seen: '400 Unknown', reason: 'it has no STS' };
const NO_CHUNKS = { seen: '501 NotImplemented', reason: 'it has no streams in signed chunks' };

/** Where the S3 interface of Swift 2.30 differs from S3. */
const EXCEPTIONS: S3Exceptions = {
  'an abort after the completion answers success or NoSuchUpload': {
    seen: '404 NoSuchKey',
    reason: 'it answers NoSuchKey',
  },
  'a create-only completion of a key that exists answers 412 and leaves the object': {
    seen: '412 InvalidRequest',
    reason: 'its 412 has another code',
  },
  'ListParts after the completion answers 404': {
    seen: 'answered success',
    reason: 'it still lists the parts of a completed upload',
  },
  'an upload may have a part with the number 10,000': {
    seen: '400 InvalidArgument',
    reason: 'as it is set up by default, an upload has at most 1,000 parts',
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
    seen: '400 MalformedXML',
    reason: 'it refuses a completion that names checksums at all',
  },
  'a write with a wrong CRC32 is refused and not kept': {
    seen: 'answered success',
    reason: NO_CHECKSUMS,
  },
  'a write with a wrong SHA256 is refused and not kept': {
    seen: 'answered success',
    reason: NO_CHECKSUMS,
  },
  'a second create-only write answers 412 and leaves the first': NO_CONDITIONS,
  'a create-only write over an object written without conditions answers 412': NO_CONDITIONS,
  'a create-only write after the object was removed makes it again': NO_CONDITIONS,
  'a write that names the current ETag as S3 gave it replaces the object': NO_CONDITIONS,
  'a write that names the current ETag without its quotes replaces the object': NO_CONDITIONS,
  'a write that names an ETag replaced since answers 412 and changes nothing': NO_CONDITIONS,
  'a write that names an ETag for a key without object answers 404 or 412, and makes none':
    NO_CONDITIONS,
  'of ten create-only writes at once exactly one wins, and its bytes stay': NO_WINNER,
  'of ten create-only writes at once each loser is told by 409 or 412': NO_CONDITIONS,
  'of ten writes at once that name the current ETag exactly one wins, and its bytes stay':
    NO_WINNER,
  'of ten writes at once that name the current ETag each loser is told by 409 or 412':
    NO_CONDITIONS,
  'of ten writes at once that name the current ETag without quotes exactly one wins, and its bytes stay':
    NO_WINNER,
  'of ten writes at once that name the current ETag without quotes each loser is told by 409 or 412':
    NO_CONDITIONS,
  'several objects are removed by one request with a CRC32': {
    seen: '400 InvalidRequest',
    reason: 'it wants a Content-MD5',
  },
  'a page of a listing may not be asked for with a token that no page gave': {
    seen: '500 InternalError',
    reason: 'it answers InternalError',
  },
  'the wrong owner of a bucket is refused': {
    seen: 'answered success',
    reason: 'it does not know the header',
  },
  'tags stay with the object, written by PutObject': NO_TAGS,
  'tags stay with the object, written by a multipart upload': NO_TAGS,
  'the storage class stays with the object, written by PutObject': NO_STORAGE_CLASS,
  'the storage class stays with the object, written by a multipart upload': NO_STORAGE_CLASS,
  "encryption with the server's own key is confirmed, written by PutObject": NO_ENCRYPTION,
  "encryption with the server's own key is confirmed, written by a multipart upload": NO_ENCRYPTION,
  'encryption with a named key is confirmed, written by PutObject': NO_ENCRYPTION,
  'encryption with a named key is confirmed, written by a multipart upload': NO_ENCRYPTION,
  'encryption with a key that nobody knows is refused': NO_ENCRYPTION,
  'a request without signature is refused, to read as to write': {
    seen: 'answered 400',
    reason: "it takes the request for one of Swift's own interface, and refuses it as malformed",
  },
  'a key that nobody has answers InvalidAccessKeyId': {
    seen: '403 SignatureDoesNotMatch',
    reason: 'it answers SignatureDoesNotMatch',
  },
  'a session token that nobody issued is refused': {
    seen: 'answered success',
    reason: 'it takes no notice of session tokens',
  },
  'a body that is not the signed one answers XAmzContentSHA256Mismatch': {
    seen: '400 BadDigest',
    reason: 'it answers BadDigest',
  },
  'a stream with a checksum at its end comes back intact': NO_CHUNKS,
  'a stream whose every chunk is signed comes back intact': NO_CHUNKS,
  'a session of a role reads and writes within the prefix of the role': NO_STS,
  'a session of a role is refused outside the prefix of the role': NO_STS,
  'a session lasts as long as was asked for': NO_STS,
  'the SDK takes the keys of a session for a client by itself': NO_STS,
  'a session whose token was changed is refused': NO_STS,
  'the keys of a session are refused without its token': NO_STS,
  'who is not trusted by a role may not assume it': NO_STS,
};

describeS3Checks(() => {
  const server = inject('swift');
  const nowhere = {
    arn: 'arn:aws:iam:::role/Nobody',
    bucket: 'no-such-bucket',
    prefix: 'exports/',
  };
  const role = { ...nowhere, caller: server.credentials };
  return { ...server, kmsKeyId: 'no-such-key', role };
}, EXCEPTIONS);
