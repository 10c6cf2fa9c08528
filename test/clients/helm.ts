import path from 'node:path';
import type { ClientSide } from './client-side.ts';

const chart = path.join(import.meta.dirname, 'chart');

/** The life of a release: installed, changed, rolled back, refused and rolled back by itself, mended, removed. */
export async function helmRelease(side: ClientSide, program: string): Promise<void> {
  const helm = (args: string, code = 0): Promise<string> =>
    side.run(program, [...args.split(' '), '--namespace', side.namespace], { code, shownAs: `helm ${args}` });
  const install = ['upgrade', '--install', 'shop', chart, '--wait', '--timeout=30s'];
  const upgrade = (values: string, code = 0): Promise<string> =>
    side.run(
      program,
      [...install, '--namespace', side.namespace, `--set=group=${side.group}`, ...values.split(' ')],
      { code, shownAs: `helm upgrade --install ${values}` },
    );
  const claims = async (): Promise<void> => {
    await side.kubectl('get buckets.GROUP,databases.GROUP -o yaml --show-managed-fields');
  };
  await upgrade('--dry-run=server');
  await upgrade('--set=size=small');
  await helm('get manifest shop');
  await claims();
  await upgrade('--set=size=large,archive=true');
  await claims();
  await helm('rollback shop 1 --wait');
  await claims();
  await upgrade('--atomic --set=size=huge', 1);
  await claims();
  // What somebody changed or removed by hand is put right by the next upgrade.
  await side.kubectl('delete database.GROUP shop-orders');
  await side.kubectl([
    'patch',
    'bucket.GROUP',
    'shop-assets',
    '--type=merge',
    '-p',
    '{"spec":{"parameters":{"size":"large"}}}',
  ]);
  await upgrade('--atomic --set=size=medium,replicas=3');
  await claims();
  await helm('history shop');
  await helm('status shop');
  await helm('uninstall shop --wait');
  await claims();
}
