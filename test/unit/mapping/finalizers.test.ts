import { describe, expect, it } from '@jest/globals';
import { Edits } from '../../../src/apimachinery/json-edit.ts';
import {
  editFinalizers,
  finalizersFor,
  finalizerToApp,
  finalizerToControlPlane,
} from '../../../src/mapping/finalizers.ts';
import { foregroundFinalizer, orphanFinalizer } from '../../../src/mapping/identity.ts';

const [orphan, foreground] = [orphanFinalizer, foregroundFinalizer];

function edited(finalizers: string[], map: (finalizer: string) => string): unknown {
  const bytes = Buffer.from(JSON.stringify(finalizers));
  const edits = new Edits();
  editFinalizers(bytes, 0, bytes.length, edits, map);
  return JSON.parse(edits.apply(bytes).toString());
}

describe('the finalizers of the collector', () => {
  it('stand under names of the connector on the control plane, and come back', () => {
    const stored = edited(['a/b', 'orphan'], finalizerToControlPlane) as string[];
    expect(stored).toEqual(['a/b', orphan]);
    expect(edited(stored, finalizerToApp)).toEqual(['a/b', 'orphan']);
    expect(edited(['foregroundDeletion'], finalizerToControlPlane)).toEqual([foreground]);
  });

  it('stay as they are where both are set at once, for the control plane to refuse', () => {
    const both = ['a/b', 'foregroundDeletion', 'orphan'];
    expect(edited(both, finalizerToControlPlane)).toEqual(both);
  });
});

describe('finalizersFor', () => {
  it.each([
    ['Orphan', ['a/b'], false, ['a/b', orphan]],
    ['Foreground', [], false, [foreground]],
    ['Orphan', [orphan, 'a/b'], false, undefined],
    ['Orphan', ['a/b', foreground], false, ['a/b', orphan]],
    ['Foreground', [orphan], false, [foreground]],
    ['Background', ['a/b'], false, undefined],
    ['Background', [orphan, 'a/b', foreground], false, ['a/b']],
    // On its way out: no new one is taken, one that is there can go.
    ['Orphan', ['a/b'], true, undefined],
    ['Orphan', ['a/b', foreground], true, undefined],
    ['Foreground', [foreground], true, undefined],
    ['Background', [foreground], true, []],
  ] as const)('%s on %j (ending: %s) makes it %j', (policy, present, isEnding, wanted) => {
    expect(finalizersFor(policy, present, isEnding)).toEqual(wanted);
  });
});
