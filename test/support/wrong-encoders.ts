import { gunzipSync, gzipSync } from 'node:zlib';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import type {
  Encoder,
  ObjectEncoder,
  ObjectOrigin,
  Row,
  RowBatch,
} from '../../src/interfaces/index.js';
import { rowBatchFromObjects } from '../../src/rows/row-batch.js';
import { readLines } from './jsonl-readers.js';

/** An encoder that breaks one rule, and a case of the contract that must notice. */
export interface WrongEncoder {
  readonly fault: string;
  readonly caught: string;
  readonly create: () => Encoder;
  readonly read?: (object: Uint8Array) => readonly string[];
}

const plain = jsonlEncoder({ compression: 'none' });

type Overrides = { -readonly [Name in keyof ObjectEncoder]?: ObjectEncoder[Name] };

/** The plain encoder with some members of its objects replaced. */
function encoderWith(change: (object: ObjectEncoder) => Overrides): () => Encoder {
  const open = async (): Promise<ObjectEncoder> => {
    const object = await plain.open();
    const base: ObjectEncoder = {
      get rowCount() {
        return object.rowCount;
      },
      get pendingBytes() {
        return object.pendingBytes;
      },
      write: (rows) => object.write(rows),
      finish: () => object.finish(),
      abort: () => object.abort(),
    };
    const changes = Object.getOwnPropertyDescriptors(change(object));
    return Object.defineProperties(base, changes);
  };
  return () => ({ ...plain, open });
}

/** An object whose last row is its origin, when it has one. */
async function originAmongRows(origin?: ObjectOrigin): Promise<ObjectEncoder> {
  const line = origin === undefined ? '' : `${JSON.stringify(origin)}\n`;
  const create = encoderWith((object) => ({
    finish: async () => [...(await object.finish()), Buffer.from(line)],
  }));
  return create().open();
}

/** The plain encoder with rows replaced on their way in. */
function encoderOf(change: (rows: RowBatch) => RowBatch): () => Encoder {
  return encoderWith((object) => ({ write: (rows) => object.write(change(rows)) }));
}

function keepAll(rows: RowBatch, keep: (index: number) => boolean): RowBatch {
  return rows.select(Array.from({ length: rows.length }, (_, index) => index).filter(keep));
}

/** Gives rows one at a time, so that those before a bad one stay. */
async function writeOneByOne(
  object: ObjectEncoder,
  rows: RowBatch,
): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (let row = 0; row < rows.length; row += 1) {
    chunks.push(...(await object.write(rows.slice(row, row + 1))));
  }
  return chunks;
}

async function withoutBigInts(
  object: ObjectEncoder,
  rows: RowBatch,
): Promise<readonly Uint8Array[]> {
  const texts = rows
    .objects()
    .map((row) =>
      JSON.stringify(row, (_, value) =>
        typeof value === 'bigint' ? String(value) : (value as unknown),
      ),
    );
  return object.write(rowBatchFromObjects(texts.map((text) => JSON.parse(text) as Row)));
}

function recklessObject(): ObjectEncoder {
  let rowCount = 0;
  return {
    get rowCount() {
      return rowCount;
    },
    pendingBytes: 0,
    write: (rows) => {
      const { bytes, bounds } = rows.text();
      rowCount += rows.length;
      return Array.from({ length: rows.length }, (_, row) =>
        Buffer.concat([bytes.subarray(bounds[2 * row], bounds[2 * row + 1]), Buffer.from('\n')]),
      );
    },
    finish: () => [],
    abort: () => undefined,
  };
}

function sharedBuffer(): Encoder {
  const shared = Buffer.alloc(8 * 1024 * 1024);
  return encoderWith((object) => ({
    write: async (rows) => {
      const size = Buffer.concat([...(await object.write(rows))]).copy(shared);
      return [shared.subarray(0, size)];
    },
  }))();
}

function oneObjectForAll(): Encoder {
  const opened = plain.open();
  return { ...plain, open: () => opened };
}

let opened = 0;

