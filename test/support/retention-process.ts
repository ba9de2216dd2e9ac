import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { RetentionStory } from './retention-story.js';

const CHILD = fileURLToPath(new URL('retention-child.ts', import.meta.url));

/** What a process does. JSON. */
export interface ChildTask {
  readonly run: 'export' | 'policy';
  readonly folder: string;
  /** Holds the time that the process sees, in milliseconds. */
  readonly clockFile: string;
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly projectId: string;
  readonly heldIds: readonly string[];
  /** Number of the effect after which it waits for a message, or `null`. */
  readonly holdAfter: number | null;
}

/** What a process tells its parent. */
export interface TaskMessage {
  /** Number of the effect that begins. */
  readonly effect?: number;
  /** It waits. */
  readonly holds?: boolean;
  /** Why its run stopped, or the code of its error. */
  readonly end?: string;
}

/** Runs exports and policies of a story in processes of their own, on files in one folder. */
export class RetentionProcesses {
  readonly #story: RetentionStory;
  readonly #folder: string;

  /** @param folder holds the story's sink in `data` and its store in `cursors`. */
  constructor(story: RetentionStory, folder: string) {
    this.#story = story;
    this.#folder = folder;
  }

  /** Shows the story's time to all processes. */
  showTime(): void {
    const { clock } = this.#story.world;
    writeFileSync(join(this.#folder, 'clock'), String(clock.now().getTime()));
  }

  start(run: ChildTask['run'], holdAfter: number | null = null): ChildProcess {
    this.showTime();
    const { plane, projectId } = this.#story.world;
    const task: ChildTask = {
      run,
      folder: this.#folder,
      clockFile: join(this.#folder, 'clock'),
      apiUrl: plane.url,
      apiKey: plane.apiKey,
      projectId,
      heldIds: [...this.#story.heldIds],
      holdAfter,
    };
    return fork(CHILD, [JSON.stringify(task)], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
  }

  /** Kills a process when it has begun an effect. @returns whether it lived to see it. */
  async killAt(run: ChildTask['run'], effect: number): Promise<boolean> {
    const child = this.start(run);
    child.on('message', (message: TaskMessage) => {
      if (message.effect === effect) child.kill('SIGKILL');
    });
    return (await endOf(child)) === 'SIGKILL';
  }
}

/** Why the run of a process stopped, the code of its error, or `SIGKILL`. Rejects when the process itself failed. */
export async function endOf(child: ChildProcess): Promise<string> {
  let errors = '';
  let end = 'nothing';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.on('message', (message: TaskMessage) => {
    end = message.end ?? end;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once('close', (...ended) => resolve(ended));
  });
  if (signal !== null) return signal;
  if (code !== 0) throw new Error(`the process failed with ${code}: ${errors}`);
  return end;
}

/** Resolves when a process waits. */
export async function heldProcess(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve) => {
    child.on('message', (message: TaskMessage) => {
      if (message.holds === true) resolve();
    });
  });
}
