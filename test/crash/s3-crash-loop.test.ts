import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { type RequestName, STRIKES, type Strike } from '../support/request-strikes.js';
import { type S3Double, startS3Double } from '../support/s3-double/index.js';
import { S3World } from '../support/s3-world.js';

const SEED = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
/** Every strike at every request takes many minutes: else some requests are drawn for each strike. */
const IS_FULL = process.env['EXPORT_STRIKES'] === 'all';
const DRAWN_PER_STRIKE = 3;
const DRAWN_WITH_SOURCE = 8;
const TIMEOUT_MS = IS_FULL ? 7_200_000 : 60_000;

let double: S3Double;
/** The requests of the scenario when nothing goes wrong. */
let requests: readonly RequestName[];

beforeAll(async () => {
  double = await startS3Double();
  const world = await S3World.open(double);
  const plan = world.plan();
  await world.play({ plan });
  await world.assertExactlyOnce();
  ({ requests } = plan);
});

afterAll(() => double.close());

/** Numbers of the requests to strike at. */
function placesOf({ name, fits }: Strike): readonly number[] {
  const places = requests.flatMap((request, index) =>
    (fits?.(request) ?? true) ? [index + 1] : [],
  );
  if (IS_FULL) return places;
  const random = seededRandom(SEED + STRIKES.findIndex((strike) => strike.name === name));
  const drawn = new Set<number>();
  while (drawn.size < Math.min(DRAWN_PER_STRIKE, places.length))
    drawn.add(places[Math.floor(random() * places.length)] ?? 1);
  return [...drawn];
}

/** Plays the scenario with one strike. False when it ended before the request was made. */
async function strikeAt(at: number, strike: Strike, sourceFault?: number): Promise<boolean> {
  const world = await S3World.open(double);
  const plan = world.plan(at, strike);
  try {
    await world.play({ plan, sourceFault });
    await world.assertExactlyOnce();
    return plan.hasStruck;
  } catch (cause) {
    const { operation, key } = plan.requests[at - 1] ?? { operation: 'none', key: '' };
    throw new Error(`${strike.name} at request ${at} (${operation} ${key})`, { cause });
  }
}

describe(`crash loop over S3 (EXPORT_SEED=${SEED})`, { timeout: TIMEOUT_MS }, () => {
  it('has enough requests to be worth it', () => {
    expect(requests.length).toBeGreaterThan(50);
  });

  it.each(STRIKES)('loses and doubles nothing: $name, at any request', async (strike) => {
    const places = placesOf(strike);
    for (const at of places)
      expect(await strikeAt(at, strike), `request ${at} was struck`).toBe(true);
    if (IS_FULL) console.log(`${strike.name}: ${places.length} requests`);
  });

  it('loses and doubles nothing when the source fails in the same run', async () => {
    const random = seededRandom(SEED);
    const draw = (below: number): number => Math.floor(random() * below);
    let struck = 0;
    for (let round = 0; round < DRAWN_WITH_SOURCE; round += 1) {
      const strike = STRIKES[draw(STRIKES.length)];
      if (strike === undefined) continue;
      const hasStruck = await strikeAt(1 + draw(requests.length), strike, 1 + draw(3));
      if (hasStruck) struck += 1;
    }
    expect(struck).toBeGreaterThan(0);
  });
});
