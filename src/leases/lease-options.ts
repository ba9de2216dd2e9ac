import type { OptionReader } from '../options/index.js';
import type { LeaseLimits } from './leased-document.js';

/** Reads `leaseMs`, `leaseRenewMs` and `closeTimeoutMs`. */
export function readLeaseLimits(reader: OptionReader): LeaseLimits {
  const leaseMs = reader.number('leaseMs', 60_000, { min: 1_000, max: 3_600_000 });
  const third = Math.max(500, Math.floor(leaseMs / 3));
  return {
    leaseMs,
    // Renewed after its half is over, a lease could run out during one slow save.
    leaseRenewMs: reader.number('leaseRenewMs', third, { min: 500, max: Math.floor(leaseMs / 2) }),
    closeTimeoutMs: reader.number('closeTimeoutMs', 10_000, { min: 100, max: 600_000 }),
  };
}
