import { parentPort, workerData } from 'node:worker_threads';

import { isWorkerSetup, runWorker } from '../encoders/parquet/workers/run-worker.js';

// Does something only in a thread that `parquetEncoder` started.
if (parentPort !== null && isWorkerSetup(workerData)) runWorker(parentPort, workerData);

export { PARQUET_WORKER } from '../encoders/parquet/workers/messages.js';
