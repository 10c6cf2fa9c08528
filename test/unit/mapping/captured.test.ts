import { describe, expect, it } from '@jest/globals';
import { Edits } from '../../../src/apimachinery/json-edit.ts';
import { editToControlPlane } from '../../../src/mapping/claim-body.ts';
import { editToApp } from '../../../src/mapping/claim-view.ts';
import { readLive } from '../../../src/mapping/origin.ts';
import { controlPlaneName } from '../../../src/mapping/identity.ts';
import { elementEditor, ListToApp } from '../../../src/mapping/list.ts';
import { editTableToApp, mappedColumns } from '../../../src/mapping/table.ts';
import { captured, capturedClusterID, type CapturedName, capturedColumns } from './captured-answers.ts';

const columns = mappedColumns(capturedColumns, false);

interface Row {
  cells: unknown[];
  object: Claim | null;
}
interface Claim {
  metadata: Record<string, unknown> & { name: string };
  spec?: { writeConnectionSecretToRef?: { name: string } };
}

function mapped(name: CapturedName): string {
  const bytes = captured(name);
  const edits = new Edits();
  editToApp(bytes, 0, bytes.length, edits);
  return edits.apply(bytes).toString();
}

function mappedList(name: CapturedName, how = columns): { items: Claim[]; rows: Row[] } {
  const transform = new ListToApp(
    elementEditor(name.startsWith('table') ? how : undefined),
    capturedClusterID,
  );
  const bytes = captured(name);
  return JSON.parse(Buffer.concat([transform.push(bytes), transform.end()]).toString()) as {
    items: Claim[];
    rows: Row[];
  };
}

const connection = { clusterID: capturedClusterID, claimNamespace: 'app-cluster-1' };

describe('a claim that a real control plane answered with', () => {
  it('shows nothing of the connector, and everything else as it was', () => {
    const before = JSON.parse(captured('object.json').toString()) as Claim;
    const after = JSON.parse(mapped('object.json')) as Claim;
    expect(after.metadata).toMatchObject({
      name: 't-one',
      namespace: 't-map',
      labels: { team: 'a' },
      annotations: { note: 'x' },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'ConfigMap', name: 't-a', uid: 'fb6b1fad-e47e-4897-9108-d6383a7a8e79' },
      ],
    });
    expect(mapped('object.json')).not.toContain('mcp-connector');
    expect(after.spec?.writeConnectionSecretToRef).toEqual({ name: 't-one-secret' });
    for (const key of ['uid', 'resourceVersion', 'generation', 'finalizers', 'creationTimestamp']) {
      expect(after.metadata[key]).toEqual(before.metadata[key]);
    }
    const { metadata: _before, spec: specBefore, ...restBefore } = before;
    const { metadata: _after, spec: specAfter, ...restAfter } = after;
    expect(restAfter).toEqual(restBefore);
    expect({ ...specAfter, writeConnectionSecretToRef: undefined }).toEqual({
      ...specBefore,
      writeConnectionSecretToRef: undefined,
    });
  });

  it('is the same object when it was printed for human eyes', () => {
    expect(JSON.parse(mapped('object-pretty.json'))).toEqual(JSON.parse(mapped('object.json')));
  });

  it('goes back as it came when it is PUT without a change', () => {
    const live = readLive(captured('object.json'));
    expect(live).toMatchObject({ clusterID: capturedClusterID, app: { namespace: 't-map', name: 't-one' } });
    const body = Buffer.from(mapped('object.json'));
    const edits = new Edits();
    const app = { namespace: 't-map', name: 't-one' };
    editToControlPlane(
      body,
      { connection, prefix: 'claim', app, body: 'object', replaces: true, live: live! },
      edits,
    );
    expect(JSON.parse(edits.apply(body).toString())).toEqual(JSON.parse(captured('object.json').toString()));
    expect(edits.isEmpty).toBe(true);
  });
});

describe('lists and Tables that a real control plane answered with', () => {
  const names = ['t-four', 't-one', 't-three', 't-two'];

  it.each(['list.json', 'metadata-list.json'] as const)('%s shows the user’s names only', (name) => {
    const list = mappedList(name);
    expect(list.items.map(({ metadata }) => metadata.name).toSorted()).toEqual(names);
    expect(JSON.stringify(list)).not.toContain('mcp-connector');
    expect(list.items.every(({ metadata }) => metadata['namespace'] === 't-map')).toBe(true);
  });

  it('shows a foreground deletion under the name Kubernetes has for it', () => {
    const four = mappedList('list.json').items.find(({ metadata }) => metadata.name === 't-four');
    expect(four?.metadata['finalizers']).toContain('foregroundDeletion');
    expect(JSON.stringify(four?.metadata['managedFields'])).toContain(
      JSON.stringify('v:"foregroundDeletion"').slice(1, -1),
    );
    expect(four?.metadata['labels']).toBeUndefined();
  });

  it.each(['table.json', 'table-objects.json'] as const)('%s has the user’s names in its cells', (name) => {
    const { rows } = mappedList(name);
    expect(rows.map(({ cells }) => String(cells[0])).toSorted()).toEqual(names);
    for (const { cells, object } of rows) {
      const own = cells[0] as string;
      expect(object?.metadata.name).toBe(own);
      expect(cells[3] ?? '').toBe(own === 't-four' ? '' : `${own}-secret`);
    }
  });

  it('is the Table the API server makes for includeObject=None, when objects are dropped', () => {
    const { rows } = mappedList('table.json', mappedColumns(capturedColumns, true));
    const real = JSON.parse(captured('table-none.json').toString()) as { rows: Row[] };
    expect(rows.map(({ object }) => object)).toEqual(real.rows.map(({ object }) => object));
    expect(rows.map(({ cells }) => cells.slice(1, 3))).toEqual(
      real.rows.map(({ cells }) => cells.slice(1, 3)),
    );
  });

  it('maps the Table of one object, and tells whose it is', () => {
    const bytes = captured('table-one.json');
    const edits = new Edits();
    const { origin, end } = editTableToApp(bytes, 0, bytes.length, edits, columns);
    expect(end).toBe(bytes.toString().trim().length);
    expect(origin).toMatchObject({
      app: { namespace: 't-map', name: 't-one' },
      secretName: 't-one-secret',
    });
    const { rows } = JSON.parse(edits.apply(bytes).toString()) as { rows: Row[] };
    expect(rows[0]?.cells).toEqual(['t-one', 'True', 'True', 't-one-secret', expect.any(String)]);
  });

  it('names objects on the control plane by the documented hash', () => {
    expect(
      controlPlaneName(
        'claim',
        { namespace: 'test', name: 'my-bucket' },
        '00000000-0000-0000-0000-000000000000',
      ),
    ).toBe('claim-c603e518969b413e');
    const { rows } = JSON.parse(captured('table.json').toString()) as { rows: Row[] };
    expect(rows.map(({ cells }) => String(cells[0])).toSorted()).toEqual(
      names
        .map((name) => controlPlaneName('claim', { namespace: 't-map', name }, capturedClusterID))
        .toSorted(),
    );
  });
});
