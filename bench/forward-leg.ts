import path from 'node:path';
import { Command } from 'commander';
import { startPassThrough } from './columns.ts';
import { fullRun, phaseNames } from './plan.ts';
import { type ColumnStart, main, namesIn, runBench } from './run.ts';

/**
 * The measurement behind docs/adr/0001-forward-leg.md: ways to forward a request, each as a proxy in the connector's
 * place, against bare node:https (the pass-through); and the same pass-through called over HTTP/2.
 */
const command = new Command('forward-leg')
  .argument('<folder>', 'folder in which `npm install http-proxy http-proxy-3` was run')
  .option('--only <phases>', 'some of the phases', 'get,rate,list')
  .option('--out <folder>', 'where the results go', path.join(import.meta.dirname, 'results'))
  .option('--keep', 'keep the logs of the run', false)
  .parse();

const script = (name: string) => path.join(import.meta.dirname, 'forward-leg', `${name}.ts`);
const [modules = ''] = command.args;
const candidates: Record<string, [script: string, ...args: string[]]> = {
  'pass-through': [path.join(import.meta.dirname, 'pass-through.ts')],
  undici: [script('undici')],
  'http-proxy': [script('http-proxy'), modules, 'http-proxy'],
  'http-proxy-3': [script('http-proxy'), modules, 'http-proxy-3'],
  'inbound-http2': [script('inbound-http2')],
};

await main(async () => {
  const options = command.opts<{ only: string; out: string; keep: boolean }>();
  await runBench({
    columns: Object.entries(candidates).map(([name, [file, ...args]]): ColumnStart => ({
      name,
      start: (ground) => startPassThrough(ground, name, file, args),
    })),
    only: namesIn(options.only, phaseNames),
    extent: { ...fullRun, list: [{ length: 4500, turns: 10 }] },
    out: options.out,
    file: 'forward-leg',
    command: 'node bench/forward-leg.ts FOLDER',
    keep: options.keep,
  });
});
