import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  type Attack,
  type AttackedGround,
  direct,
  expectRepelled,
  prepareAttackedGround,
  proxied,
  secretWord,
} from '../support/attacked-ground.ts';
import { requestText } from '../support/raw-client.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

let attacked: AttackedGround;

beforeAll(async () => {
  attacked = await prepareAttackedGround('attacks-path');
});
afterAll(() => attacked?.ground.remove());

const forged = ['X-Remote-User: system:admin', 'X-Remote-Group: system:masters'];

describe('request target:', () => {
  interface Trick {
    name: string;
    id: string;
    target: (mine: string, theirs: string) => string;
    /** Straight to the connector. */
    code: number | readonly number[];
  }
  const tricks: Trick[] = [
    {
      name: 'dot segments',
      id: 'attack.path.dots',
      target: (a, b) => `${a}/../../${b}/databases/existing`,
      code: 400,
    },
    {
      name: 'encoded dot segments',
      id: 'attack.path.dots',
      target: (a, b) => `${a}/%2e%2e/%2E%2e/${b}/databases/existing`,
      code: 400,
    },
    {
      name: 'twice encoded dot segments',
      id: 'attack.path.dots',
      target: (a, b) => `${a}/%252e%252e/%252e%252e/${b}/databases/existing`,
      code: 400,
    },
    {
      name: 'overlong UTF-8 dots',
      id: 'attack.path.dots',
      target: (a, b) => `${a}/%c0%ae%c0%ae/%c0%ae%c0%ae/${b}/databases/existing`,
      code: 400,
    },
    {
      name: 'encoded slashes',
      id: 'attack.path.slashes',
      target: (a, b) => `${a}%2f..%2f..%2f${b}%2fdatabases%2fexisting`,
      code: 400,
    },
    { name: 'an encoded NUL', id: 'attack.path.characters', target: (a) => `${a}/existing%00`, code: 400 },
    { name: 'empty segments', id: 'attack.path.slashes', target: (a) => `/${a}//existing`, code: 400 },
    {
      name: 'backslashes',
      id: 'attack.path.characters',
      target: (a, b) => `${a}\\..\\..\\${b}\\databases\\existing`,
      code: [400, 403, 404],
    },
    {
      name: 'encoded backslashes',
      id: 'attack.path.characters',
      target: (a, b) => `${a}/..%5c..%5c${b}%5cdatabases%5cexisting`,
      code: [400, 403, 404],
    },
    {
      name: 'a path parameter',
      id: 'attack.path.characters',
      target: (a) => `${a}/existing;v=1/..;/existing`,
      code: [400, 403, 404],
    },
    {
      name: 'a fragment',
      id: 'attack.path.characters',
      target: (a) => `${a}/nothing#/../existing`,
      code: [400, 403, 404],
    },
    {
      name: 'absolute form',
      id: 'attack.path.form',
      target: (_a, b) => `https://kubernetes.default.svc/apis/x/v1/namespaces/${b}`,
      code: 400,
    },
    {
      name: 'absolute form with a user in it',
      id: 'attack.path.form',
      target: (_a, b) => `https://admin:admin@127.0.0.1/${b}`,
      code: 400,
    },
    { name: 'another scheme', id: 'attack.path.form', target: () => 'file:///etc/passwd', code: 400 },
    { name: 'authority form', id: 'attack.path.form', target: () => 'kubernetes.default.svc:443', code: 400 },
    { name: 'asterisk form', id: 'attack.path.form', target: () => '*', code: 400 },
    {
      name: 'a target of 200 kB',
      id: 'attack.path.long',
      target: (a) => `${a}/${'a'.repeat(200_000)}`,
      code: [403, 404, 414, 431],
    },
    {
      name: 'a target of 2 MB',
      id: 'attack.path.long',
      target: (a) => `${a}/${'a'.repeat(2_000_000)}`,
      code: 431,
    },
    {
      name: 'a query of 500 kB',
      id: 'attack.path.long',
      target: (a) => `${a}/x?${'a=b&'.repeat(125_000)}`,
      code: 404,
    },
    {
      name: 'the path of another kind',
      id: 'attack.path.kind',
      target: (a) => a.replace('/databases', '/secrets'),
      code: [403, 404],
    },
    {
      name: 'a path below the name',
      id: 'attack.path.kind',
      target: (a) => `${a}/existing/../../secrets`,
      code: 400,
    },
    {
      name: 'the old form of a proxy',
      id: 'attack.path.kind',
      target: (a) => a.replace('/v1/', '/v1/proxy/'),
      code: 405,
    },
  ];

  it.each(tricks)('$name, straight to the connector [$id]', async ({ target, code }) => {
    const { mine, theirs } = attacked;
    const text = requestText(target(mine.path(), theirs.namespace), ['X-Remote-User: attacker']);
    await expectRepelled(attacked, {
      send: () => direct(attacked, text, attacked.frontProxy),
      codes: [code],
      mayBeReset: code === 431,
    });
  });

  it.each(tricks)('$name, through kube-apiserver [$id]', async ({ target }) => {
    const { mine, theirs } = attacked;
    const answer = await proxied(attacked, target(mine.path(), theirs.namespace));
    expect(answer.codes).toHaveLength(1);
    expect(answer.codes[0]).toBeGreaterThanOrEqual(300);
    expect(answer.text).not.toContain(secretWord);
  });
});

