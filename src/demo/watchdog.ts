import { rmSync } from 'node:fs';

/**
 * The program that outlives the lab's owner, in a session of its own: it holds the read end of a pipe and learns process
 * groups by lines `+<pid>` and `-<pid>`. The pipe ends with the owner however that dies; then it kills the groups that are
 * left and removes the paths in its arguments. Nothing else is imported, so that it is up before the first component.
 */
const groups = new Set<number>();
let rest = '';

process.stdin.on('data', (chunk: Buffer) => {
  const lines = (rest + chunk.toString()).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) {
    const pid = Number(line.slice(1));
    if (line.startsWith('+')) groups.add(pid);
    else groups.delete(pid);
  }
});

let over = false;
function ownerIsGone(): void {
  if (over) return;
  over = true;
  for (const pid of groups) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // The group has ended by itself.
    }
  }
  for (const path of process.argv.slice(2))
    rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
for (const event of ['end', 'close', 'error']) process.stdin.once(event, ownerIsGone);

// Ctrl-C and a closing terminal are the owner's business.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
