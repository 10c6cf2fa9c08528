import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { LabFacts } from '../../src/demo/lab.ts';
import { ensureTools } from '../../src/demo/tools.ts';
import { ClientSide } from '../clients/client-side.ts';
import { helmRelease } from '../clients/helm.ts';
import {
  deletes,
  deletesWithDependents,
  describes,
  explains,
  gets,
  waits,
  watches,
} from '../clients/kubectl-reading.ts';
import {
  applies,
  appliesOnTheServer,
  createsAndReplaces,
  edits,
  labelsAndPatches,
  meetsErrors,
  scales,
} from '../clients/kubectl-writing.ts';
import { goClient, pythonWithClient } from '../clients/programs.ts';
import { Transcript } from '../clients/transcript.ts';
import { OracleGround } from '../oracle/ground.ts';
import { labVariable, sharedLab } from '../support/shared-lab.ts';

jest.setTimeout(120_000);

/** Each story is told to the cluster with the connector, and to one where the same CRDs are installed. */
let ground: OracleGround;
let dir: string;
let sides: ClientSide[];

beforeAll(async () => {
  sharedLab();
  const facts = JSON.parse(await readFile(process.env[labVariable] ?? '', 'utf8')) as LabFacts;
  ground = await OracleGround.open({ facts, name: 'clients' });
  await ground.clear();
  dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-clients-'));
  const { app, reference } = facts.clusters;
  const open = (name: ClientSide['name'], cluster = app): Promise<ClientSide> =>
    ClientSide.open(name, cluster?.kubeconfig ?? '', {
      group: ground.group,
      namespace: ground.namespace,
      dir: path.join(dir, name),
    });
  sides = await Promise.all([open('connector'), open('reference', reference)]);
});

afterEach(() => ground.clear());
afterAll(async () => {
  await ground?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

/** Tells both sides the story. Resolves to what was said on both; fails where they said different things. */
async function compared(story: (side: ClientSide) => Promise<void>): Promise<string> {
  await Promise.all(
    sides.map(async (side) => {
      side.transcript = new Transcript(side.dir);
      await story(side);
    }),
  );
  const [connector = '', reference = ''] = sides.map(({ transcript }) => transcript.text);
  expect(connector).toBe(reference);
  return connector;
}

describe('kubectl says the same of connected APIs as of CRDs when it', () => {
  it('applies, compares and prunes [serve.client.apply]', async () => {
    expect(await compared(applies)).toContain('/one configured');
  });

  it('applies on the server [serve.client.serverapply]', async () => {
    expect(await compared(appliesOnTheServer)).toContain('Apply failed with 1 conflict');
  });

  it('creates and replaces [serve.client.create]', async () => {
    expect(await compared(createsAndReplaces)).toContain('/one replaced');
  });

  it('edits [serve.client.edit]', async () => {
    expect(await compared(edits)).toContain('/one edited');
  });

  it('labels, annotates and patches [serve.client.patch]', async () => {
    expect(await compared(labelsAndPatches)).toContain('/one patched (no change)');
  });

  it('scales [serve.client.scale]', async () => {
    expect(await compared(scales)).toContain('/one scaled');
  });

  it('gets, in each of its forms [serve.client.get]', async () => {
    expect(await compared(gets)).toContain('secret-of-a');
  });

  it('describes [serve.client.describe]', async () => {
    expect(await compared(describes)).toContain('Kind:         Bucket');
  });

  it('explains and lists what there is [serve.client.explain]', async () => {
    expect(await compared(explains)).toContain('KIND:       Bucket');
  });

  it('waits [serve.client.wait]', async () => {
    expect(await compared(waits)).toContain('condition met');
  });

  it('watches [serve.client.watch]', async () => {
    expect(await compared(watches)).toContain('DELETED');
  });

  it('deletes, and waits for the end [serve.client.delete]', async () => {
    expect(await compared(deletes)).toContain('timed out waiting for the condition');
  });

  it('is refused [serve.client.errors]', async () => {
    expect(await compared(meetsErrors)).toContain('NotFound');
  });
});

describe('a program of client-go sees the same of connected APIs as of CRDs', () => {
  it.each(['false', 'true'])(
    'with informers that ask for streaming lists: %s [serve.client.informer]',
    async (stream) => {
      const program = await goClient();
      const text = await compared(async (side) => {
        const args = [
          `-kubeconfig=${side.kubeconfig}`,
          `-namespace=${side.namespace}`,
          `-group=${side.group}`,
        ];
        const env = { KUBE_FEATURE_WatchListClient: stream };
        await side.run(program, args, { env, shownAs: 'client', logs: true });
      });
      expect(text).toContain('"event":"delete that was missed"');
      expect(text).toContain(stream === 'true' ? '"asks for a streaming list"' : '"asks for a list"');
    },
  );
});

describe('the Python client', () => {
  it('gets the same of connected APIs as of CRDs [serve.client.python]', async () => {
    const python = await pythonWithClient();
    const script = path.resolve(import.meta.dirname, '../clients/python/client.py');
    const text = await compared(async (side) => {
      await side.run(python, [script, side.kubeconfig, side.namespace, side.group], { shownAs: 'client.py' });
    });
    expect(text).toContain('"what": "short names"');
  });
});

describe('helm', () => {
  it('installs, upgrades, rolls back and removes a chart of claims [serve.client.helm]', async () => {
    const { helm } = await ensureTools(['helm'], () => undefined);
    expect(await compared((side) => helmRelease(side, helm))).toContain('Rollback was a success');
  });
});

// Last: the garbage collectors look for new kinds twice a minute.
describe('kubectl delete', () => {
  it('keeps its word to dependents in the app cluster [serve.client.cascade]', async () => {
    expect(await compared(deletesWithDependents)).toContain('of-a:');
  });
});
