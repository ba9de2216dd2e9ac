import type { Observer, RequestEvent, Runtime } from '../interfaces/index.js';
import { emit } from './observe.js';

/** What a `request` event says besides its outcome. */
export interface ReportedRequest<T> {
  readonly runtime: Runtime;
  readonly observer: Observer | undefined;
  readonly target: RequestEvent['target'];
  readonly operation: string;
  /** Bytes of the payload, once the result is known. Zero without it. */
  readonly bytes?: ((result: T) => number) | undefined;
}

/** Does the work and tells the observer how it went. */
export async function reportRequest<T>(
  request: ReportedRequest<T>,
  work: () => Promise<T>,
): Promise<T> {
  const { runtime, observer, target, operation } = request;
  const startedAt = runtime.now().getTime();
  const report = (outcome: 'ok' | 'error', bytes: number): void => {
    const durationMs = runtime.now().getTime() - startedAt;
    emit(observer, { type: 'request', target, operation, durationMs, bytes, outcome });
  };
  try {
    const result = await work();
    report('ok', request.bytes?.(result) ?? 0);
    return result;
  } catch (error) {
    report('error', 0);
    throw error;
  }
}
