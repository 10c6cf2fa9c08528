import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type LabFacts, type LabOptions, startLab } from '../../src/demo/lab.ts';
import { type KubernetesRelease, kubernetesReleases } from '../../src/demo/tool-catalog.ts';
import { catalogue } from './catalogue/catalogue.ts';
import { OracleGround } from './ground.ts';
import { differencesText, fidelityPage, figureOf, sentence } from './report.ts';
import { runScenario, type ScenarioResult } from './run.ts';

/*
 * `make oracle`: asks both sides, prints every difference and the figure, and writes docs/fidelity.md. A lab of `make lab` is
 * used where MCP_CONNECTOR_LAB leads to one.
 *
 *   --only PATTERN   scenarios whose `area: name` matches; the page is not written then
 *   --name NAME      of the API group and the namespaces, so that several runs can share a lab (`oracle`)
 *   --app-version, --control-plane-version RELEASE
 *                    of Kubernetes, such as 1.30, each in a lab of its own; the page is not written then. The reference has the
 *                    release of the control plane, whose API server makes every answer that is not the connector's own.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    name: { type: 'string', default: 'oracle' },
    'app-version': { type: 'string' },
    'control-plane-version': { type: 'string' },
  },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const pattern = new RegExp(values.only ?? '');
const scenarios = catalogue.filter(({ area, name }) => pattern.test(`${area}: ${name}`));

const releases = releasesAsked(values['app-version'], values['control-plane-version']);
const given = releases ? undefined : process.env['MCP_CONNECTOR_LAB'];
await using lab = given
  ? undefined
  : await startLab({
      dir: await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-oracle-')),
      clusters: ['app', 'control-plane', 'reference'],
      log: print,
      ...(releases ? { kubernetes: releases } : {}),
    });
const facts = lab?.facts() ?? (JSON.parse(await readFile(given ?? '', 'utf8')) as LabFacts);
const results: ScenarioResult[] = [];
{
  await using ground = await OracleGround.open({ facts, name: values.name });
  await ground.clear();
  for (const scenario of scenarios) {
    const result = await runScenario(scenario, ground);
    results.push(result);
    const text = differencesText(result);
    if (text !== '') print(text);
  }
}
if (values.only === undefined && !releases)
  await writeFile(path.resolve(import.meta.dirname, '../../docs/fidelity.md'), fidelityPage(results));
const figure = figureOf(results);
print(sentence(figure));
process.exitCode = figure.different > 0 ? 1 : 0;

function releasesAsked(app?: string, controlPlane?: string): LabOptions['kubernetes'] {
  if (app === undefined && controlPlane === undefined) return undefined;
  const onControlPlane = releaseOf(controlPlane);
  return { app: releaseOf(app), 'control-plane': onControlPlane, reference: onControlPlane };
}

function releaseOf(text?: string): KubernetesRelease | undefined {
  const release = kubernetesReleases.find((one) => one === text);
  if (text !== undefined && !release)
    throw new Error(`no release ${text} is pinned below tools/; there are: ${kubernetesReleases.join(', ')}`);
  return release;
}
