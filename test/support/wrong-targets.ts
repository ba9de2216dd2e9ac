import type {
  OperationOptions,
  RetentionScope,
  RetentionTarget,
  SendWindow,
  TargetReader,
  TargetRow,
  TargetUnit,
  UnitPage,
} from '../../src/interfaces/index.js';
import type { TargetFixture } from '../../src/testing/contracts/target-contract.js';
import { targetFixture } from './targets-fixture.js';

/** A target with one fault, and the case that must catch it. */
export interface WrongTarget {
  readonly fault: string;
  readonly caught: string;
  readonly create: () => Promise<TargetFixture>;
}

type Reader = Required<TargetReader>;
type Change<T> = (right: T, fixture: TargetFixture) => Partial<T>;

/** Changes members of the target itself. */
function wrong(fault: string, caught: string, change: Change<RetentionTarget>): WrongTarget {
  const create = async (): Promise<TargetFixture> => {
    const fixture = await targetFixture('experiments');
    return { ...fixture, target: { ...fixture.target, ...change(fixture.target, fixture) } };
  };
  return { fault, caught, create };
}

/** Changes members of its readers. */
function wrongReader(fault: string, caught: string, change: Change<Reader>): WrongTarget {
  return wrong(fault, caught, (right, fixture) => ({
    open: async (scope, options) => {
      const reader = membersOf((await right.open(scope, options)) as Reader);
      return { ...reader, ...change(reader, fixture) };
    },
  }));
}

function membersOf(reader: Reader): Reader {
  return {
    survey: (options) => reader.survey(options),
    units: (cursor, options) => reader.units(cursor, options),
    reread: (batch, options) => reader.reread(batch, options),
    remove: (rows, options) => reader.remove(rows, options),
    remaining: (rows, options) => reader.remaining(rows, options),
    removeObject: (object, options) => reader.removeObject(object, options),
    objectRemains: (object, options) => reader.objectRemains(object, options),
  };
}

/** Changes the pages of a right reader. */
function wrongPages(
  fault: string,
  caught: string,
  change: (page: UnitPage, index: number, cursor: string | null) => UnitPage | null,
): WrongTarget {
  return wrongReader(fault, caught, (right) => ({
    units: async function* (cursor, options) {
      let index = 0;
      for await (const page of right.units(cursor, options)) {
        const given = change(page, index, cursor);
        if (given !== null) yield given;
        index += 1;
      }
    },
  }));
}

/** Changes every unit that a right reader gives. */
function wrongUnits(
  fault: string,
  caught: string,
  change: (unit: TargetUnit) => TargetUnit,
): WrongTarget {
  return wrongPages(fault, caught, (page) => ({ ...page, units: page.units.map(change) }));
}

const withRows = (unit: TargetUnit, rows: readonly TargetRow[]): TargetUnit => ({ ...unit, rows });

const inNoTime = (options: OperationOptions & SendWindow): OperationOptions & SendWindow => ({
  ...options,
  notBefore: new Date(0),
  notAfter: new Date(8.64e15),
});

const withoutSignal: Change<RetentionTarget> = (right) => ({
  open: async (scope) => {
    const reader = membersOf((await right.open(scope, {})) as Reader);
    return { ...reader, units: (cursor) => reader.units(cursor, {}) };
  },
});

async function twice(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch {
    await work();
  }
}

const WRONG_UNITS: readonly WrongTarget[] = [
  wrong('has a name with spaces', 'names itself', () => ({ name: 'My Target' })),
  wrongUnits('cuts a unit', 'every unit in the scope is given, whole', (unit) =>
    withRows(unit, unit.rows.slice(1)),
  ),
  wrong('knows no cutoff', 'no unit that has nothing in the scope is given', (right) => ({
    open: (scope: RetentionScope, options) =>
      right.open({ ...scope, cutoff: new Date('2100-01-01') }, options),
  })),
  wrong('orders units by chance', 'units come in the same order each time', (right) => {
    let reads = 0;
    return {
      open: async (scope, options) => {
        const reader = membersOf((await right.open(scope, options)) as Reader);
        reads += 1;
        const units = reads % 2 === 0 ? backwards(reader) : reader.units.bind(reader);
        return { ...reader, units };
      },
    };
  }),
  wrongPages('repeats a cursor', 'every page moves the cursor', (page) => ({
    ...page,
    cursor: 'here',
  })),
  wrongPages(
    'loses a page',
    'a read from the end of any page goes on as one read would',
    (page, index, cursor) => (cursor !== null && index === 0 ? null : page),
  ),
  wrongReader(
    'begins anew',
    'a read from the end of any page goes on as one read would',
    (right) => ({ units: (_cursor, options) => right.units(null, options) }),
  ),
  wrongUnits('gives roots first', 'rows that others hang on come last', (unit) =>
    withRows(unit, unit.rows.toReversed()),
  ),
  wrongPages('counts nothing', 'a page says how many rows were read for it', (page) => ({
    ...page,
    rowsRead: 0,
  })),
  wrongPages('collects cursors', 'cursors stay below 16 KiB', (page) => ({
    ...page,
    cursor: page.cursor.padEnd(20_000, ' '),
  })),
  wrongReader('starts from zero at a bad cursor', 'a foreign cursor is refused', (right) => ({
    units: (cursor, options) => right.units(isWhole(cursor) ? cursor : null, options),
  })),
  wrongReader('counts too few', 'a survey counts no fewer candidates than there are', (right) => ({
    survey: async (options) => ({ ...(await right.survey(options)), candidates: 1 }),
  })),
  wrongReader('gives days backwards', 'the days of a survey add up, and ascend', (right) => ({
    survey: async (options) => {
      const survey = await right.survey(options);
      return { ...survey, days: survey.days.toReversed() };
    },
  })),
];

