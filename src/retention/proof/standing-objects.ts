import { SinkError } from '../../errors/index.js';
import type { ManifestObject } from '../../exporter/manifest.js';
import type { OperationOptions, Runtime, Sink } from '../../interfaces/index.js';
import { inOrder } from '../../util/in-order.js';
import { sameChecksum } from '../../util/object-checksum.js';
import { emit } from '../../util/observe.js';
import { readContent } from './read-content.js';

/** So long is believed that an object stands where it stood. */
const CHECK_AGAIN_MS = 10 * 60 * 1000;
const CHECKS_AT_ONCE = 4;

/** Why an object proves nothing any more. */
export type RetiredProof = 'object-missing' | 'object-changed';

/** By what an object was held to be the one that was written. `size` where the store tells no checksum. */
export type CheckedBy = 'size' | 'checksum' | 'content';

/** What is known of an object. */
export type Standing =
  | { readonly stands: true; readonly checkedBy: CheckedBy }
  | { readonly stands: false; readonly why: RetiredProof };

export interface StandingSettings {
  readonly sink: Sink;
  readonly runtime: Runtime;
  readonly policyId: string;
  /** `head` asks for size and checksum; `read` reads every object once as well. */
  readonly verify: 'head' | 'read';
}

interface Check {
  readonly standing: Standing;
  readonly atMs: number;
}

/**
 * Which objects still stand. Each is asked for anew after ten minutes, and when the clock went back; one that was
 * found missing or changed stays retired.
 */
export class StandingObjects {
  readonly #settings: StandingSettings;
  readonly #checks = new Map<string, Check>();

  constructor(settings: StandingSettings) {
    this.#settings = settings;
  }

  /**
   * What is known of each of these objects, in their order.
   * @throws what keeps the sink from telling, and `OBJECT_CORRUPT` for an object that never held what it should.
   */
  async check(
    objects: readonly ManifestObject[],
    operation: OperationOptions,
  ): Promise<readonly Standing[]> {
    const standings: Standing[] = [];
    const work = (object: ManifestObject): Promise<Standing> => this.#standing(object, operation);
    for await (const standing of inOrder(objects, CHECKS_AT_ONCE, work)) standings.push(standing);
    return standings;
  }

  async #standing(object: ManifestObject, operation: OperationOptions): Promise<Standing> {
    const { runtime, policyId } = this.#settings;
    const atMs = runtime.now().getTime();
    const known = this.#checks.get(object.key);
    if (known !== undefined && isFresh(known, atMs)) return known.standing;
    const standing = await this.#look(object, known?.standing, operation);
    this.#checks.set(object.key, { standing, atMs });
    if (!standing.stands) {
      const { why } = standing;
      emit(operation.observer, { type: 'proof-retire', policyId, objectKey: object.key, why });
    }
    return standing;
  }

  async #look(
    object: ManifestObject,
    known: Standing | undefined,
    operation: OperationOptions,
  ): Promise<Standing> {
    const { sink, verify } = this.#settings;
    operation.signal?.throwIfAborted();
    const info = await sink.head(object.key, operation);
    if (info === null) return retired('object-missing');
    const match = sameChecksum(object.checksum, info.checksum);
    if (info.bytes !== object.bytes || match === 'different') return retired('object-changed');
    if (known?.stands === true && known.checkedBy === 'content') return known;
    if (verify === 'read') return await this.#read(object, operation);
    return { stands: true, checkedBy: match === 'same' ? 'checksum' : 'size' };
  }

  async #read(object: ManifestObject, operation: OperationOptions): Promise<Standing> {
    const { sink } = this.#settings;
    const stream = await sink.get(object.key, operation);
    if (stream === null) return retired('object-missing');
    const content = await readContent(stream, object, operation);
    if (content.sha256 !== object.sha256) return retired('object-changed');
    if (content.rows !== null && content.rows !== object.rows)
      throw miscounted(object, content.rows);
    return { stands: true, checkedBy: 'content' };
  }
}

function isFresh({ standing, atMs }: Check, nowMs: number): boolean {
  if (!standing.stands) return true;
  return nowMs >= atMs && nowMs - atMs < CHECK_AGAIN_MS;
}

function retired(why: RetiredProof): Standing {
  return { stands: false, why };
}

function miscounted({ key, rows }: ManifestObject, found: number | 'unreadable'): SinkError {
  return new SinkError(
    'OBJECT_CORRUPT',
    `The object ${key} is what was written, but its rows are ${found} and not ${rows}.`,
    {
      remedy: 'Export its rows again with reset(); as it is, nothing is proven.',
      details: { key, rows, found },
    },
  );
}
