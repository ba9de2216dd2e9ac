import type { AttachmentFetcher } from '../../interfaces/index.js';
import type { OptionReader } from '../../options/index.js';

const MEBIBYTE = 1024 * 1024;

/** How the files that rows name are copied beside the export. */
export interface AttachmentsOptions {
  /** Knows references and reads files, such as `braintrustAttachments({ client })`. */
  readonly fetcher: AttachmentFetcher;
  /**
   * Largest file that is copied, in bytes. So much memory is used for each of `concurrency` files.
   * @defaultValue 26_214_400 (25 MiB)
   */
  readonly maxBytes?: number | undefined;
  /**
   * Media types to copy, such as `image/*` or `application/pdf`. References of other types stay as they are.
   * @defaultValue all, and references without one
   */
  readonly contentTypes?: readonly string[] | undefined;
  /**
   * What happens to a row whose file cannot be copied. `record`: it is exported, and its reference says why.
   * `reject`: it is a bad row, which `onBadRow` decides about.
   * @defaultValue 'record'
   */
  readonly onFailure?: 'record' | 'reject' | undefined;
  /**
   * Files copied at a time.
   * @defaultValue 2
   */
  readonly concurrency?: number | undefined;
  /**
   * Most time for one file, in milliseconds; then it is `unavailable`.
   * @defaultValue 300_000
   */
  readonly timeoutMs?: number | undefined;
}

export type AttachmentSettings = Required<{
  readonly [Name in keyof AttachmentsOptions]: Exclude<AttachmentsOptions[Name], undefined>;
}>;

/** Reads the option `attachments`, which may be left out. */
export function readAttachments(reader: OptionReader): AttachmentSettings | undefined {
  if (!reader.has('attachments')) return undefined;
  return reader.group('attachments', (group) =>
    Object.freeze({
      fetcher: group.adapter<AttachmentFetcher>('fetcher', ['name', 'types', 'read', 'fetch']),
      maxBytes: group.number('maxBytes', 25 * MEBIBYTE, { min: 1, max: 1024 * MEBIBYTE }),
      contentTypes: readContentTypes(group),
      onFailure: group.oneOf<'record' | 'reject'>('onFailure', ['record', 'reject'], 'record'),
      concurrency: group.number('concurrency', 2, { min: 1, max: 32 }),
      timeoutMs: group.number('timeoutMs', 300_000, { min: 1, max: 3_600_000 }),
    }),
  );
}

function readContentTypes(reader: OptionReader): readonly string[] {
  const types = reader.strings('contentTypes', ['*/*']);
  const wrong = types.find((type) => !/^(?:\*\/\*|[^\s/*]+\/(?:\*|[^\s/*]+))$/.test(type));
  if (wrong !== undefined)
    reader.problem('contentTypes', `holds ${JSON.stringify(wrong)}, which is no media type`);
  return types;
}

/** Whether a file of this media type is to be copied; parameters such as a charset do not matter. */
export function isWanted(contentType: string | null, wanted: readonly string[]): boolean {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return wanted.some((pattern) => {
    if (pattern === '*/*') return true;
    const lower = pattern.toLowerCase();
    return lower.endsWith('/*') ? type.startsWith(lower.slice(0, -1)) : type === lower;
  });
}
