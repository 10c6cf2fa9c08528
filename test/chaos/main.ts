import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { ChaosFault } from './fault.ts';
import { faults, faultsNamed } from './faults/catalogue.ts';
import { ChaosGround } from './ground.ts';
import { longOutage } from './outage.ts';
import { header, isWell, rowText, summary } from './report.ts';
import { runChaos } from './run.ts';

/*
 * `make chaos`: clients write, read and watch through the app cluster while faults are caused by turns, and at the end both
 * clusters are compared with what the clients were told. The exit code is 1 when anything differs.
 *
 *   --faults A,B          these only, in this order; `--faults list` prints their names
 *   --seconds N           how long each lasts, where it has no time of its own
 *   --seed N              of what the clients do
 *   --outage-minutes N    one long outage instead, in which the app cluster is looked at all the time
 */
const { values } = parseArgs({
  options: {
    faults: { type: 'string' },
    seconds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    'outage-minutes': { type: 'string' },
  },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);

if (values.faults === 'list') {
  for (const { name, what } of faults) print(`${name.padEnd(30)} ${what}`);
} else {
  const chosen = faultsChosen();
  await using ground = await ChaosGround.open({ log: print });
  print(header());
  const result = await runChaos({
    ground,
    faults: chosen,
    seconds: Number(values.seconds),
    seed: Number(values.seed),
    onRow: (row) => print(rowText(row)),
  });
  await writeFile(path.join(ground.lab.logDir, 'end-state.json'), JSON.stringify(result.end, undefined, 1));
  print(summary(result));
  process.exitCode = isWell(result) ? 0 : 1;
}

function faultsChosen(): readonly ChaosFault[] {
  const minutes = values['outage-minutes'];
  if (minutes !== undefined) return [longOutage(Number(minutes))];
  const names = values.faults?.split(',').filter((name) => name !== '');
  return names ? faultsNamed(names) : faults;
}
