import assert from 'node:assert/strict';

import type { RawAnswer } from './raw-request.js';

/** How a request may be refused: a status, and a code where the answer has a body. */
export interface Refusal {
  readonly status: readonly number[];
  /** @defaultValue any code */
  readonly code?: readonly string[];
}

/** A precondition was not met. */
export const PRECONDITION_FAILED: Refusal = { status: [412], code: ['PreconditionFailed'] };

/** The upload was never there, or is no longer. */
export const NO_SUCH_UPLOAD: Refusal = { status: [404], code: ['NoSuchUpload'] };

/** The object is not there. A HEAD request has no body, and so no code. */
export const NOT_FOUND: Refusal = { status: [404], code: ['NoSuchKey', 'NotFound'] };

/** The signature, or who signed, is wrong. */
export const FORBIDDEN: Refusal = { status: [403] };

/** Requires that the request fails, and in this way. */
export async function refused(request: Promise<unknown>, refusal: Refusal): Promise<void> {
  const outcome = await request.then(
    () => 'success',
    (error: unknown) => (fits(refusal, error) ? null : failureText(error)),
  );
  assert.ok(outcome === null, `answered ${outcome} in place of ${refusalText(refusal)}`);
}

/** Requires that a raw request was refused in this way. */
export function refusedAnswer(answer: RawAnswer, refusal: Refusal): void {
  const fits =
    refusal.status.includes(answer.status) && (refusal.code?.includes(answer.code) ?? true);
  assert.ok(fits, `answered ${answer.status} ${answer.code} in place of ${refusalText(refusal)}`);
}

/** Requires that a raw request did what it asked for. */
export function accepted(answer: RawAnswer): void {
  assert.ok(answer.status < 300, `answered ${answer.status} ${answer.code} in place of success`);
}

/** Requires equal bytes, and never prints them. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.length, expected.length, 'another number of bytes came back');
  assert.ok(Buffer.compare(actual, expected) === 0, 'other bytes came back');
}

/** One line on a failed request or check: status and code for a server's answer, else the message. */
export function failureText(error: unknown): string {
  const { status, code } = answerOf(error);
  if (status !== undefined) return `${status} ${code}`;
  return error instanceof Error ? error.message : String(error);
}

/** `success`, or the failure in a line; for requests that may be answered in more than one way. */
export async function outcomeOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'success';
  } catch (error) {
    return failureText(error);
  }
}

function fits(refusal: Refusal, error: unknown): boolean {
  const { status, code } = answerOf(error);
  if (status === undefined || !refusal.status.includes(status)) return false;
  return refusal.code?.includes(code) ?? true;
}

function answerOf(error: unknown): { readonly status: number | undefined; readonly code: string } {
  const { $metadata, name = '' } = error as {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly name?: string;
  };
  return { status: $metadata?.httpStatusCode, code: name };
}

function refusalText({ status, code }: Refusal): string {
  return `${status.join(' or ')} ${code?.join(' or ') ?? ''}`.trim();
}
