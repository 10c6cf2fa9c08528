import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { askDirectly } from '../support/api-request.ts';
import {
  type Attack,
  type AttackedGround,
  direct,
  expectRepelled,
  prepareAttackedGround,
} from '../support/attacked-ground.ts';
import { RawConnection, requestText } from '../support/raw-client.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

let attacked: AttackedGround;

beforeAll(async () => {
  attacked = await prepareAttackedGround('attacks-framing');
});
afterAll(() => attacked?.ground.remove());

const forged = ['X-Remote-User: system:admin', 'X-Remote-Group: system:masters'];

function asFrontProxy(...headers: string[]): Attack['send'] {
  return () => direct(attacked, requestText(attacked.target, headers), attacked.frontProxy);
}

/** A second request that would be taken for the next one of the connection, with the identity of the front proxy. */
function hidden(): string {
  return `GET ${attacked.target} HTTP/1.1\r\nHost: a\r\nX-Remote-User: admin\r\nX-Remote-Group: system:masters\r\n\r\n`;
}

function post(headers: readonly string[], body: string): Attack['send'] {
  const lines = (): string[] => [
    `POST ${attacked.mine.path()} HTTP/1.1`,
    'Host: a',
    'X-Remote-User: attacker',
    'Content-Type: application/json',
    ...headers,
    '',
    body,
  ];
  return () => direct(attacked, lines().join('\r\n'), attacked.frontProxy);
}

