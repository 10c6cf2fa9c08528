import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../src/apimachinery/objects.ts';
import { eventProgress, eventToApp, textToApp } from '../../../src/mapping/claim-event.ts';
import { followedClaimOf, metadataToApp } from '../../../src/mapping/followed-claim.ts';
import {
  appClusterLabel,
  appNameLabel,
  appNamespaceLabel,
  connectionSecretAnnotation,
} from '../../../src/mapping/identity.ts';
import { buckets, claimNamespace, connection, followedClaim } from '../controllers/fake-claims.ts';

const claim = followedClaim('photos');
const stored = claim.metadata.name;
const storedSecret = claim.storedSecretName;

describe('a sentence of the control plane', () => {
  it.each([
    [`cannot bind ${stored}`, 'cannot bind photos'],
    [`"${stored}" and ${stored}: ${stored}.`, '"photos" and photos: photos.'],
    [`${claimNamespace}/${stored}`, 'team/photos'],
    [`Secret ${claimNamespace}/${storedSecret}`, 'Secret team/photos-secret'],
    [`namespace "${claimNamespace}" is full`, 'namespace "team" is full'],
    [`all ${claimNamespace} wait`, `all ${claimNamespace} wait`],
    [`${stored}-x7k2p is not ready`, `${stored}-x7k2p is not ready`],
    [`${stored}.example.org, x-${stored}`, `${stored}.example.org, x-${stored}`],
  ])('%s is told as: %s', (text, told) => {
    expect(textToApp(text, claim)).toBe(told);
  });
});

describe('an Event', () => {
  const event = {
    metadata: { name: 'x.1', uid: 'e-1', namespace: claimNamespace },
    involvedObject: {
      apiVersion: 'example.org/v1beta1',
      kind: 'Bucket',
      namespace: claimNamespace,
      name: stored,
      uid: claim.uid,
      resourceVersion: '5',
    },
    message: stored,
    eventTime: null,
    count: 2,
  };

  it('is named by its uid, whatever it says and whoever brings it', () => {
    const { name } = eventToApp(event, claim).metadata;
    expect(name).toMatch(/^photos\.[0-9a-f]{16}$/);
    expect(eventToApp({ ...event, message: 'more', count: 7 }, claim).metadata.name).toBe(name);
    const other = { ...event, metadata: { ...event.metadata, uid: 'e-2' } };
    expect(eventToApp(other, claim).metadata.name).not.toBe(name);
  });

  it('is about the claim in the version that the tools of the app cluster prefer', () => {
    expect(eventToApp(event, claim).involvedObject).toEqual({
      apiVersion: 'example.org/v1',
      kind: 'Bucket',
      namespace: 'team',
      name: 'photos',
      uid: claim.uid,
      resourceVersion: '5',
    });
  });

  it('has no note of more than 1024 bytes where events.k8s.io allows no more', () => {
    const message = `${'é'.repeat(500)} ${stored}`;
    const long = followedClaim('p'.repeat(63), { metadata: claim.metadata });
    const note = { ...event, message, eventTime: '2026-01-02T03:04:05.000000Z' };
    const shown = eventToApp(note, long).message ?? '';
    expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(1_024);
    expect(shown.startsWith('é'.repeat(500))).toBe(true);
    expect(eventToApp({ ...event, message }, long).message).toHaveLength(564);
  });

  it('changes in its count, times, series and words only', () => {
    expect(eventProgress(eventToApp(event, claim))).toEqual({ count: 2, message: 'photos' });
  });
});

describe('a followed claim', () => {
  const labels = { [appClusterLabel]: 'red', [appNamespaceLabel]: 'team', [appNameLabel]: 'photos' };
  const object = (fields: object, metadata: object = {}): KubeObject => ({
    metadata: { name: stored, namespace: claimNamespace, uid: claim.uid, labels, ...metadata },
    ...fields,
  });
  const secret = { spec: { writeConnectionSecretToRef: { name: storedSecret } } };

  it('is what its labels and annotations say', () => {
    const spec = {
      ...secret.spec,
      resourceRef: { apiVersion: 'example.org/v1', kind: 'XBucket', name: 'photos-xr' },
    };
    const annotations = { [connectionSecretAnnotation]: 'photos-secret' };
    const { storedMetadata, ...followed } =
      followedClaimOf(object({ spec }, { annotations }), buckets, connection) ?? claim;
    expect({ ...followed, storedMetadata: claim.storedMetadata }).toEqual(claim);
    expect(JSON.parse(storedMetadata)).toMatchObject({ metadata: { labels, annotations } });
  });

  it('shows its metadata as the app cluster sees it, in the order of an API server and without managedFields', () => {
    const metadata = {
      annotations: { [connectionSecretAnnotation]: 'photos-secret', note: '1' },
      creationTimestamp: '2026-01-02T03:04:05Z',
      finalizers: ['finalizer.apiextensions.crossplane.io'],
      generation: 2,
      managedFields: [{ manager: 'kubectl' }],
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'there', uid: '1' }],
      resourceVersion: '7',
      selfLink: '',
    };
    const followed = followedClaimOf(object({ spec: {} }, metadata), buckets, connection) ?? claim;
    expect(metadataToApp(followed)).toBe(
      `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"photos","namespace":"team","uid":"${claim.uid}","resourceVersion":"7","generation":2,"creationTimestamp":"2026-01-02T03:04:05Z","annotations":{"note":"1"},"finalizers":["finalizer.apiextensions.crossplane.io"]}}`,
    );
  });

  it('is nobody of another app cluster', () => {
    const metadata = { labels: { ...labels, [appClusterLabel]: 'blue' } };
    expect(followedClaimOf(object({}, metadata), buckets, connection)).toBeUndefined();
  });

  it('has the stored name of its Secret where no annotation is, and none where it lies', () => {
    expect(followedClaimOf(object(secret), buckets, connection)?.secretName).toBe(storedSecret);
    const annotations = { [connectionSecretAnnotation]: 'of-somebody-else' };
    expect(followedClaimOf(object(secret, { annotations }), buckets, connection)?.secretName).toBeUndefined();
  });

  it('keeps of the conditions those of Crossplane that are not True', () => {
    const conditions = [
      { type: 'Synced', status: 'True', reason: 'ReconcileSuccess' },
      { type: 'Ready', status: 'False', reason: 'Waiting', lastTransitionTime: 'x' },
      { type: 'Degraded', status: 'False' },
    ];
    expect(followedClaimOf(object({ status: { conditions } }), buckets, connection)?.conditions).toEqual([
      { type: 'Ready', status: 'False', reason: 'Waiting', message: '' },
    ]);
  });
});
