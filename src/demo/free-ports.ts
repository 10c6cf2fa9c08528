import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';

/** Below the ports the kernel gives to outgoing connections (32768 and up): none of those can take one in between. */
const range = { from: 20_000, to: 32_000 };
/** What this process has given out: clusters start side by side, and each binds its ports some time after it asked. */
const given = new Set<number>();

/** TCP ports on 127.0.0.1 that are free now, all different from each other and from those of earlier calls. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(range.from, range.to);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
