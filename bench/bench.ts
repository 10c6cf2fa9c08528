import path from 'node:path';
import { Command, Option } from 'commander';
import { startConnector, startNginx, startPassThrough } from './columns.ts';
import { fullRun, phaseNames, quickRun } from './plan.ts';
import { type ColumnStart, main, namesIn, runBench } from './run.ts';

/**
 * `make bench`: the same requests straight to the control plane, and through the app cluster's kube-aggregator by way of
 * the connector, of a bare pass-through in Node and of nginx; all in one run, since only the ratios mean something.
 */
const starts: readonly ColumnStart[] = [
  {
    name: 'pass-through',
    start: (ground) =>
      startPassThrough(ground, 'pass-through', path.join(import.meta.dirname, 'pass-through.ts')),
  },
  { name: 'nginx', start: startNginx },
  { name: 'connector', start: startConnector },
];
const columnNames = starts.map(({ name }) => name);

const command = new Command('bench')
  .option('--quick', 'a short run, without the list of 10,000', false)
  .addOption(new Option('--only <phases>', 'some of the phases').default(phaseNames.join(',')))
  .addOption(new Option('--columns <columns>', 'some of the columns').default(columnNames.join(',')))
  .addOption(
    new Option('--out <folder>', 'where latest.json and latest.md go').default(
      path.join(import.meta.dirname, 'results'),
      'bench/results',
    ),
  )
  .option('--keep', 'keep the logs of the run', false)
  .parse();

await main(async () => {
  const options = command.opts<{
    quick: boolean;
    only: string;
    columns: string;
    out: string;
    keep: boolean;
  }>();
  const wanted = namesIn(options.columns, columnNames);
  await runBench({
    columns: starts.filter(({ name }) => wanted.includes(name)),
    only: namesIn(options.only, phaseNames),
    extent: options.quick ? quickRun : fullRun,
    out: options.out,
    file: 'latest',
    command: ['node bench/bench.ts', ...process.argv.slice(2)].join(' '),
    keep: options.keep,
  });
});
