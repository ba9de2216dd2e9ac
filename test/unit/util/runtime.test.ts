import { describe, expect, it } from 'vitest';

import type { ExportEvent } from '../../../src/interfaces/index.js';
import { emit } from '../../../src/util/observe.js';
import { systemRuntime } from '../../../src/util/runtime.js';

const EVENT: ExportEvent = { type: 'lease-loss', exportId: 'prod' };

describe('emit', () => {
  it('hands the event over before it returns', () => {
    const events: ExportEvent[] = [];
    emit((event) => events.push(event), EVENT);
    expect(events).toEqual([EVENT]);
  });

  it('is silent without an observer', () => {
    expect(() => emit(undefined, EVENT)).not.toThrow();
  });

  it('survives an observer that throws', () => {
    const failing = (): never => {
      throw new Error('The observer is broken.');
    };
    expect(() => emit(failing, EVENT)).not.toThrow();
  });
});

describe('systemRuntime', () => {
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

  it('makes ids of 64 bits in hexadecimal digits, none twice', () => {
    const ids = Array.from({ length: 1000 }, () => systemRuntime.id());
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[0-9a-f]{16,}$/.test(id))).toEqual([]);
  });

  it('gives random numbers from 0 up to, not including, 1', () => {
    const numbers = Array.from({ length: 1000 }, () => systemRuntime.random());
    expect(numbers.filter((number) => number < 0 || number >= 1)).toEqual([]);
  });

  it('sleeps longer than a timer of Node can be set, and still ends with the signal', async () => {
    const controller = new AbortController();
    const sleeping = systemRuntime.sleep(2 ** 31, controller.signal);
    const outcome = sleeping.then(
      () => 'woke up',
      (reason: unknown) => reason,
    );
    await systemRuntime.sleep(20);
    controller.abort('aborted');
    expect(await outcome).toBe('aborted');
  });

  it('tells the time as a Date of its own', () => {
    expect(systemRuntime.now()).toBeInstanceOf(Date);
    expect(systemRuntime.now()).not.toBe(systemRuntime.now());
  });

  it('resolves a sleep', async () => {
    await expect(systemRuntime.sleep(1)).resolves.toBeUndefined();
  });

  it('rejects at once with the reason of a signal that was aborted before', async () => {
    const reason = { why: 'shutdown' };
    const before = timers();
    const sleep = systemRuntime.sleep(3_600_000, AbortSignal.abort(reason));
    await expect(sleep).rejects.toBe(reason);
    expect(timers()).toBe(before);
  });

  it('rejects with the reason of the signal, not with an error of the timer, and leaves no timer', async () => {
    const reason = { why: 'shutdown' };
    const controller = new AbortController();
    const before = timers();
    const sleep = systemRuntime.sleep(3_600_000, controller.signal);
    expect(timers()).toBe(before + 1);
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
    expect(timers()).toBe(before);
  });
});
