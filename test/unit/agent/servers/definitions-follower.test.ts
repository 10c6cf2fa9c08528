import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DefinitionsFollower } from '../../../../src/agent/servers/definitions-follower.ts';
import type { ServerDefinition } from '../../../../src/agent/servers/definition.ts';
import { ConnectorError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/logger.ts';
import { eventually } from '../../../support/eventually.ts';

const withNames = (...names: string[]): string =>
  `servers: [${names.map((name) => `{name: ${name}, controlPlane: {inCluster: true}}`).join(', ')}]`;

let dir: string;
let applied: string[][];
let loads: boolean[];
let refused: string | undefined;
let follower: DefinitionsFollower | undefined;

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'definitions-'));
  applied = [];
  loads = [];
  refused = undefined;
});

afterEach(async () => {
  await follower?.stop();
  follower = undefined;
  await rm(dir, { recursive: true });
});

async function apply(definitions: readonly ServerDefinition[]): Promise<void> {
  const names = definitions.map(({ name }) => name);
  if (refused !== undefined && names.includes(refused)) throw new ConnectorError('no', `no ${refused} here`);
  applied.push(names);
}

async function follow(file: string, mayComeLater = false): Promise<DefinitionsFollower> {
  follower = new DefinitionsFollower({
    file,
    mayComeLater,
    apply,
    onLoad: (wasUsed) => loads.push(wasUsed),
    log: silentLogger(),
    everyMs: 10,
  });
  return follower.start();
}

describe('the follower of the definitions', () => {
  it('does not start with a file that is not there, or wrong [agent.servers.faults]', async () => {
    await expect(follow(path.join(dir, 'none'))).rejects.toThrow(/cannot read the server definitions/);
    const file = path.join(dir, 'servers.yaml');
    await writeFile(file, 'servers: 1');
    await expect(follow(file)).rejects.toThrow(/servers has to be array/);
    expect(applied).toEqual([]);
  });

  it('has no servers until the file comes, where a console makes it, and keeps them when it goes [agent.console.first]', async () => {
    const file = path.join(dir, 'servers.yaml');
    const { fault } = await follow(file, true);
    expect([applied, fault]).toEqual([[[]], undefined]);
    await writeFile(file, withNames('a'));
    await eventually(() => expect(applied).toEqual([[], ['a']]), { timeoutMs: 5_000, everyMs: 10 });
    await rm(file);
    await eventually(() => expect(follower?.fault).toMatch(/cannot read the server definitions/), {
      timeoutMs: 5_000,
      everyMs: 10,
    });
    expect(applied).toEqual([[], ['a']]);
  });

  it('takes an edit without a restart [agent.servers.edit]', async () => {
    const file = path.join(dir, 'servers.yaml');
    await writeFile(file, withNames('a'));
    await follow(file);
    await writeFile(file, withNames('a', 'b'));
    await eventually(() => expect(applied).toEqual([['a'], ['a', 'b']]), { timeoutMs: 5_000, everyMs: 10 });
    expect(loads).toEqual([true, true]);
  });

  it('tries again what could not be used, and tells it once: files that it names may come later [agent.servers.later]', async () => {
    const file = path.join(dir, 'servers.yaml');
    await writeFile(file, withNames('a'));
    refused = 'b';
    const following = await follow(file);
    await writeFile(file, withNames('b'));
    await eventually(() => expect(following.fault).toBe('no b here'), { timeoutMs: 5_000, everyMs: 10 });
    refused = undefined;
    await eventually(() => expect(applied).toEqual([['a'], ['b']]), { timeoutMs: 5_000, everyMs: 10 });
    expect(following.fault).toBeUndefined();
    expect(loads).toEqual([true, false, true]);
  });

  it('takes an edit of a ConfigMap, whose files change by a link above them [agent.servers.edit]', async () => {
    const generation = async (name: string, text: string): Promise<void> => {
      await mkdir(path.join(dir, name));
      await writeFile(path.join(dir, name, 'servers.yaml'), text);
      await symlink(name, path.join(dir, '..data_tmp'));
      await rename(path.join(dir, '..data_tmp'), path.join(dir, '..data'));
    };
    await generation('..one', withNames('a'));
    await symlink('..data/servers.yaml', path.join(dir, 'servers.yaml'));
    await follow(path.join(dir, 'servers.yaml'));
    await generation('..two', withNames('b'));
    await eventually(() => expect(applied).toEqual([['a'], ['b']]), { timeoutMs: 5_000, everyMs: 10 });
  });

  const bad: [string, string, RegExp][] = [
    ['is no YAML', 'servers: [', /is not YAML/],
    ['has a wrong value', withNames('Wrong_Name'), /has to be lower-case letters/],
    ['cannot work here', withNames('a', 'broken'), /no broken here/],
  ];
  it.each(bad)(
    'keeps the old definitions while the file %s, says why, and takes the next good one [agent.servers.keep]',
    async (_what, text, why) => {
      refused = 'broken';
      const file = path.join(dir, 'servers.yaml');
      await writeFile(file, withNames('a'));
      const following = await follow(file);
      await writeFile(file, text);
      await eventually(() => expect(following.fault).toMatch(why), { timeoutMs: 5_000, everyMs: 10 });
      expect(applied).toEqual([['a']]);
      expect(loads).toEqual([true, false]);
      await writeFile(file, withNames('c'));
      await eventually(() => expect(applied).toEqual([['a'], ['c']]), { timeoutMs: 5_000, everyMs: 10 });
      expect(following.fault).toBeUndefined();
    },
  );

  it('keeps the old definitions while the file is gone [agent.servers.keep]', async () => {
    const file = path.join(dir, 'servers.yaml');
    await writeFile(file, withNames('a'));
    const following = await follow(file);
    await rename(file, `${file}.away`);
    await eventually(() => expect(following.fault).toMatch(/cannot read/), { timeoutMs: 5_000, everyMs: 10 });
    await rename(`${file}.away`, file);
    await eventually(() => expect(following.fault).toBeUndefined(), { timeoutMs: 5_000, everyMs: 10 });
    expect(applied).toEqual([['a']]);
  });
});
