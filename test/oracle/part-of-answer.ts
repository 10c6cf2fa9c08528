import { setTimeout as delay } from 'node:timers/promises';
import type { World } from './scenario.ts';

/** What of an answer is compared, from its JSON; undefined while there is no such part. */
export type Part = (body: never) => unknown;

/** How often an answer without the part is asked for again, and at which intervals. */
const attempts = 400;
const pauseMs = 150;

/**
 * Asks, and records only a part of the answer: for documents of the whole API server, in which the two sides hold much
 * that is not asked about. Such documents follow a new API after a while, so a part that is missing is waited for.
 * `headers: false` sets aside the headers too, where they belong to the whole.
 */
export async function askPart(
  world: World,
  path: string,
  part: Part,
  { accept, headers = true }: { accept?: string; headers?: boolean } = {},
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const exchange = await world.side.ask({
      method: 'GET',
      path,
      ...(accept === undefined ? {} : { headers: { accept } }),
    });
    // By the first byte: the aggregator's /openapi/v3 calls itself text.
    const isJson = exchange.body.subarray(0, 1).toString() === '{';
    const picked = isJson ? part(JSON.parse(exchange.body.toString('utf8')) as never) : null;
    if (picked === undefined && attempt < attempts) {
      await delay(pauseMs);
      continue;
    }
    world.exchanges.push({
      ...exchange,
      request: `${exchange.request} (the group's part of it)`,
      headers: headers ? exchange.headers : { 'content-type': 'application/json' },
      body: isJson ? Buffer.from(JSON.stringify(picked)) : exchange.body,
    });
    return;
  }
}
