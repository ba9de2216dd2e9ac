import { type Exporter, settingsOf } from '../../exporter/exporter.js';
import type { ExporterSettings } from '../../exporter/settings.js';
import type { CursorStore, RetentionTarget, Sink } from '../../interfaces/index.js';
import { type OptionReader, kindOf } from '../../options/index.js';
import type { ProofSource } from '../settings.js';

const OPTION = 'requireExported';

/** Which export must hold a row version before the row may go. */
export type RequireExported =
  | Exporter
  | {
      /** An exporter of this process: checked at once. */
      readonly exporter: Exporter;
      readonly verify?: 'head' | 'read' | undefined;
      readonly allowTransformed?: boolean | undefined;
    }
  | {
      /** Where the export writes. */
      readonly sink: Sink;
      readonly exportId: string;
      /**
       * Where the export keeps its checkpoint, which tells whether its newest commit still stands. In a store that has
       * none the newest manifest proves nothing.
       * @defaultValue the `cursorStore` of the policy
       */
      readonly cursorStore?: CursorStore | undefined;
      /**
       * How an object is looked at before rows of it go. `head`: that it is there, with its size and, where the sink
       * tells one, its checksum. `read`: it is read whole, hashed and counted, once in each run.
       * @defaultValue 'head'
       */
      readonly verify?: 'head' | 'read' | undefined;
      /**
       * Take rows that a `transform` changed, or CSV, whose columns are chosen, for exported. The receipts say so.
       * @defaultValue false
       */
      readonly allowTransformed?: boolean | undefined;
    };

/** Reads `requireExported`; `null` for `false`. */
export function readProofOption(
  reader: OptionReader,
  target: RetentionTarget,
  store: CursorStore,
): ProofSource | null {
  const value = reader.value(OPTION);
  if (value === false) return null;
  if (typeof value !== 'object' || value === null) {
    const shown = kindOf(value);
    reader.problem(
      OPTION,
      `must be an exporter, or an object with sink and exportId, not ${shown}; false deletes without proof`,
    );
    return null;
  }
  if ('run' in value)
    return ofExporter(reader, target, { exporter: value, verify: 'head', allowTransformed: false });
  return reader.group(OPTION, (group) => {
    const how = {
      verify: group.oneOf<'head' | 'read'>('verify', ['head', 'read'], 'head'),
      allowTransformed: group.boolean('allowTransformed', false),
    };
    if (group.has('exporter'))
      return ofExporter(reader, target, { exporter: group.value('exporter'), ...how });
    const members = ['location', 'put', 'get', 'head', 'list'];
    return {
      sink: group.adapter<Sink>('sink', members),
      exportId: group.string('exportId'),
      store: group.has('cursorStore') ? group.adapter<CursorStore>('cursorStore', ['load']) : store,
      ...how,
    };
  });
}

function ofExporter(
  reader: OptionReader,
  target: RetentionTarget,
  given: Pick<ProofSource, 'verify' | 'allowTransformed'> & { readonly exporter: unknown },
): ProofSource | null {
  const { exporter, verify, allowTransformed } = given;
  const settings = settingsOf(exporter as Exporter);
  if (settings === null) {
    reader.problem(OPTION, 'must be made by createExporter; of another one give sink and exportId');
    return null;
  }
  const problem = exporterProblem(settings, target, allowTransformed);
  if (problem !== null) reader.problem(OPTION, problem);
  const { sink, exportId, store } = settings;
  return { sink, exportId, store, verify, allowTransformed };
}

function exporterProblem(
  { exportId, source, fingerprint, encoder, transform }: ExporterSettings,
  target: RetentionTarget,
  allowTransformed: boolean,
): string | null {
  const problem = target.proofProblem(fingerprint.source);
  if (problem !== null) return `cannot be the export "${exportId}": its source ${problem}`;
  if (target.objectId !== null && source.readsObject?.(target.objectId) === false)
    return `cannot be the export "${exportId}": its source does not read ${target.objectId}`;
  if (allowTransformed) return null;
  if (transform !== undefined)
    return `cannot be the export "${exportId}": its \`transform\` changes rows, and \`allowTransformed\` is not set`;
  if (encoder.format === 'csv')
    return `cannot be the export "${exportId}": CSV holds chosen columns only, and \`allowTransformed\` is not set`;
  return null;
}
