import { expect } from 'vitest';

import { isExportError, type ErrorCode } from '../../src/errors/index.js';
import type { ExportEvent, Sink } from '../../src/interfaces/index.js';
import {
  openProof,
  type Proof,
  type ProofFloor,
  type ProofSettings,
  type RowProof,
} from '../../src/retention/proof/proof.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import { override } from './override.js';
import { EXPORT_ID, PROJECT, type WrittenRow } from './written-commits.js';

/** Settings of a proof over a sink; what is given replaces the defaults. */
export function proofSettings(sink: Sink, members: Partial<ProofSettings> = {}): ProofSettings {
  return {
    sink,
    exportId: EXPORT_ID,
    policyId: 'policy',
    verify: 'head',
    allowTransformed: false,
    runtime: manualClock(),
    sourceProblem: () => null,
    state: { unsettled: new Set(), lastManifestKey: null },
    ...members,
  };
}

/** Opens a proof over a sink. */
export async function proofOver(
  sink: Sink,
  members: Partial<ProofSettings> & { readonly from?: ProofFloor | null } = {},
): Promise<Proof> {
  const { from, ...settings } = members;
  return await openProof(proofSettings(sink, settings), { from }, {});
}

/** What a proof says of rows of the one project: `proven`, or why not. */
export async function verdicts(
  proof: Proof,
  rows: readonly WrittenRow[],
  events: ExportEvent[] = [],
): Promise<string[]> {
  const names = rows.map((row) => ({ ...row, objectId: PROJECT }));
  const proofs = await proof.prove(names, { observer: (event) => events.push(event) });
  return proofs.map(verdict);
}

function verdict(proof: RowProof): string {
  return proof.state === 'proven' ? 'proven' : proof.why;
}

/** Rows of one version each, versions of four digits. */
export function rowsOf(...versions: readonly number[]): WrittenRow[] {
  return versions.map((version) => ({
    id: `row-${version}`,
    version: String(version).padStart(4, '0'),
  }));
}

/** A sink that notes which objects it was asked for. */
export function watched(sink: Sink): {
  readonly sink: Sink;
  readonly gets: string[];
  readonly heads: string[];
} {
  const gets: string[] = [];
  const heads: string[] = [];
  const watching = override<Sink>(sink, {
    get: async (key, options) => {
      gets.push(key);
      return await sink.get(key, options);
    },
    head: async (key, options) => {
      heads.push(key);
      return await sink.head(key, options);
    },
  });
  return { sink: watching, gets, heads };
}

/** Requires that something is refused with an error of this code, and gives its message. */
export async function refusal(work: Promise<unknown>, code: ErrorCode): Promise<string> {
  const error: unknown = await work.then(
    () => new Error('nothing was refused'),
    (reason: unknown) => reason,
  );
  if (!isExportError(error, code)) throw error;
  expect(error.remedy).toBeTruthy();
  return error.message;
}
