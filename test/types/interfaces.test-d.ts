import { describe, expectTypeOf, it } from 'vitest';

import {
  isExportError,
  type CursorStore,
  type Encoder,
  type ErrorCode,
  type ExportError,
  type ExportEvent,
  type Json,
  type KeyStrategy,
  type ObjectWriter,
  type Observer,
  type Page,
  type PreparedObject,
  type Row,
  type RowBatch,
  type Runtime,
  type SaveOptions,
  type Sink,
  type Source,
} from 'tracehaul';

describe('the types of the front door', () => {
  it('narrow an unknown error to one with a known code', () => {
    const inspect = (error: unknown): void => {
      if (isExportError(error)) {
        expectTypeOf(error).toEqualTypeOf<ExportError>();
        expectTypeOf(error.code).toEqualTypeOf<ErrorCode>();
      } else {
        expectTypeOf(error).toEqualTypeOf<unknown>();
      }
    };
    inspect(undefined);
    expectTypeOf(isExportError).parameter(1).toEqualTypeOf<ErrorCode | undefined>();
    expectTypeOf<'NO_SUCH_CODE'>().not.toExtend<ErrorCode>();
  });

  it('make JSON of plain values only', () => {
    expectTypeOf<{ a: [1, 'b', null, true] }>().toExtend<Json>();
    expectTypeOf<Date>().not.toExtend<Json>();
    expectTypeOf<undefined>().not.toExtend<Json>();
    expectTypeOf<bigint>().not.toExtend<Json>();
    expectTypeOf<() => void>().not.toExtend<Json>();
  });

  it('let a source yield plain rows or a batch', () => {
    expectTypeOf<{ rows: Row[]; cursor: string }>().toExtend<Page>();
    expectTypeOf<{ rows: RowBatch; cursor: string }>().toExtend<Page>();
    expectTypeOf<{ rows: Row[] }>().not.toExtend<Page>();
    expectTypeOf<Source['read']>().returns.toEqualTypeOf<AsyncIterable<Page>>();
  });

  it('let an encoder answer at once or later', () => {
    expectTypeOf<Awaited<ReturnType<Encoder['open']>>>().toHaveProperty('finish');
    expectTypeOf<KeyStrategy['key']>().returns.toEqualTypeOf<string>();
  });

  it('demand a revision for every save', () => {
    expectTypeOf<{}>().not.toExtend<SaveOptions>();
    expectTypeOf<{ ifRevision: null }>().toExtend<SaveOptions>();
    type DeleteOptions = Parameters<CursorStore['delete']>[1];
    expectTypeOf<{ ifRevision: null }>().not.toExtend<DeleteOptions>();
  });

  it('carry a prepared object through JSON', () => {
    expectTypeOf<PreparedObject['token']>().toEqualTypeOf<Json>();
    expectTypeOf<ObjectWriter['prepare']>().returns.resolves.toEqualTypeOf<PreparedObject>();
    expectTypeOf<Sink['commit']>().parameter(0).toEqualTypeOf<PreparedObject>();
    expectTypeOf<Sink['commit']>().returns.resolves.toEqualTypeOf<'committed' | 'unresolved'>();
  });

  it('tell events apart by their type', () => {
    const handle = (event: ExportEvent): void => {
      if (event.type === 'commit') expectTypeOf(event.manifestKey).toEqualTypeOf<string>();
      if (event.type === 'retry') expectTypeOf(event.delayMs).toEqualTypeOf<number>();
    };
    expectTypeOf(handle).toExtend<Observer>();
  });

  it('reach time through the runtime alone', () => {
    expectTypeOf<Runtime['now']>().returns.toEqualTypeOf<Date>();
    expectTypeOf<Runtime['sleep']>().returns.toEqualTypeOf<Promise<void>>();
  });
});
