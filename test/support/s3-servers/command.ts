import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Most time one command may take, in milliseconds. */
const COMMAND_LIMIT_MS = 60_000;
const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;

export interface CommandOptions {
  /** @defaultValue 60,000 */
  readonly limitMs?: number;
  /** Variables beside the ones of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a program to its end and gives what it wrote to its standard output; rejects when it fails or takes too long. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const limitMs = options.limitMs ?? COMMAND_LIMIT_MS;
  try {
    const { stdout } = await execute(command, args, {
      timeout: limitMs,
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_LIMIT_BYTES,
      env: { ...process.env, ...options.environment },
    });
    return stdout;
  } catch (cause) {
    const { killed, stderr } = cause as { killed?: boolean; stderr?: string };
    const how = killed === true ? `took more than ${limitMs} ms` : 'failed';
    const last = (stderr ?? '').slice(-2_000);
    throw new Error(`${command} ${args[0] ?? ''} ${how}: ${last}`, { cause });
  }
}
