/** One number that the benchmark found. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** `value` divided by what the peer reached in the same run, or `null` without a peer. */
  readonly ratio: number | null;
  readonly peer: string | null;
}

/** A figure without a peer. */
export function figure(name: string, value: number, unit: string): Figure {
  return { name, value, unit, ratio: null, peer: null };
}

export interface BenchOptions {
  /** Smaller inputs, for a first look. */
  readonly quick: boolean;
}

/** One kind of measurement; yields figures as they are found. */
export type BenchGroup = (options: BenchOptions) => AsyncIterable<Figure>;

/** A thing to be timed, which answers how many bytes of input it went through. */
export interface Contender {
  readonly name: string;
  readonly run: () => Promise<number>;
}

/**
 * Times a contender and its peer in turns, so that a neighbour on the machine slows both alike. The value
 * is the median speed, the ratio the median over the pairs.
 */
export async function compare(
  figureName: string,
  pair: { readonly subject: Contender; readonly peer: Contender },
  rounds: number,
): Promise<Figure> {
  const speeds: number[] = [];
  const ratios: number[] = [];
  await pair.subject.run();
  for (let round = 0; round < rounds; round += 1) {
    const peerSpeed = await speedOf(pair.peer);
    const speed = await speedOf(pair.subject);
    speeds.push(speed);
    ratios.push(speed / peerSpeed);
  }
  const figure = { name: figureName, value: median(speeds), unit: 'MB/s' };
  return { ...figure, ratio: median(ratios), peer: pair.peer.name };
}

/** Megabytes (10^6 bytes) of input per second. */
async function speedOf(contender: Contender): Promise<number> {
  const start = performance.now();
  const bytes = await contender.run();
  return bytes / 1000 / (performance.now() - start);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