const WRONG_HOLDS: readonly WrongTarget[] = [
  wrongUnits('hides holds', 'a hold by id exempts the row, and nothing else', (unit) =>
    withRows(
      unit,
      unit.rows.map((row) => ({ ...row, heldBy: [] })),
    ),
  ),
  wrongUnits('exempts all rows', 'holds exempt what they are about, and nothing else', (unit) =>
    withRows(
      unit,
      unit.rows.map((row) => ({ ...row, heldBy: [0] })),
    ),
  ),
  wrongUnits(
    'hides holds of objects',
    'holds exempt what they are about, and nothing else',
    (unit) => ({ ...unit, object: unit.object && { ...unit.object, heldBy: [] } }),
  ),
  wrongUnits('tells one hold only', 'several holds are told apart by their places', (unit) =>
    withRows(
      unit,
      unit.rows.map((row) => ({ ...row, heldBy: row.heldBy.slice(0, 1) })),
    ),
  ),
  wrong(
    'leaves a filter out',
    'a filter that is no expression is refused before anything is read',
    (right) => ({
      open: (scope, options) =>
        right.open({ ...scope, holds: scope.holds.filter((hold) => !('filter' in hold)) }, options),
    }),
  ),
];

/** Gives what was read before. */
const fromMemory: Change<Reader> = (_right, { now }) => ({
  reread: (batch) => Promise.resolve({ units: batch.units, readAt: now() }),
});

const WRONG_REREADS: readonly WrongTarget[] = [
  wrongReader('gives nothing', 'a second reading gives units as they are', (right) => ({
    reread: async (batch, options) => ({ ...(await right.reread(batch, options)), units: [] }),
  })),
  wrongReader('tells when it ended', 'a second reading tells when it began', (right, { now }) => ({
    reread: async (batch, options) => {
      const reread = await right.reread(batch, options);
      return { ...reread, readAt: new Date(now().getTime() + 1) };
    },
  })),
  ...[
    'a second reading sees a row that was written anew',
    'a second reading leaves out a row that is gone',
    'a second reading sees a new row of the unit',
    'a second reading gives nothing of an object that is gone',
  ].map((caught) => wrongReader('reads from memory', caught, fromMemory)),
  wrongReader(
    'reads only what it is asked for',
    'a second reading of a part gives its own rows, and those that are too new',
    fromMemory,
  ),
];

const WRONG_REMOVALS: readonly WrongTarget[] = [
  wrongReader('leaves a row', 'rows that are named are removed, and no others', (right) => ({
    remove: (rows, options) => right.remove(rows.slice(1), options),
  })),
  wrongReader('ignores the window', 'removing sends nothing out of its time', (right) => ({
    remove: (rows, options) => right.remove(rows, inNoTime(options)),
  })),
  wrongReader('repeats', 'removing is not repeated when its answer is lost', (right) => ({
    remove: (rows, options) => twice(() => right.remove(rows, options)),
  })),
  wrongReader('looks for one version', 'what remains is told, in any version', (right) => ({
    remaining: async (rows, options) => {
      const found = await right.remaining(rows, options);
      return found.filter(({ version }) => rows.some((row) => row.version === version));
    },
  })),
  wrongReader('believes an answer', 'what an agreed removal has left remains', () => ({
    remaining: () => Promise.resolve([]),
  })),
  wrongReader('believes nothing', 'after a removal nothing remains', () => ({
    remaining: (rows) => Promise.resolve(rows),
  })),
  wrongReader('agrees and does nothing', 'an object that is removed does not remain', () => ({
    removeObject: () => Promise.resolve(),
  })),
  wrongReader(
    'ignores the window',
    'removing an object sends nothing out of its time',
    (right) => ({
      removeObject: (object, options) => right.removeObject(object, inNoTime(options)),
    }),
  ),
  wrongReader('repeats', 'removing an object is not repeated when its answer is lost', (right) => ({
    removeObject: (object, options) => twice(() => right.removeObject(object, options)),
  })),
];

const WRONG_LIVES: readonly WrongTarget[] = [
  wrong('has parts of seconds', 'the clock is in whole seconds', () => ({
    now: () => Promise.resolve(new Date(1)),
  })),
  wrong('has one version for all times', 'versions of a time are above all earlier ones', () => ({
    versionAt: () => '0',
  })),
  ...[
    'an abort before an operation rejects with its reason, and sends nothing',
    'an abort during an operation rejects with its reason',
    'an abort between pages rejects with its reason',
  ].map((caught) => wrong('ignores a signal', caught, withoutSignal)),
  wrong(
    'throws from its probe',
    'a probe tells its steps, does not throw and deletes nothing',
    () => ({
      probe: async function* () {
        yield { step: 'query', outcome: 'passed', detail: 'fine' } as const;
        throw new Error('no');
      },
    }),
  ),
];

export const WRONG_TARGETS: readonly WrongTarget[] = [
  ...WRONG_UNITS,
  ...WRONG_HOLDS,
  ...WRONG_REREADS,
  ...WRONG_REMOVALS,
  ...WRONG_LIVES,
];

function backwards(reader: Reader): Reader['units'] {
  return async function* (cursor, options) {
    const pages: UnitPage[] = [];
    for await (const page of reader.units(cursor, options)) pages.push(page);
    yield* pages.toReversed();
  };
}

function isWhole(cursor: string | null): boolean {
  return cursor !== null && cursor.endsWith('}') && cursor.includes('createdMs');
}
