import pLimit from 'p-limit';
import type { LimitFunction } from 'p-limit';

import { AssertionError, assert } from '../../../errors/index.js';
import type { EncodedRowGroup } from '../row-groups.js';
import { EncodingThread } from './encoding-thread.js';
import { isWorthKeeping } from './group-text.js';
import type { GroupBuffers, GroupText } from './group-text.js';
import type { WorkerSetup } from './messages.js';

/** How the workers of an encoder are started. */
export interface WorkerPoolOptions {
  readonly size: number;
  readonly url: URL | string;
  readonly setup: WorkerSetup;
}

/** A row group that a worker has, or will have as soon as one is free. */
export interface PostedRowGroup {
  readonly group: Promise<EncodedRowGroup>;
}

/**
 * The workers that the open objects of one encoder share. Each is started when there is work for it, and all end
 * with the last object. No more row groups are under way than there are workers.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #limit: LimitFunction;
  readonly #threads = new Set<EncodingThread>();
  readonly #idle: EncodingThread[] = [];
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #spareBuffers: GroupBuffers[] = [];
  #users = 0;
  #isEnded = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#limit = pLimit(options.size);
  }

  /** Whether its last object is gone: the next one needs another pool. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Counts an object in. */
  join(): void {
    assert(!this.#isEnded, 'an object joined workers that had ended');
    this.#users += 1;
  }

  /** Counts an object out, once. Resolves when the workers have ended, if it was the last one. */
  async leave(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#isEnded = true;
    this.#spareBuffers.length = 0;
    const reason = new AssertionError('the object was aborted while a worker had rows of it');
    await Promise.all([...this.#threads].map((thread) => thread.end(reason)));
  }

  /** Buffers that a worker has done with, if there are any. */
  takeBuffers(): GroupBuffers | undefined {
    return this.#spareBuffers.pop();
  }

  /** Hands the rows to a worker, with their buffers. Waits while as many row groups are under way as may be. */
  async post(text: GroupText): Promise<PostedRowGroup> {
    while (this.#underWay.size >= this.#options.size) await Promise.race(this.#underWay);
    const group = this.#limit(() => this.#encode(text));
    void this.#track(group);
    return { group };
  }

  async #track(group: Promise<EncodedRowGroup>): Promise<void> {
    // Whoever waits for the row group is told of its failure.
    const settled = group.then(
      () => undefined,
      () => undefined,
    );
    this.#underWay.add(settled);
    await settled;
    this.#underWay.delete(settled);
  }

  async #encode(text: GroupText): Promise<EncodedRowGroup> {
    assert(!this.#isEnded, 'the object was aborted before a worker had its rows');
    const thread = this.#takeIdle() ?? this.#start();
    try {
      const { group, buffers } = await thread.encode(text);
      this.#keep(buffers);
      return group;
    } finally {
      if (thread.hasFailed) this.#threads.delete(thread);
      else this.#idle.push(thread);
    }
  }

  /** One that has not died while it had nothing to do. */
  #takeIdle(): EncodingThread | undefined {
    for (;;) {
      const thread = this.#idle.pop();
      if (thread === undefined || !thread.hasFailed) return thread;
      this.#threads.delete(thread);
    }
  }

  #start(): EncodingThread {
    const thread = new EncodingThread(this.#options.url, this.#options.setup);
    this.#threads.add(thread);
    return thread;
  }

  #keep(buffers: GroupBuffers): void {
    const hasRoom = this.#spareBuffers.length <= this.#options.size && !this.#isEnded;
    if (hasRoom && isWorthKeeping(buffers)) this.#spareBuffers.push(buffers);
  }
}
