import { describe, expect, it } from 'vitest';

import { manualClock } from 'tracehaul/testing';

describe('manualClock', () => {
  it('wakes sleepers in the order of their ends, each at its own time', async () => {
    const clock = manualClock({ now: new Date(0) });
    const woken: string[] = [];
    const sleeper = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms);
      woken.push(`${name}@${clock.now().getTime()}`);
    };
    const all = [sleeper('late', 300), sleeper('early', 100), sleeper('tied', 300)];
    await clock.advance(250);
    expect(woken).toEqual(['early@100']);
    expect(clock.now().getTime()).toBe(250);
    await clock.advance(50);
    await Promise.all(all);
    expect(woken).toEqual(['early@100', 'late@300', 'tied@300']);
    expect(clock.sleepers).toBe(0);
  });

  it('counts sleeps that begin while it advances', async () => {
    const clock = manualClock({ now: new Date(0) });
    const ticks: number[] = [];
    const ticker = (async () => {
      for (let tick = 0; tick < 3; tick += 1) {
        await clock.sleep(10);
        ticks.push(clock.now().getTime());
      }
    })();
    await clock.advance(100);
    await ticker;
    expect(ticks).toEqual([10, 20, 30]);
  });

  it('moves by itself for sleeps, but not for background sleeps', async () => {
    const clock = manualClock({ now: new Date(0), autoAdvance: true });
    let woken = -1;
    const background = clock.sleep(20_000, undefined, { background: true }).then(() => {
      woken = clock.now().getTime();
    });
    await clock.sleep(15_000);
    expect([clock.now().getTime(), woken, clock.sleepers]).toEqual([15_000, -1, 1]);
    await clock.sleep(15_000);
    await background;
    expect(clock.now().getTime()).toBe(30_000);
    expect(clock.sleepers).toBe(0);
  });

  it('rejects an aborted sleep with the reason itself and forgets it', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const reason = new Error('enough');
    const sleep = clock.sleep(10, controller.signal);
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
    await expect(clock.sleep(10, controller.signal)).rejects.toBe(reason);
    expect(clock.sleepers).toBe(0);
  });

  it('repeats random numbers and ids with the seed, and differs with another', () => {
    const draw = (seed: number): string[] => {
      const clock = manualClock({ seed });
      return [clock.id(), String(clock.random()), clock.id()];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(7)[0]).toMatch(/^[0-9a-f]{16}$/);
    const clock = manualClock();
    const ids = Array.from({ length: 1000 }, () => clock.id());
    expect(new Set(ids).size).toBe(1000);
  });

  it('refuses options it does not know', () => {
    expect(() => manualClock({ autoadvance: true } as never)).toThrow(
      /`autoadvance` is not an option/,
    );
  });
});
