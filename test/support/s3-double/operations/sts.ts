import { randomUUID } from 'node:crypto';

import { authenticate } from '../access/signature.js';
import { sha256Hex } from '../access/canonical-request.js';
import type { Answer, World } from '../exchange.js';
import { Refusal } from '../refusal.js';
import type { Principal } from '../access/accounts.js';
import type { Target } from '../server/target.js';
import type { DoubleRole } from '../types.js';
import { declaration, element, group } from '../xml.js';

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
const VERSION = '2011-06-15';
const SESSION_SECONDS_MIN = 900;
const SESSION_SECONDS_DEFAULT = 3600;
const NAME_PATTERN = /^[\w+=,.@-]{2,64}$/;
const EXTERNAL_ID_PATTERN = /^[\w+=,.@:/-]{2,1224}$/;
const ASSUME_ROLE_PARAMETERS: ReadonlySet<string> = new Set([
  'Action',
  'Version',
  'RoleArn',
  'RoleSessionName',
  'DurationSeconds',
  'ExternalId',
]);

/** Codes under which STS speaks of what S3 names otherwise. */
const CODES: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'InvalidClientTokenId',
  InvalidToken: 'InvalidClientTokenId',
  NotImplemented: 'InvalidAction',
};

/** A request to STS, which lives at the root of the same address. */
export interface StsRequest {
  readonly target: Target;
  readonly body: Buffer;
}

/** Whether a request is for STS. */
export function isStsRequest(target: Target): boolean {
  const type = target.headers['content-type'] ?? '';
  const isForm = type.startsWith('application/x-www-form-urlencoded');
  return target.method === 'POST' && target.rawPath === '/' && isForm;
}

/** The name of the action, for the log. */
export function stsAction(body: Buffer): string {
  return new URLSearchParams(body.toString()).get('Action') ?? 'Unknown';
}

/** Answers AssumeRole and GetCallerIdentity. Throws a `Refusal`. */
export function answerSts(world: World, request: StsRequest): Answer {
  const { principal } = authenticate(request.target, {
    accounts: world.accounts,
    regions: [world.behaviour.region],
    service: 'sts',
    now: world.behaviour.now(),
    bodyHash: sha256Hex(request.body),
  });
  const form = new URLSearchParams(request.body.toString());
  if (form.get('Version') !== VERSION) throw invalid(`Version is not ${VERSION}`);
  const action = form.get('Action');
  if (action === 'AssumeRole') return assumeRole(world, principal, form);
  if (action === 'GetCallerIdentity') return callerIdentity(principal);
  throw new Refusal('NotImplemented', 'This double does not implement the action.');
}

/** The body of an error of STS. */
export function stsError(refusal: Refusal): string {
  const code = CODES[refusal.code] ?? refusal.code;
  const error = [
    element('Type', 'Sender'),
    element('Code', code),
    element('Message', refusal.message),
  ];
  return document('ErrorResponse', [group('Error', error), element('RequestId', randomUUID())]);
}

function assumeRole(world: World, principal: Principal, form: URLSearchParams): Answer {
  const unknown = [...form.keys()].find((name) => !ASSUME_ROLE_PARAMETERS.has(name));
  if (unknown !== undefined) {
    throw new Refusal('NotImplemented', `This double does not implement ${unknown}.`);
  }
  const arn = form.get('RoleArn') ?? '';
  const name = form.get('RoleSessionName') ?? '';
  const externalId = form.get('ExternalId');
  if (!arn.startsWith('arn:')) throw invalid('roleArn is not an ARN');
  if (!NAME_PATTERN.test(name)) throw invalid('roleSessionName has an illegal form');
  if (externalId !== null && !EXTERNAL_ID_PATTERN.test(externalId)) {
    throw invalid('externalId has an illegal form');
  }
  const role = world.accounts.role(arn);
  const attempt = { principal, action: 'sts:AssumeRole', bucket: null, key: null };
  const isTrusted = role !== null && trusts(role, principal, externalId);
  if (!isTrusted || !world.permissions.allows(attempt)) throw notTrusted(principal, arn);
  const seconds = readDuration(form, role);
  const expires = new Date(world.behaviour.now().getTime() + seconds * 1000);
  const session = world.accounts.openSession(role, name, expires);
  const credentials = group('Credentials', [
    element('AccessKeyId', session.accessKeyId),
    element('SecretAccessKey', session.secretAccessKey),
    element('SessionToken', session.token),
    element('Expiration', session.expires.toISOString()),
  ]);
  const user = group('AssumedRoleUser', [
    element('Arn', session.arn),
    element('AssumedRoleId', `AROADOUBLE:${name}`),
  ]);
  return answer('AssumeRole', [credentials, user]);
}

function callerIdentity(principal: Principal): Answer {
  return answer('GetCallerIdentity', [
    element('Arn', principal.arn),
    element('UserId', principal.accessKeyId),
    element('Account', principal.arn.split(':')[4] ?? ''),
  ]);
}

/** A role that names an external id is closed to everyone who does not. */
function trusts(role: DoubleRole, principal: Principal, externalId: string | null): boolean {
  if (role.externalId !== undefined && role.externalId !== externalId) return false;
  return role.trusts.includes(principal.accessKeyId);
}

function readDuration(form: URLSearchParams, role: DoubleRole): number {
  const most = role.sessionSeconds ?? SESSION_SECONDS_DEFAULT;
  const text = form.get('DurationSeconds');
  if (text === null) return Math.min(SESSION_SECONDS_DEFAULT, most);
  const seconds = Number(text);
  if (!/^\d{1,6}$/.test(text) || seconds < SESSION_SECONDS_MIN) {
    throw invalid(`durationSeconds must be at least ${SESSION_SECONDS_MIN}`);
  }
  if (seconds <= most) return seconds;
  throw invalid('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
}

function notTrusted(principal: Principal, roleArn: string): Refusal {
  return new Refusal(
    'AccessDenied',
    `User: ${principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
  );
}

function invalid(message: string): Refusal {
  return new Refusal('ValidationError', message);
}

function answer(action: string, result: readonly string[]): Answer {
  const metadata = group('ResponseMetadata', [element('RequestId', randomUUID())]);
  const body = document(`${action}Response`, [group(`${action}Result`, result), metadata]);
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}

function document(root: string, children: readonly string[]): string {
  return `${declaration()}<${root} xmlns="${NAMESPACE}">${children.join('')}</${root}>`;
}
