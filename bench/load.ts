import { execFile, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import path from 'node:path';
import { promisify } from 'node:util';

/** As load/main.go reads it. */
export interface Target {
  name: string;
  server: string;
  protocol: 'h1' | 'h2';
  caFile: string;
  certFile?: string;
  keyFile?: string;
  token?: string;
  group: string;
  form: 'app' | 'control-plane';
  plain?: boolean;
}

/** As load/main.go reads it; what is left out is zero there. */
export interface Job {
  mode: 'turns' | 'rate' | 'watch' | 'seed';
  verb?: 'get' | 'list' | 'create';
  targets: Target[];
  writer?: Target;
  clusterID: string;
  claimNamespace: string;
  namespace: string;
  textBytes: number;
  turns?: number;
  warmUp?: number;
  seconds?: number;
  inFlight?: number;
  count?: number;
  runID?: string;
  pauseMs?: number;
}

export interface Series {
  target: string;
  /** Of each request, in milliseconds; in the order of the turns, so that targets can be paired. */
  millis: number[];
  /** Body of one answer, unpacked. */
  bytes: number;
  /** Length of a rate block. */
  seconds: number;
}

/** Builds the load client with Go (standard library only, so nothing is downloaded); returns the program. */
export async function buildLoadClient(folder: string): Promise<string> {
  const program = path.join(folder, 'load');
  await promisify(execFile)('go', ['build', '-trimpath', '-o', program, '.'], {
    cwd: path.join(import.meta.dirname, 'load'),
  });
  return program;
}

const longestPhaseMs = 900_000;

/** Runs one job; throws with the client's own words when a request of it failed. */
export async function runLoad(program: string, job: Job): Promise<Series[]> {
  const child = spawn(program, [], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { GOGC: '400' },
    timeout: longestPhaseMs,
  });
  child.stdin.end(JSON.stringify(job));
  const exit = new Promise<number | null>((resolve, reject) =>
    child.on('close', resolve).on('error', reject),
  );
  const [code, out, errors] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new Error(errors.trim() || `the load client ended with ${code}`);
  return (JSON.parse(out) as { series: Series[] }).series;
}