describe('request smuggling:', () => {
  const attacks: Attack[] = [
    {
      name: 'both Content-Length and chunked',
      id: 'attack.smuggling.length',
      send: () => post(['Content-Length: 5', 'Transfer-Encoding: chunked'], `0\r\n\r\n${hidden()}`)(),
      codes: [400],
    },
    {
      name: 'two Content-Lengths',
      id: 'attack.smuggling.length',
      send: () => post(['Content-Length: 0', `Content-Length: ${hidden().length}`], hidden())(),
      codes: [400],
    },
    {
      name: 'a list of Content-Lengths',
      id: 'attack.smuggling.length',
      send: () => post([`Content-Length: 0, ${hidden().length}`], hidden())(),
      codes: [400],
    },
    {
      name: 'a Content-Length with a sign',
      id: 'attack.smuggling.length',
      send: () => post(['Content-Length: +0'], hidden())(),
      codes: [400],
    },
    {
      name: 'a Content-Length beyond 64 bits',
      id: 'attack.smuggling.length',
      send: () => post(['Content-Length: 18446744073709551617'], hidden())(),
      codes: [400],
    },
    {
      name: 'Transfer-Encoding: xchunked',
      id: 'attack.smuggling.encoding',
      send: () => post(['Transfer-Encoding: xchunked'], `0\r\n\r\n${hidden()}`)(),
      codes: [400],
    },
    {
      name: 'Transfer-Encoding: chunked, identity',
      id: 'attack.smuggling.encoding',
      send: () => post(['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${hidden()}`)(),
      codes: [400],
    },
    {
      name: 'Transfer-Encoding twice, the second one not chunked',
      id: 'attack.smuggling.encoding',
      send: () =>
        post(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], `0\r\n\r\n${hidden()}`)(),
      codes: [400],
    },
    {
      name: 'Transfer-Encoding with a vertical tab before its value',
      id: 'attack.smuggling.encoding',
      send: () => post(['Transfer-Encoding:\x0bchunked'], `0\r\n\r\n${hidden()}`)(),
      codes: [400],
    },
    {
      name: 'a chunk size that is no number',
      id: 'attack.smuggling.chunks',
      send: () => post(['Transfer-Encoding: chunked'], `0x0\r\n\r\n${hidden()}`)(),
      codes: [400],
    },
    {
      name: 'a chunk size beyond 64 bits',
      id: 'attack.smuggling.chunks',
      send: () => post(['Transfer-Encoding: chunked'], `10000000000000000\r\n\r\n${hidden()}`)(),
      codes: [400],
    },
    {
      name: 'bare line feeds',
      id: 'attack.smuggling.lines',
      send: () =>
        direct(
          attacked,
          `GET ${attacked.target} HTTP/1.1\nHost: a\nX-Remote-User: attacker\nConnection: close\n\n`,
          attacked.frontProxy,
        ),
      codes: [[400, 403]],
    },
    {
      name: 'a header line without a colon',
      id: 'attack.smuggling.lines',
      send: asFrontProxy('X-Remote-User: attacker', 'X-Remote-Group system:masters'),
      codes: [400],
    },
    {
      name: 'a request behind the last one of a connection',
      id: 'attack.smuggling.pipelined',
      send: () => direct(attacked, requestText(attacked.target, forged) + hidden()),
      codes: [[400, 403]],
    },
    {
      name: 'HTTP/1.1 without Host',
      id: 'attack.smuggling.lines',
      send: () => direct(attacked, `GET ${attacked.target} HTTP/1.1\r\nConnection: close\r\n\r\n`),
      codes: [400],
    },
  ];
  it.each(attacks)('$name [$id]', (attack) => expectRepelled(attacked, attack));

  it('a request behind a body is judged by its own headers [attack.smuggling.pipelined]', async () => {
    const body = '{}';
    const first = [
      `POST ${attacked.mine.path()} HTTP/1.1`,
      'Host: a',
      ...forged,
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
    const text = first + requestText(attacked.target, forged);
    await expectRepelled(attacked, { send: () => direct(attacked, text), codes: [403, 403] });
  });
});

describe('size and patience:', () => {
  const attacks: Attack[] = [
    {
      name: 'a header of 2 MB',
      id: 'attack.size.headers',
      send: () => direct(attacked, requestText(attacked.target, [`X-Large: ${'a'.repeat(2_000_000)}`])),
      codes: [431],
      mayBeReset: true,
    },
    {
      name: '100,000 headers',
      id: 'attack.size.headers',
      send: () =>
        direct(
          attacked,
          requestText(
            attacked.target,
            Array.from({ length: 100_000 }, (_, i) => `X-${i}: aaaaaaaaaa`),
          ),
        ),
      codes: [431],
      mayBeReset: true,
    },
    {
      name: '20,000 headers before the identity of another',
      id: 'attack.size.headers',
      send: asFrontProxy(
        'X-Remote-User: attacker',
        ...Array.from({ length: 20_000 }, (_, i) => `X-${i}: a`),
        'X-Remote-User: system:admin',
      ),
      codes: [401],
    },
    {
      name: 'a body that says it has 4 MB',
      id: 'attack.size.body',
      send: () =>
        direct(
          attacked,
          requestText(attacked.mine.path(), ['Content-Type: application/json', 'Content-Length: 4000000'], {
            method: 'POST',
          }),
          attacked.admin,
        ),
      codes: [413],
    },
    {
      name: 'a body on GET',
      id: 'attack.size.body',
      send: () =>
        direct(
          attacked,
          requestText(attacked.target, ['Content-Length: 1000000', ...forged], {
            body: 'a'.repeat(1_000_000),
          }),
        ),
      codes: [403],
    },
    {
      name: 'Expect: 100-continue for a body nobody may send',
      id: 'attack.size.body',
      send: () =>
        direct(
          attacked,
          requestText(attacked.theirs.path(), ['Expect: 100-continue', 'Content-Length: 1000'], {
            method: 'POST',
          }),
        ),
      codes: [[100, 403], 403],
    },
  ];
  it.each(attacks)('$name [$id]', (attack) => expectRepelled(attacked, attack));

  it.each([
    ['of nobody', undefined, 403],
    ['of somebody with the right to write', 'admin', 413],
  ] as const)('a chunked body without end %s [attack.size.endless]', async (_, who, code) => {
    await using connection = await RawConnection.open(attacked.connector.url, who ? attacked.admin : {});
    connection.write(
      `POST ${attacked.mine.path()} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
    const end = { isClosed: false };
    let written = 0;
    void connection.closed.then(() => (end.isClosed = true));
    while (!end.isClosed && written < 2_000_000_000) {
      connection.write(chunk);
      written += chunk.length;
      // As fast as the server takes it.
      while (!end.isClosed && connection.socket.writableLength > 1_000_000)
        await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(end.isClosed).toBe(true);
    expect((await connection.answer()).codes).toEqual([code]);
  });

  it('200 connections that send a header one byte at a time keep nobody from an answer [attack.patience.header]', async () => {
    const slow = await Promise.all(
      Array.from({ length: 200 }, () => RawConnection.open(attacked.connector.url)),
    );
    const header = requestText(attacked.target, forged);
    for (let at = 0; at < 40; at++) {
      for (const connection of slow) connection.write(header[at] ?? '');
      const other = await askDirectly(attacked.connector.url, attacked.target, { client: attacked.admin });
      expect(other.status).toBe(200);
    }
    for (const connection of slow) connection.socket.destroy();
  });

  it('100 bodies that come one byte at a time keep nobody from an answer [attack.patience.body]', async () => {
    const slow = await Promise.all(
      Array.from({ length: 100 }, () => RawConnection.open(attacked.connector.url, attacked.frontProxy)),
    );
    for (const connection of slow)
      connection.write(
        `POST ${attacked.mine.path()} HTTP/1.1\r\nHost: a\r\nX-Remote-User: attacker\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
      );
    for (let at = 0; at < 20; at++) {
      for (const connection of slow) connection.write(' ');
      const other = await askDirectly(attacked.connector.url, attacked.target, { client: attacked.admin });
      expect(other.status).toBe(200);
    }
    for (const connection of slow) connection.socket.destroy();
  });
});
