import { preferSmallHeap } from '../src/base/small-heap.ts';
import { startFixtureServer } from '../test/support/conformance/fixture-server.ts';

/** The gateway's protocol with tools that do nothing, in a process of its own: what a call costs before any API is asked. */
// As the command `agent` does.
preferSmallHeap();
const { url } = await startFixtureServer();
process.stderr.write(`${JSON.stringify({ port: Number(new URL(url).port) })}\n`);
process.once('SIGTERM', () => process.exit(0));
