import { seededRandom } from '../adapters/seeded-random.js';
import { jsonAnswer } from './exchange.js';
import type { Answer, Exchange } from './exchange.js';
import { randomHex, randomUuid } from './random.js';
import type { Random } from './random.js';
import { badRequest, Refusal, unsupported } from './refusal.js';
import { refuseUnsigned, sign, signedPath } from './storage-answers.js';
import type { Signed, StorageRequest } from './storage-answers.js';

/** A file to put beside the rows. */
export interface NewAttachment {
  readonly content: Uint8Array | string;
  /** @defaultValue `'file'` */
  readonly filename?: string;
  /** @defaultValue `'application/octet-stream'` */
  readonly contentType?: string;
  /** Where a file lies that is not the service's own: makes an external attachment. @defaultValue none */
  readonly url?: string;
  /** How far its upload is. @defaultValue `'done'` */
  readonly uploadStatus?: 'uploading' | 'done' | 'error';
  /** Why the upload failed. @defaultValue none */
  readonly errorMessage?: string;
}

/** What stands in a row for a file, at any depth. */
export type AttachmentReference =
  | {
      readonly type: 'braintrust_attachment';
      readonly filename: string;
      readonly content_type: string;
      readonly key: string;
    }
  | {
      readonly type: 'external_attachment';
      readonly filename: string;
      readonly content_type: string;
      readonly url: string;
    };

interface KeptAttachment {
  readonly path: string;
  readonly content: Buffer;
  readonly contentType: string;
  readonly status: Readonly<Record<string, string>>;
  signed: Signed | null;
}

const PARAMETERS: ReadonlySet<string> = new Set([
  'key',
  'url',
  'filename',
  'content_type',
  'org_id',
]);

/** The files that rows refer to. They lie in the storage of another origin, behind signed URLs. */
export class Attachments {
  readonly #now: () => Date;
  readonly #organizationId: string;
  readonly #storageUrl: () => string;
  readonly #random: Random;
  /** By their keys, external ones by their URLs. */
  readonly #byPlace = new Map<string, KeptAttachment>();
  readonly #byPath = new Map<string, KeptAttachment>();

  constructor(options: {
    readonly now: () => Date;
    readonly organizationId: string;
    /** The origin of the storage. */
    readonly storageUrl: () => string;
    readonly seed: number;
  }) {
    this.#now = options.now;
    this.#organizationId = options.organizationId;
    this.#storageUrl = options.storageUrl;
    this.#random = seededRandom(options.seed);
  }

  /** Keeps a file and gives what stands for it in a row. */
  put(attachment: NewAttachment): AttachmentReference {
    const { content, filename = 'file', contentType = 'application/octet-stream' } = attachment;
    const { url, uploadStatus = 'done', errorMessage } = attachment;
    const key = randomUuid(this.#random);
    const kept: KeptAttachment = {
      path: `/attachments/${key}`,
      content: typeof content === 'string' ? Buffer.from(content) : Buffer.from(content),
      contentType,
      status: {
        upload_status: uploadStatus,
        ...(errorMessage === undefined ? {} : { error_message: errorMessage }),
      },
      signed: null,
    };
    this.#byPlace.set(url ?? key, kept);
    this.#byPath.set(kept.path, kept);
    const common = { filename, content_type: contentType };
    return url === undefined
      ? { type: 'braintrust_attachment', ...common, key }
      : { type: 'external_attachment', ...common, url };
  }

  /** `GET /attachment`: where the file can be fetched, and how far its upload is. */
  describe({ parameters }: Exchange): Answer {
    for (const name of parameters.keys())
      if (!PARAMETERS.has(name)) throw unsupported(`the parameter \`${name}\``);
    const place = parameters.get('key') ?? parameters.get('url');
    if (place === null) throw badRequest('`key` or `url` is required.');
    const organization = parameters.get('org_id') ?? this.#organizationId;
    const kept = organization === this.#organizationId ? this.#byPlace.get(place) : undefined;
    if (kept === undefined) throw new Refusal(404, 'Attachment not found.', { form: 'text' });
    kept.signed = sign(randomHex(this.#random, 64), this.#now());
    const downloadUrl = this.#storageUrl() + signedPath(kept.path, kept.signed);
    return jsonAnswer({ downloadUrl, status: kept.status });
  }

  /** Answers a request for a file itself. What is not uploaded is not there. */
  fetch(request: StorageRequest): Answer {
    const kept = this.#byPath.get(request.url.pathname);
    const uploaded = kept?.status['upload_status'] === 'done';
    const refusal = refuseUnsigned(request, uploaded ? kept.signed : null, this.#now());
    if (refusal !== null || kept === undefined) return refusal as Answer;
    return { status: 200, headers: { 'Content-Type': kept.contentType }, body: kept.content };
  }
}
