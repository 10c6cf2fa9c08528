import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  InitialEvents,
  type InitialEventsOptions,
  type WatchEvent,
} from '../../../src/mapping/initial-events.ts';

const line = (type: string, object: object): Buffer => Buffer.from(`${JSON.stringify({ type, object })}\n`);

function added(key: string, more: object = {}): WatchEvent {
  const [namespace, name] = key.split('/');
  return { type: 'ADDED', key, frame: line('ADDED', { metadata: { namespace, name }, ...more }) };
}

const plainBookmark: WatchEvent = {
  type: 'BOOKMARK',
  key: '',
  frame: line('BOOKMARK', { metadata: { resourceVersion: '9' } }),
};
const end: WatchEvent = {
  type: 'BOOKMARK',
  key: '',
  frame: line('BOOKMARK', { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } }),
};

function initialEvents(options: Partial<InitialEventsOptions> = {}): InitialEvents {
  const room = { grow: () => true, end: () => undefined };
  return new InitialEvents({ showsBookmarks: true, isTable: false, room, ...options });
}

function pushAll(initial: InitialEvents, events: readonly WatchEvent[]): string[] {
  const text = events.map((event) => initial.push(event).toString()).join('');
  return text.split('\n').filter((part) => part !== '');
}

const lines = (events: readonly WatchEvent[]): string[] => events.map(({ frame }) => frame.toString().trim());

const table = (type: string, key: string, columns: string[] | null): WatchEvent => ({
  type,
  key,
  frame: line(type, { kind: 'Table', metadata: {}, columnDefinitions: columns, rows: [{ cells: [key] }] }),
});

describe('the initial events of a watch', () => {
  it('come by namespace and name, with their end behind them', () => {
    const [x, y, z] = [added('a/b'), added('a-b/a'), added('a/a')] as const;
    expect(pushAll(initialEvents(), [x, y, z, end])).toEqual(lines([y, z, x, end]));
  });

  it('are held until an event of another type, and nothing behind it is reordered', () => {
    const modified: WatchEvent = { ...added('a/z'), type: 'MODIFIED' };
    const events = [added('a/z'), added('a/b'), modified, added('a/y'), added('a/c')];
    const initial = initialEvents();
    expect(pushAll(initial, events.slice(0, 2))).toEqual([]);
    expect(pushAll(initial, events.slice(2))).toEqual(
      lines([added('a/b'), added('a/z'), modified, added('a/y'), added('a/c')]),
    );
    expect(initial.isDone).toBe(true);
  });

  it('go out when the watch ends before they are all there', () => {
    const initial = initialEvents();
    pushAll(initial, [added('a/z'), added('a/b')]);
    expect(initial.flush().toString().trim().split('\n')).toEqual(lines([added('a/b'), added('a/z')]));
  });

  it('go out as they come where there is no room, and give back what they took', () => {
    const events = ['a/d', 'a/c', 'a/b', 'a/a'].map((key) => added(key));
    const most = (events[0] as WatchEvent).frame.length * 2;
    let held = 0;
    const room = {
      grow: (bytes: number) => (held += bytes) <= most,
      end: () => {
        held = 0;
      },
    };
    const initial = initialEvents({ room });
    expect(pushAll(initial, events)).toEqual(lines([added('a/b'), added('a/c'), added('a/d'), added('a/a')]));
    expect(held).toBe(0);
  });

  it('have no bookmark where none was asked for', () => {
    const events = [added('a/b'), end, plainBookmark];
    expect(pushAll(initialEvents({ showsBookmarks: false }), events)).toEqual(lines([added('a/b')]));
  });

  it.each([true, false])(
    'give the columns of a Table to whatever is sent first (bookmarks: %s)',
    (showsBookmarks) => {
      const columns = ['Name'];
      const events = [
        table('ADDED', 'a/b', columns),
        table('ADDED', 'a/a', null),
        table('ADDED', 'a/c', null),
      ];
      const sorted = [
        table('ADDED', 'a/a', columns),
        table('ADDED', 'a/b', null),
        table('ADDED', 'a/c', null),
      ];
      const initial = initialEvents({ isTable: true, showsBookmarks });
      expect(pushAll(initial, [...events, table('BOOKMARK', '', null)])).toEqual(
        lines(showsBookmarks ? [...sorted, table('BOOKMARK', '', null)] : sorted),
      );
    },
  );

  it('keep the columns of a bookmark that is not shown for the first event behind it', () => {
    const initial = initialEvents({ isTable: true, showsBookmarks: false });
    const events = [
      table('BOOKMARK', '', ['Name']),
      table('ADDED', 'a/a', null),
      table('ADDED', 'a/b', null),
    ];
    expect(pushAll(initial, events)).toEqual(
      lines([table('ADDED', 'a/a', ['Name']), table('ADDED', 'a/b', null)]),
    );
  });

  it('lose and double nothing, whatever comes', () => {
    const event = fc.record({
      type: fc.constantFrom('ADDED', 'ADDED', 'MODIFIED', 'DELETED'),
      key: fc.constantFrom('a/a', 'a/b', 'b/a', 'a-/a'),
      version: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(event), (all) => {
        const events = all.map(({ type, key, version }) => ({ ...added(key, { version }), type }));
        const initial = initialEvents();
        const sent = [...pushAll(initial, events), ...lines([{ type: '', key: '', frame: initial.flush() }])];
        const out = sent
          .join('\n')
          .split('\n')
          .filter((part) => part !== '');
        expect(out.toSorted()).toEqual(lines(events).toSorted());
        // Of one object, the order is the one they came in.
        for (const key of ['a/a', 'a/b', 'b/a', 'a-/a']) {
          const own = lines(events.filter((candidate) => candidate.key === key));
          expect(out.filter((text) => own.includes(text))).toEqual(own);
        }
      }),
    );
  });
});
