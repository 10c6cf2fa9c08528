import { startLab } from '../../src/demo/lab.ts';

/** A program for lab.test.ts to kill: it starts one cluster in the folder it is given, says so and waits. */
const lab = await startLab({ dir: process.argv[2] ?? '', clusters: ['app'], log: () => undefined });
process.stdout.write(`${JSON.stringify(lab.facts())}\n`);
setInterval(() => undefined, 60_000);
