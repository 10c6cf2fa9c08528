import { ConnectorError, describeError } from '../base/errors.ts';
import { kubernetesReleases, toolOf, tools } from './tool-catalog.ts';
import { crossplaneManifests, ensureTools } from './tools.ts';

/**
 * `make tools`: finds or builds the tools named in the arguments, or all of them, and prints where each one is. With
 * `--releases` those of the further releases that only tests of versions need (docs/versions.md).
 */
const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (found: object): void => {
  for (const [name, file] of Object.entries(found)) process.stdout.write(`${name}\t${file}\n`);
};

try {
  const args = process.argv.slice(2);
  const asked = args.filter((arg) => arg !== '--releases').map((name) => toolOf(name));
  const names = (asked.length > 0 ? asked : tools).map(({ name }) => name);
  const paths = await ensureTools(names, progress);
  if (names.includes('crossplane')) await crossplaneManifests();
  print(paths);
  if (args.includes('--releases')) {
    for (const kubernetes of kubernetesReleases)
      print(await ensureTools(['kube-apiserver', 'kube-controller-manager'], progress, { kubernetes }));
    print(await ensureTools(['crossplane', 'crank'], progress, { crossplane: '2' }));
    await crossplaneManifests({ crossplane: '2' });
  }
} catch (error) {
  if (!(error instanceof ConnectorError)) throw error;
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
