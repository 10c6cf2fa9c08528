import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Status } from '../../../src/apimachinery/status.ts';
import { editToApp } from '../../../src/mapping/claim-view.ts';
import { statusToApp } from '../../../src/mapping/status.ts';
import { editTableToApp, type MappedColumns, mappedColumns } from '../../../src/mapping/table.ts';
import { WatchToApp } from '../../../src/mapping/watch.ts';
import { captured, capturedClusterID, type CapturedName, capturedColumns } from './captured-answers.ts';

interface Event {
  type: string;
  object: Record<string, unknown>;
}

function watch(columns?: MappedColumns): WatchToApp {
  return new WatchToApp({
    editObject: columns
      ? (bytes, at, limit, edits) => editTableToApp(bytes, at, limit, edits, columns)
      : editToApp,
    clusterID: capturedClusterID,
    mapStatus: (status: Status) =>
      statusToApp(status, {
        connection: { clusterID: capturedClusterID, claimNamespace: 'app-cluster-1' },
        prefix: 'claim',
        namespace: 't-map',
        name: undefined,
      }),
  });
}

function map(bytes: Buffer, places: readonly number[], columns?: MappedColumns): string {
  const transform = watch(columns);
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, i) => transform.push(bytes.subarray(ends[i - 1] ?? 0, end)).toString()).join('');
}

function events(text: string): Event[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event);
}

const frames: [CapturedName, MappedColumns | undefined][] = [
  ['watch.jsonl', undefined],
  ['watch-table.jsonl', mappedColumns(capturedColumns, false)],
  ['watch-table.jsonl', mappedColumns(capturedColumns, true)],
  ['watch-expired.jsonl', undefined],
];

const objects = (all: Event[]): unknown[] =>
  all.map(({ type, object }) => {
    const [row] = object['rows'] as { object: { metadata: { annotations?: unknown } } | null }[];
    return [type, row?.object && row.object.metadata.annotations];
  });

describe('WatchToApp', () => {
  it.each(frames)('gives the same events wherever %s is cut into chunks', (name, columns) => {
    const bytes = captured(name);
    const whole = map(bytes, [], columns);
    expect(events(whole)).toHaveLength(bytes.toString().trim().split('\n').length);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (places) => {
        expect(map(bytes, places, columns)).toBe(whole);
      }),
    );
    expect(
      map(
        bytes,
        Array.from({ length: bytes.length }, (_, i) => i),
        columns,
      ),
    ).toBe(whole);
  });

  it('maps objects that come, change and go, and leaves bookmarks as they are', () => {
    const before = events(captured('watch.jsonl').toString());
    const after = events(map(captured('watch.jsonl'), []));
    expect(after.map(({ type }) => type)).toEqual(before.map(({ type }) => type));
    expect(new Set(after.map(({ type }) => type))).toEqual(
      new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']),
    );
    after.forEach(({ type, object }, i) => {
      if (type === 'BOOKMARK') expect(object).toEqual(before[i]?.object);
      else
        expect(object).toMatchObject({
          metadata: { namespace: 't-map', name: expect.stringMatching(/^t-/) },
        });
    });
    expect(JSON.stringify(after)).not.toContain('mcp-connector');
  });

  it('answers includeObject=None as the API server does, the bookmark behind the initial events included', () => {
    const asked = events(map(captured('watch-table.jsonl'), [], mappedColumns(capturedColumns, true)));
    const real = events(captured('watch-table-none.jsonl').toString());
    expect(objects(asked)).toEqual(objects(real));
  });

  it('maps an error, and passes other words of it as they are', () => {
    const status = {
      kind: 'Status',
      code: 410,
      reason: 'Expired',
      message: 'namespace "app-cluster-1" is old',
    };
    const line = Buffer.from(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
    expect(events(map(line, []))).toEqual([
      { type: 'ERROR', object: { ...status, message: 'namespace "t-map" is old' } },
    ]);
    expect(events(map(captured('watch-expired.jsonl'), []))).toEqual(
      events(captured('watch-expired.jsonl').toString()),
    );
  });

  it('throws for an object of another app cluster, whatever the event', () => {
    for (const type of ['ADDED', 'MODIFIED', 'DELETED']) {
      const object = captured('object.json').toString().replace(capturedClusterID, 'else');
      const line = Buffer.from(`{"type":"${type}","object":${object.trim()}}\n`);
      expect(() => watch().push(line)).toThrow('not of this app cluster');
    }
  });

  it('keeps an unfinished event back, and passes empty lines', () => {
    const transform = watch();
    expect(transform.push(Buffer.from('{"type":"BOOKMARK","obj')).length).toBe(0);
    expect(transform.pendingBytes).toBe(23);
    expect(transform.push(Buffer.from('ect":{}}\n\r\n')).toString()).toBe(
      '{"type":"BOOKMARK","object":{}}\n\r\n',
    );
    expect(transform.pendingBytes).toBe(0);
  });
});