function upgrade(protocol: string): string[] {
  return [`Upgrade: ${protocol}`, 'Connection: Upgrade, HTTP2-Settings'];
}

describe('another protocol:', () => {
  const webSocket = [
    ...upgrade('websocket'),
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ];
  const smuggled = `GET /livez HTTP/1.1\r\nHost: a\r\n\r\n`;
  const attacks: Attack[] = [
    {
      name: 'an upgrade to WebSocket of a watch',
      id: 'attack.protocol.upgrade',
      send: () =>
        direct(
          attacked,
          requestText(`${attacked.theirs.path()}?watch=true`, [...forged, ...webSocket]) + smuggled,
        ),
      codes: [501],
    },
    {
      name: 'an upgrade to WebSocket as the front proxy, with a request behind it',
      id: 'attack.protocol.upgrade',
      send: () =>
        direct(
          attacked,
          requestText(attacked.target, ['X-Remote-User: attacker', ...webSocket]) + smuggled,
          attacked.frontProxy,
        ),
      codes: [501],
    },
    {
      name: 'an upgrade to WebSocket through kube-apiserver',
      id: 'attack.protocol.upgrade',
      send: () => proxied(attacked, `${attacked.mine.path()}?watch=true`, webSocket),
      codes: [[403, 501]],
    },
    {
      name: 'an upgrade to HTTP/2 without TLS',
      id: 'attack.protocol.upgrade',
      send: () =>
        direct(
          attacked,
          requestText(attacked.target, [...upgrade('h2c'), 'HTTP2-Settings: AAMAAABkAAQAAP__']),
        ),
      codes: [501],
    },
    {
      name: 'CONNECT to the API server',
      id: 'attack.protocol.connect',
      send: () =>
        direct(attacked, 'CONNECT kubernetes.default.svc:443 HTTP/1.1\r\nHost: a\r\n\r\n', attacked.admin),
      codes: [501],
    },
    {
      name: 'the preface of HTTP/2',
      id: 'attack.protocol.http2',
      send: () => direct(attacked, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      codes: [400],
    },
    {
      name: 'TRACE, which would echo headers',
      id: 'attack.protocol.method',
      send: () =>
        direct(
          attacked,
          requestText(attacked.target, ['X-Remote-User: attacker'], { method: 'TRACE' }),
          attacked.frontProxy,
        ),
      codes: [[400, 403, 405]],
    },
    {
      name: 'a method nobody knows',
      id: 'attack.protocol.method',
      send: () => direct(attacked, requestText(attacked.target, [], { method: 'FROBNICATE' })),
      codes: [400],
    },
  ];
  it.each(attacks)('$name [$id]', (attack) => expectRepelled(attacked, attack));
});
