import { describe, expect, it } from '@jest/globals';
import { Edits } from '../../../src/apimachinery/json-edit.ts';
import { controlPlaneName } from '../../../src/mapping/identity.ts';
import {
  editScaleTableToApp,
  editScaleToApp,
  editScaleToControlPlane,
  type ScaleNames,
  type ScalePin,
  scaleRefusalToApp,
} from '../../../src/mapping/scale.ts';

const names: ScaleNames = {
  connection: { clusterID: '00000000-0000-0000-0000-000000000000', claimNamespace: 'claims' },
  prefix: 'claim',
  app: { namespace: 'team', name: 'main' },
};
const hashed = controlPlaneName('claim', names.app, names.connection.clusterID);
const metadata = { name: hashed, namespace: 'claims', uid: 'u1', resourceVersion: '7' };
const spec = { replicas: 2 };

function toApp(value: object): { text: string; uid: string | undefined } {
  const bytes = Buffer.from(JSON.stringify(value));
  const edits = new Edits();
  const uid = editScaleToApp(bytes, 0, bytes.length, names, edits);
  return { uid, text: edits.apply(bytes).toString('utf8') };
}

function toControlPlane(text: string, pin: ScalePin = {}): string {
  const bytes = Buffer.from(text);
  const edits = new Edits();
  editScaleToControlPlane(bytes, names, pin, edits);
  return edits.apply(bytes).toString('utf8');
}

describe('a Scale on its way to the app cluster', () => {
  it("has the user's name and namespace, and all else as it was", () => {
    const scale = { kind: 'Scale', metadata, spec, status: { replicas: 1, selector: 'a=b' } };
    const shown = { ...metadata, name: 'main', namespace: 'team' };
    expect(toApp(scale)).toEqual({ uid: 'u1', text: JSON.stringify({ ...scale, metadata: shown }) });
  });

  it.each([false, true])('is named in the cells and the object of a Table (dropped: %s)', (dropObjects) => {
    const row = { cells: [hashed, 2, 1, '5m'], object: { kind: 'PartialObjectMetadata', metadata } };
    const bytes = Buffer.from(JSON.stringify({ kind: 'Table', rows: [row] }));
    const edits = new Edits();
    expect(editScaleTableToApp(bytes, names, dropObjects, edits)).toBe('u1');
    const object = { ...row.object, metadata: { ...metadata, name: 'main', namespace: 'team' } };
    expect(JSON.parse(edits.apply(bytes).toString('utf8'))).toEqual({
      kind: 'Table',
      rows: [{ cells: ['main', 2, 1, '5m'], object: dropObjects ? null : object }],
    });
  });

  it('is shown in a refusal under its own namespace', () => {
    const message = `Invalid value: "{\\"name\\":\\"main\\",\\"namespace\\":\\"claims\\"}", Key: /r/g/p/claims/main`;
    const shown = `Invalid value: "{\\"name\\":\\"main\\",\\"namespace\\":\\"team\\"}", Key: /r/g/p/team/main`;
    const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' } as const;
    const refused = { ...status, message, details: { causes: [{ message, field: 'patch' }, {}] } };
    expect(scaleRefusalToApp(refused, names)).toEqual({
      ...status,
      message: shown,
      details: { causes: [{ message: shown, field: 'patch' }, {}] },
    });
    expect(scaleRefusalToApp(status, names)).toEqual(status);
  });
});

describe('a Scale on its way to the control plane', () => {
  it('has the hashed name at every occurrence, so that no other one can win', () => {
    const text =
      '{"metadata":{"name":"main","name":"main","namespace":"team"},"metadata":{"name":"main"},"spec":{}}';
    expect(toControlPlane(text)).toBe(
      `{"metadata":{"name":"${hashed}","name":"${hashed}","namespace":"claims"},"metadata":{"name":"${hashed}"},"spec":{}}`,
    );
  });

  it('keeps the name of another object, and does not take the hashed one for its own', () => {
    expect(toControlPlane('{"metadata":{"name":"other","namespace":"nowhere"}}')).toBe(
      '{"metadata":{"name":"other","namespace":"nowhere"}}',
    );
    expect(toControlPlane(`{"metadata":{"name":"${hashed}","namespace":"claims"}}`)).toBe(
      '{"metadata":{"name":"main","namespace":"team"}}',
    );
  });

  it.each([
    ['{}', '{"metadata":{"uid":"u1"}}'],
    ['{"spec":{}}', '{"metadata":{"uid":"u1"},"spec":{}}'],
    ['{"metadata":{}}', '{"metadata":{"uid":"u1"}}'],
    ['{"metadata":{"uid":"mine"}}', '{"metadata":{"uid":"mine"}}'],
    ['{"metadata":{"labels":{}},"metadata":{}}', '{"metadata":{"labels":{}},"metadata":{"uid":"u1"}}'],
  ])('is pinned where it says nothing itself: %s', (sent, pinned) => {
    expect(toControlPlane(sent, { uid: 'u1' })).toBe(pinned);
  });
});