export const WRONG_ENCODERS: readonly WrongEncoder[] = [
  {
    fault: 'has an extension without a dot',
    caught: 'names itself in a way that keys, headers and fingerprints can use',
    create: () => ({ ...plain, extension: 'jsonl' }),
  },
  {
    fault: 'gives nothing, where the format needs a header, for no rows',
    caught: 'an object without rows is valid and has none',
    create: encoderWith((object) => {
      const taken: Uint8Array[] = [];
      return {
        write: async (rows) => (taken.push(...(await object.write(rows))), []),
        finish: () => (taken.length === 0 ? [] : [gzipSync(Buffer.concat(taken))]),
      };
    }),
    read: (object) => readLines(gunzipSync(object)),
  },
  {
    fault: 'loses the last bytes',
    caught: 'one row comes back',
    create: encoderWith((object) => ({
      write: async (rows) => [Buffer.concat([...(await object.write(rows))]).subarray(0, -1)],
    })),
  },
  {
    fault: 'drops the last row of a batch',
    caught: 'rows of all shapes come back in order',
    create: encoderOf((rows) => keepAll(rows, (index) => index === 0 || index < rows.length - 1)),
  },
  {
    fault: 'drops a row silently but counts it',
    caught: 'rows of all shapes come back in order',
    create: encoderWith((object) => {
      let rowCount = 0;
      return {
        get rowCount() {
          return rowCount;
        },
        write: (rows) => {
          rowCount += rows.length;
          return object.write(keepAll(rows, (index) => index !== 3));
        },
      };
    }),
  },
  {
    fault: 'turns the order of rows round',
    caught: 'rows given as objects come back',
    create: encoderOf((rows) => rowBatchFromObjects([...rows.objects()].reverse())),
  },
  {
    fault: 'parses rows and writes them anew',
    caught: 'the text of a row comes back as it was',
    create: encoderOf((rows) => rowBatchFromObjects([...rows.objects()])),
  },
  {
    fault: 'leaves line breaks inside of rows',
    caught: 'whitespace between tokens changes nothing',
    create: () => ({ ...plain, open: recklessObject }),
  },
  {
    fault: 'counts batches instead of rows',
    caught: 'many writes make one object, empty batches among them',
    create: encoderWith((object) => {
      let rowCount = 0;
      return {
        get rowCount() {
          return rowCount;
        },
        write: (rows) => ((rowCount += 1), object.write(rows)),
      };
    }),
  },
  {
    fault: 'forgets what does not fit into 1 MiB',
    caught: 'more rows than fit into its buffers come back',
    create: encoderWith((object) => {
      let taken = 0;
      return {
        write: async (rows) => {
          taken += rows.byteLength;
          const chunks = await object.write(rows);
          return taken > 1024 * 1024 ? [] : chunks;
        },
      };
    }),
  },
  {
    fault: 'cuts long rows',
    caught: 'a row of 5 MB comes back',
    create: encoderOf((rows) =>
      keepAll(rows, (index) => rows.slice(index, index + 1).byteLength < 1e6),
    ),
  },
  {
    fault: 'writes the whole buffer of a slice',
    caught: 'slices and selections hold their rows only',
    create: encoderWith((object) => ({
      write: async (rows) => {
        await object.write(rows);
        return [
          Buffer.from(Buffer.from(rows.text().bytes).toString().replaceAll('},{', '}\n{') + '\n'),
        ];
      },
    })),
  },
  {
    fault: 'writes a BigInt as a string',
    caught: 'a row without JSON text is refused and named, and leaves the object as it was',
    create: encoderWith((object) => ({ write: (rows) => withoutBigInts(object, rows) })),
  },
  {
    fault: 'keeps the rows before a refused one',
    caught: 'a row without JSON text is refused and named, and leaves the object as it was',
    create: encoderWith((object) => ({ write: (rows) => writeOneByOne(object, rows) })),
  },
  {
    fault: 'takes bytes that are no text',
    caught: 'a row that is not UTF-8 is refused and named, and leaves the object as it was',
    create: () => ({ ...plain, open: recklessObject }),
  },
  {
    fault: 'writes when and which it is into the object',
    caught: 'the same rows in the same calls give the same bytes',
    create: encoderWith((object) => ({
      finish: async () => [...(await object.finish()), Buffer.from(`{"at":${(opened += 1)}}\n`)],
    })),
  },
  {
    fault: 'writes among the rows which commit they are for',
    caught: 'the commit that an object is made for changes no row',
    create: () => ({ ...plain, open: originAmongRows }),
  },
  {
    fault: 'opens the same object again',
    caught: 'objects of one encoder do not mix',
    create: oneObjectForAll,
  },
  {
    fault: 'gives out one buffer again and again',
    caught: 'bytes that were given out belong to the caller',
    create: sharedBuffer,
  },
  {
    fault: 'writes into the rows',
    caught: 'rows are not changed',
    create: encoderWith((object) => ({
      write: async (rows) => {
        const { bytes } = rows.text();
        for (let at = 0; at < bytes.length; at += 1) if (bytes[at] === 0x0a) bytes[at] = 0x20;
        return object.write(rows);
      },
    })),
  },
  {
    fault: 'estimates half bytes',
    caught: 'pendingBytes is a whole number of bytes',
    create: encoderWith(() => ({ pendingBytes: 0.5 })),
  },
  {
    fault: 'takes rows after its end',
    caught: 'nothing but abort() may follow finish()',
    create: () => ({ ...plain, open: recklessObject }),
  },
  {
    fault: 'takes rows after an abort',
    caught: 'nothing but abort() may follow abort()',
    create: () => ({ ...plain, open: recklessObject }),
  },
  {
    fault: 'cannot be aborted twice',
    caught: 'abort() may come at any time, any number of times',
    create: encoderWith((object) => {
      let aborted = false;
      return {
        abort: () => {
          if (aborted) throw new Error('aborted before');
          aborted = true;
          object.abort();
        },
      };
    }),
  },
];
