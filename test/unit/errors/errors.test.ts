import { describe, expect, it } from 'vitest';

import {
  AssertionError,
  CheckpointError,
  ConfigurationError,
  EncodeError,
  ExportError,
  RunError,
  SinkError,
  SourceError,
  assert,
  isExportError,
} from '../../../src/errors/index.js';

const CLASSES = [
  ConfigurationError,
  SourceError,
  SinkError,
  EncodeError,
  CheckpointError,
  RunError,
] as const;

describe('ExportError', () => {
  it.each(CLASSES)('%s carries its own name, and is an ExportError and an Error', (Class) => {
    const error = new Class('LIMIT_EXCEEDED', 'Too much.');
    expect(error.name).toBe(Class.name);
    expect(error).toBeInstanceOf(ExportError);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe(`${Class.name}: Too much.`);
  });

  it('adds the remedy to the message, and keeps it apart too', () => {
    const error = new SinkError('SINK_FULL', 'The disk is full.', { remedy: 'Free some space.' });
    expect(error.message).toBe('The disk is full. Free some space.');
    expect(error.remedy).toBe('Free some space.');
  });

  it('is not retryable unless it says so', () => {
    expect(new SourceError('SOURCE_PROTOCOL', 'Odd.').retryable).toBe(false);
    const limited = { retryable: true, retryAfterMs: 1500 };
    expect(new SourceError('SOURCE_RATE_LIMITED', 'Wait.', limited)).toMatchObject(limited);
  });

  it('keeps its cause, and has no such property without one', () => {
    const cause = new Error('socket hang up');
    expect(new SourceError('SOURCE_UNAVAILABLE', 'Gone.', { cause }).cause).toBe(cause);
    expect('cause' in new SourceError('SOURCE_UNAVAILABLE', 'Gone.')).toBe(false);
  });

  it('freezes a copy of its details', () => {
    const details = { status: 503 };
    const error = new SourceError('SOURCE_UNAVAILABLE', 'Gone.', { details });
    details.status = 200;
    expect(error.details).toEqual({ status: 503 });
    expect(Object.isFrozen(error.details)).toBe(true);
    expect(new SinkError('SINK_FULL', 'Full.').details).toEqual({});
  });
});

describe('isExportError', () => {
  it('knows an error by its code', () => {
    const error = new RunError('LEASE_LOST', 'Another worker took over.');
    expect(isExportError(error)).toBe(true);
    expect(isExportError(error, 'LEASE_LOST')).toBe(true);
    expect(isExportError(error, 'EXPORTER_BUSY')).toBe(false);
  });

  it('knows an error of another copy of the package', () => {
    const foreign = Object.assign(new Error('Far away.'), { code: 'SINK_FULL' });
    Object.defineProperty(foreign, Symbol.for('tracehaul.error'), { value: true });
    expect(foreign).not.toBeInstanceOf(ExportError);
    expect(isExportError(foreign, 'SINK_FULL')).toBe(true);
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'LEASE_LOST'],
    ['a plain error', new Error('LEASE_LOST')],
    ['an object with a code only', { code: 'LEASE_LOST' }],
    ['an assertion', new AssertionError('Broken.')],
  ])('is false for %s', (_, value) => {
    expect(isExportError(value)).toBe(false);
  });
});

describe('assert', () => {
  it('lets a true condition pass and throws the message of a false one', () => {
    expect(() => assert(true, 'fine')).not.toThrow();
    expect(() => assert(0, 'rows in differ from rows out')).toThrow(AssertionError);
    expect(() => assert(null, 'rows in differ from rows out')).toThrow(/rows in differ/);
  });
});
