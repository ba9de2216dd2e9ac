import { braintrustClient, type BraintrustClient } from '../../src/braintrust/client/client.js';
import type { Exporter } from '../../src/exporter/exporter.js';
import type { RetentionPolicy, RetentionResult } from '../../src/index.js';
import type { CursorStore, Runtime, Sink } from '../../src/interfaces/index.js';
import { type FaultPlan, faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import type { CommitOptions } from '../../src/testing/plane/plane-state.js';
import type { JsonRow } from '../../src/testing/plane/row-shape.js';
import { rowName } from './plane-replay.js';
import { DeletionWatch } from './deletion-watch.js';
import { DAY_MS, HOUR_MS, PolicyWorld, traceEvents } from './policy-world.js';
import { type StoryParts, storyExporter, storyPolicy, TERMS } from './story-parts.js';
import { fetchUnder } from './fetch-under-plan.js';
import { type KnownRow, type Mark, RetentionAudit } from './retention-audit.js';

/** One simulated process: the faults that strike it, and its clock. */
export interface StoryProcess {
  /** @defaultValue no faults */
  readonly plan?: FaultPlan;
  /** @defaultValue the clock of the story */
  readonly runtime?: Runtime;
}

/**
 * A project, an export of it and a retention policy on it, run by processes that can be struck anywhere. Every run of
 * the policy is audited.
 */
export class RetentionStory {
  readonly world: PolicyWorld;
  readonly audit: RetentionAudit;
  readonly watch: DeletionWatch;
  /** Ids of rows that are exempt now. */
  readonly heldIds: Set<string> = new Set();
  /** Rows whose deletion may be lost. */
  readonly lossyIds: Set<string> = new Set();
  readonly #rows = new Map<string, KnownRow>();

  constructor(world: PolicyWorld) {
    this.world = world;
    this.audit = new RetentionAudit(world, this.#rows, TERMS);
    this.watch = new DeletionWatch(world, this.audit.problems);
  }

  static async start(
    place: { readonly sink?: Sink; readonly store?: CursorStore } = {},
  ): Promise<RetentionStory> {
    return new RetentionStory(await PolicyWorld.start(place));
  }

  /** Writes a trace as if it had been written when it was created. */
  write(trace: string, ageDays: number, children = 1): void {
    const created = this.#ago(ageDays);
    this.put(traceEvents(trace, children, created), { at: created });
  }

  /** Writes one more span of a trace, created so many days ago. */
  writeSpan(
    trace: string,
    { id, ageDays, ...options }: CommitOptions & { readonly id: string; readonly ageDays: number },
  ): void {
    const created = this.#ago(ageDays);
    const span = { id, span_id: id, root_span_id: `${trace}-s0`, span_parents: [`${trace}-s0`] };
    this.put([{ ...span, created: created.toISOString() }], { at: created, ...options });
  }

  put(events: readonly JsonRow[], options: CommitOptions): void {
    for (const { id, span_id, root_span_id, created } of events)
      this.#rows.set(String(id), {
        trace: String(root_span_id),
        created: new Date(String(created)),
        isRoot: span_id === root_span_id,
      });
    this.world.plane.insert('project_logs', this.world.projectId, events, options);
  }

  /** Changes rows that are there, now. */
  touch(...ids: readonly string[]): void {
    const events = ids.map((id) => ({ id, _is_merge: true, metadata: { touched: true } }));
    this.world.plane.insert('project_logs', this.world.projectId, events);
  }

  /** Ids of all rows that were ever written. */
  get writtenIds(): readonly string[] {
    return [...this.#rows.keys()];
  }

  client({ plan, runtime }: StoryProcess = {}): BraintrustClient {
    const { plane, clock } = this.world;
    return braintrustClient({
      apiUrl: plane.url,
      apiKey: plane.apiKey,
      requestsPerMinute: Infinity,
      runtime: runtime ?? clock,
      fetch: fetchUnder(plan ?? faultPlan(), (ids) => this.watch.check(ids)),
    });
  }

  exporter(process: StoryProcess = {}): Exporter {
    return storyExporter(this.#parts(process));
  }

  policy(process: StoryProcess = {}): RetentionPolicy {
    return storyPolicy(this.#parts(process));
  }

  #parts(process: StoryProcess): StoryParts {
    const { sink, store, projectId, clock } = this.world;
    const { plan, runtime = clock } = process;
    return {
      client: this.client(process),
      projectId,
      sink: plan === undefined ? sink : faulty(sink, plan),
      cursorStore: plan === undefined ? store : faulty(store, plan),
      runtime,
      heldIds: () => [...this.heldIds],
    };
  }

  /** A run of the export. @returns what it threw, or `null`. */
  async runExport(process: StoryProcess = {}): Promise<unknown> {
    const exporter = this.exporter(process);
    const thrown = await exporter.run().then(
      () => null,
      (error: unknown) => error,
    );
    return process.plan?.crashed === true ? new Error('died') : thrown;
  }

  /** An audited run of the policy. @returns its result, or what it threw. */
  async runPolicy(process: StoryProcess = {}): Promise<RetentionResult | Error> {
    const { result } = await this.audited(async () => {
      const policy = this.policy(process);
      return await policy.run().catch((error: unknown) => error as Error);
    });
    return process.plan?.crashed === true ? new Error('died') : result;
  }

  /** Audits what is done to the policy's rows meanwhile. */
  async audited<T extends RetentionResult | Error>(work: () => Promise<T>): Promise<{ result: T }> {
    const { plane, clock } = this.world;
    const run = {
      from: plane.history.length,
      startedAt: clock.now(),
      mark: await this.mark(),
      heldIds: new Set(this.heldIds),
      lossyIds: this.lossyIds,
    };
    const result = await work();
    const isSwept = !(result instanceof Error) && result.stopReason === 'swept';
    await this.audit.afterRun({ ...run, isSwept });
    return { result };
  }

  /** The present mark, as a new process sees it. */
  async mark(): Promise<Mark | null> {
    return (await this.policy().status()).mark;
  }

  /** Runs the policy without faults, and with time enough, until its mark is swept. */
  async settle(): Promise<void> {
    for (let round = 0; round < 3 && (await this.mark()) !== null; round += 1) {
      await this.world.pass(25 * HOUR_MS);
      const result = await this.runPolicy();
      if (result instanceof Error) throw result;
    }
    if ((await this.mark()) !== null) this.audit.problems.push('the mark came to no end');
  }

  /** Ids of the rows that never go: those of traces that are on hold, or hold what was never exported. */
  async mustStay(): Promise<readonly string[]> {
    const exported = await this.audit.exportedVersions();
    const live = this.world.plane.liveRows('project_logs', this.world.projectId);
    const kept = new Set<unknown>();
    for (const row of live) {
      const id = String(row['id']);
      const name = rowName({ id, version: String(row['_xact_id']) });
      if (this.heldIds.has(id) || !exported.has(name)) kept.add(row['root_span_id']);
    }
    const stays = live.filter((row) => kept.has(row['root_span_id']));
    return stays.map((row) => String(row['id'])).sort();
  }

  #ago(days: number): Date {
    return new Date(this.world.clock.now().getTime() - days * DAY_MS);
  }
}
