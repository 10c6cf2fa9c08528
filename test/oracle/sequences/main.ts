import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { LabFacts } from '../../../src/demo/lab.ts';
import { OracleGround } from '../ground.ts';
import { differingSequence } from './check.ts';

/*
 * Random sequences of requests, told to a connector and to a local CRD, for longer than the test does. MCP_CONNECTOR_LAB
 * leads to a lab of `make lab`.
 *
 *   --runs N      sequences to try (100)
 *   --seed N      a seed that was printed; one at random when left out
 *   --path PATH   with the seed: the one sequence that failed
 *   --name NAME   of the API group and the namespaces, so that several runs can share a lab (`sequences`)
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    path: { type: 'string' },
    name: { type: 'string', default: 'sequences' },
  },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const facts = JSON.parse(await readFile(process.env['MCP_CONNECTOR_LAB'] ?? '', 'utf8')) as LabFacts;
await using ground = await OracleGround.open({ facts, name: values.name });
await ground.clear();
print(`seed ${values.seed}`);
const { path } = values;
const text = await differingSequence(ground, {
  seed: Number(values.seed),
  runs: Number(values.runs),
  ...(path === undefined ? {} : { path }),
});
print(text === '' ? `no difference in ${values.runs} sequences` : text);
process.exitCode = text === '' ? 0 : 1;
