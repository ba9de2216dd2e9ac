import { describe, expect, it } from 'vitest';

import { checkDocumentKey } from '../../../src/util/document-key.js';
import { checkObjectKey, objectKeyProblem } from '../../../src/util/object-key.js';
import { ownerOfKey } from '../../../src/util/object-owner.js';

const NONCE = '0123456789abcdef';

describe('the owner of an object', () => {
  it.each([
    [`2025-12-08/prod.1.000000000001.${NONCE}.jsonl.gz`, 'prod'],
    [`prod-eu.${NONCE}`, 'prod-eu'],
    [`prod/other.1.${NONCE}.csv`, 'other'],
    [`date=prod.1/other.${NONCE}.csv`, 'other'],
    [`_index/prod/000001/000000000001.${NONCE}.idx`, 'prod'],
    [`_rejected/prod.eu/prod/other.${NONCE}.jsonl`, 'other'],
  ])('of %s is %s', (key, exportId) => {
    expect(ownerOfKey(key)).toEqual({ exportId, nonce: NONCE });
  });

  it.each([
    'prod',
    'prod.1.jsonl',
    `${NONCE}.jsonl`,
    `prod-${NONCE}.jsonl`,
    `prod.${NONCE}0.jsonl`,
    `prod.${NONCE.toUpperCase()}.jsonl`,
    `prod.${NONCE}/rows.jsonl`,
    `.prod.${NONCE}.jsonl`,
    `_index/${NONCE}.idx`,
  ])('of %s is unknown', (key) => {
    expect(ownerOfKey(key)).toBeNull();
  });
});

describe('object keys', () => {
  it.each([
    'a',
    '2025-12-08/000001-0123456789abcdef.jsonl.gz',
    'date=2025-12-08/project=Grüße 🎉/part.jsonl',
    '.hidden/..two/three..',
    'a'.repeat(255),
    `${'b'.repeat(224)}/`.repeat(3) + 'c'.repeat(225),
  ])('take %j', (key) => {
    expect(objectKeyProblem(key)).toBeNull();
    expect(() => checkObjectKey(key)).not.toThrow();
  });

  it.each([
    ['nothing', '', 'empty'],
    ['a step upwards', '../a', '".."'],
    ['a step upwards inside', 'a/../../b', '".."'],
    ['a step upwards at the end', 'a/..', '".."'],
    ['a step nowhere', 'a/./b', '"."'],
    ['an absolute path', '/etc/passwd', '""'],
    ['two slashes', 'a//b', '""'],
    ['a slash at the end', 'a/', '""'],
    ['a backslash', 'a\\..\\b', 'backslash'],
    ['a null character', 'a\u0000b', 'control'],
    ['a line break', 'a\nb', 'control'],
    ['a C1 control character', 'a\u0085b', 'control'],
    ['half a surrogate pair', 'a\ud83d', 'surrogate'],
    ['a segment over 255 bytes', 'ü'.repeat(128), 'segment'],
    ['a key over 900 bytes', 'abcdefghi/'.repeat(90) + 'a', '900 bytes'],
  ])('refuse %s', (_, key, words) => {
    expect(objectKeyProblem(key)).toContain(words);
    const refusal = expect.objectContaining({ name: 'SinkError', code: 'KEY_INVALID' });
    expect(() => checkObjectKey(key)).toThrow(refusal);
  });

  it('take a key of exactly 900 bytes', () => {
    expect(objectKeyProblem('abcdefghi/'.repeat(89) + 'abcdefghij')).toBeNull();
  });
});

describe('document keys', () => {
  it.each(['a', 'exports/prod_EU-1/checkpoint', 'a'.repeat(200)])('take %j', (key) => {
    expect(() => checkDocumentKey(key)).not.toThrow();
  });

  it.each([
    ['nothing', ''],
    ['two slashes', 'a//b'],
    ['a slash at the start', '/a'],
    ['a slash at the end', 'a/'],
    ['a dot', 'a.json'],
    ['a step upwards', '../a'],
    ['a space', 'a b'],
    ['a letter outside ASCII', 'grün'],
    ['a line break at the end', 'a\n'],
    ['201 characters', 'a'.repeat(201)],
  ])('refuse %s', (_, key) => {
    const refusal = expect.objectContaining({ name: 'CheckpointError', code: 'KEY_INVALID' });
    expect(() => checkDocumentKey(key)).toThrow(refusal);
  });
});
