import { afterAll, beforeAll, describe, it, jest } from '@jest/globals';
import {
  type Attack,
  type AttackedGround,
  appClusterKeyPair,
  direct,
  expectRepelled,
  prepareAttackedGround,
  proxied,
} from '../support/attacked-ground.ts';
import { requestText } from '../support/raw-client.ts';
import { type TestCertificate, makeCertificate } from '../unit/authentication/test-certificates.ts';
import type { ClientMaterial } from '../support/api-request.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

let attacked: AttackedGround;
let frontProxyCa: TestCertificate;
let userCa: TestCertificate;

beforeAll(async () => {
  attacked = await prepareAttackedGround('attacks-identity');
  [frontProxyCa, userCa] = await Promise.all([appClusterKeyPair('front-proxy-ca'), appClusterKeyPair('ca')]);
});
afterAll(() => attacked?.ground.remove());

const forged = ['X-Remote-User: system:admin', 'X-Remote-Group: system:masters'];
const clientAuth = { clientAuth: true };

function withCertificate(
  certificate: () => ClientMaterial,
  headers: readonly string[] = forged,
): Attack['send'] {
  return () => direct(attacked, requestText(attacked.target, headers), certificate());
}

/** As the front proxy itself: what would come to pass if such headers got through kube-apiserver. */
function asFrontProxy(...headers: string[]): Attack['send'] {
  return () => direct(attacked, requestText(attacked.target, headers), attacked.frontProxy);
}

describe('direct connection:', () => {
  const impostor = 'front-proxy-client';
  const attacks: Attack[] = [
    {
      name: 'forged X-Remote headers without a client certificate',
      id: 'attack.identity.nocertificate',
      send: () => direct(attacked, requestText(attacked.target, forged)),
      codes: [403],
    },
    {
      name: 'a self-signed certificate with the name of the front proxy',
      id: 'attack.identity.certificate',
      send: withCertificate(() => makeCertificate(impostor, { usages: clientAuth })),
      codes: [401],
    },
    {
      name: 'the certificate of a CA that only has the name of the front proxy CA',
      id: 'attack.identity.certificate',
      send: withCertificate(() => {
        const issuer = makeCertificate('app-front-proxy', { ca: true });
        return makeCertificate(impostor, { issuer, usages: clientAuth });
      }),
      codes: [401],
    },
    {
      name: 'a certificate of the front proxy CA with a name that is not allowed',
      id: 'attack.identity.certificate',
      send: withCertificate(() =>
        makeCertificate('somebody', {
          issuer: frontProxyCa,
          usages: clientAuth,
          organizations: ['system:masters'],
        }),
      ),
      codes: [401],
    },
    {
      name: 'an expired certificate of the front proxy',
      id: 'attack.identity.certificate',
      send: withCertificate(() =>
        makeCertificate(impostor, { issuer: frontProxyCa, usages: clientAuth, from: -3, to: -1 }),
      ),
      codes: [401],
    },
    {
      name: 'a certificate of the front proxy that is not valid yet',
      id: 'attack.identity.certificate',
      send: withCertificate(() =>
        makeCertificate(impostor, { issuer: frontProxyCa, usages: clientAuth, from: 1, to: 3 }),
      ),
      codes: [401],
    },
    {
      name: 'a certificate of the front proxy CA that is for servers only',
      id: 'attack.identity.certificate',
      send: withCertificate(() =>
        makeCertificate(impostor, { issuer: frontProxyCa, usages: { serverAuth: true } }),
      ),
      codes: [401],
    },
    {
      name: 'a certificate issued by one that is no CA',
      id: 'attack.identity.certificate',
      send: withCertificate(() => {
        const issuer = makeCertificate('leaf', { issuer: frontProxyCa, usages: clientAuth, ca: false });
        const { cert, key } = makeCertificate(impostor, { issuer, usages: clientAuth });
        return { cert: `${cert}\n${issuer.cert}`, key };
      }),
      codes: [401],
    },
    {
      name: 'an intermediate of another CA',
      id: 'attack.identity.certificate',
      send: withCertificate(() => {
        const root = makeCertificate('app-front-proxy', { ca: true });
        const issuer = makeCertificate('intermediate', { issuer: root, ca: true });
        const { cert, key } = makeCertificate(impostor, { issuer, usages: clientAuth });
        return { cert: [cert, issuer.cert, root.cert, frontProxyCa.cert].join('\n'), key };
      }),
      codes: [401],
    },
    {
      name: "a certificate of the users' CA with the name of the front proxy",
      id: 'attack.identity.certificate',
      send: withCertificate(() => makeCertificate(impostor, { issuer: userCa, usages: clientAuth })),
      codes: [403],
    },
    {
      name: 'Impersonate headers, which only kube-apiserver may judge',
      id: 'attack.identity.impersonation',
      send: () =>
        direct(
          attacked,
          requestText(attacked.target, ['Impersonate-User: admin', 'Impersonate-Group: system:masters']),
        ),
      codes: [400],
    },
    {
      name: 'Impersonate headers of an administrator, who would get more than was asked for',
      id: 'attack.identity.impersonation',
      send: () =>
        direct(attacked, requestText(attacked.target, ['Impersonate-User: nobody']), attacked.admin),
      codes: [400],
    },
    {
      name: 'X-Forwarded headers that name the front proxy',
      id: 'attack.identity.forwarded',
      send: () =>
        direct(
          attacked,
          requestText(attacked.target, [
            'X-Forwarded-For: 127.0.0.1',
            'X-Forwarded-Host: kubernetes.default.svc',
            'X-Forwarded-Proto: https',
            'X-Forwarded-User: system:admin',
            'Forwarded: for=127.0.0.1',
            'X-Original-URL: /livez',
            'X-HTTP-Method-Override: GET',
          ]),
        ),
      codes: [403],
    },
    {
      name: 'two Authorization headers',
      id: 'attack.identity.authorization',
      send: () =>
        direct(
          attacked,
          requestText(attacked.target, ['Authorization: Bearer a', 'Authorization: Bearer b']),
        ),
      codes: [401],
    },
    {
      name: 'Basic credentials and a token in the query',
      id: 'attack.identity.authorization',
      send: () =>
        direct(
          attacked,
          requestText(`${attacked.target}?access_token=a&token=b`, ['Authorization: Basic YWRtaW46YWRtaW4=']),
        ),
      codes: [403],
    },
  ];
  it.each(attacks)('$name [$id]', (attack) => expectRepelled(attacked, attack));
});

describe('headers of identity:', () => {
  const attacks: Attack[] = [
    {
      name: 'X-Remote-User twice',
      id: 'attack.headers.duplicate',
      send: asFrontProxy('X-Remote-User: attacker', 'X-Remote-User: system:admin'),
      codes: [401],
    },
    {
      name: 'X-Remote-User twice, in upper and lower case',
      id: 'attack.headers.duplicate',
      send: asFrontProxy('x-remote-user: attacker', 'X-REMOTE-USER: system:admin'),
      codes: [401],
    },
    {
      name: 'X_Remote_User and X_Remote_Group with underscores',
      id: 'attack.headers.encoded',
      send: asFrontProxy(
        'X-Remote-User: attacker',
        'X_Remote_User: system:admin',
        'X_Remote_Group: system:masters',
      ),
      codes: [403],
    },
    {
      name: 'a group list joined by commas',
      id: 'attack.headers.encoded',
      send: asFrontProxy('X-Remote-User: attacker', 'X-Remote-Group: a, system:masters'),
      codes: [403],
    },
    {
      name: 'X-Remote-User as X-Remote-Us%65r',
      id: 'attack.headers.encoded',
      send: asFrontProxy(
        'X-Remote-User: attacker',
        'X-Remote-Us%65r: system:admin',
        'X-Remote-Gr%6fup: system:masters',
      ),
      codes: [403],
    },
    {
      name: 'a header folded over two lines',
      id: 'attack.headers.folded',
      send: asFrontProxy('X-Remote-User: attacker\r\n X-Remote-Group: system:masters'),
      codes: [[400, 403]],
    },
    {
      name: 'white space before the colon',
      id: 'attack.headers.folded',
      send: asFrontProxy('X-Remote-User: attacker', 'X-Remote-Group : system:masters'),
      codes: [400],
    },
    {
      name: 'a header line that ends in a bare CR',
      id: 'attack.headers.folded',
      send: asFrontProxy('X-Remote-User: attacker\rX-Remote-Group: system:masters'),
      codes: [400],
    },
    {
      name: 'a NUL in a header',
      id: 'attack.headers.folded',
      send: asFrontProxy('X-Remote-User: system:admin\0.example.org'),
      codes: [400],
    },
    {
      name: 'a user name that is not UTF-8',
      id: 'attack.headers.encoded',
      send: asFrontProxy('X-Remote-User: system:\xffadmin'),
      codes: [401],
    },
    {
      name: 'X-Remote-Extra with encoded dots, __proto__ and constructor',
      id: 'attack.headers.extra',
      send: asFrontProxy(
        'X-Remote-User: attacker',
        'X-Remote-Extra-%2e%2e%2fgroups: system:masters',
        'X-Remote-Extra-__proto__: system:masters',
        'X-Remote-Extra-constructor: system:masters',
        'X-Remote-Extra-%: system:masters',
        'X-Remote-Extra-: system:masters',
      ),
      // kube-apiserver may refuse the review of a user with such keys.
      codes: [[401, 403, 500]],
    },
    {
      name: 'Connection nominates the identity headers, straight to the connector',
      id: 'attack.headers.nominated',
      send: asFrontProxy(
        'X-Remote-User: attacker',
        'Connection: X-Remote-User, X-Remote-Group, Authorization, Audit-ID',
      ),
      codes: [403],
    },
    {
      name: 'Connection nominates the identity headers, through kube-apiserver',
      id: 'attack.headers.nominated',
      send: () =>
        proxied(attacked, attacked.target, [
          'Connection: close, X-Remote-User, X-Remote-Group, X-Remote-Extra-a, Authorization, Audit-ID, Accept',
        ]),
      codes: [403],
    },
    {
      name: 'X-Remote headers through kube-apiserver',
      id: 'attack.headers.proxied',
      send: () =>
        proxied(attacked, attacked.target, [
          ...forged,
          'X-REMOTE-GROUP: system:masters',
          'X_Remote_Group: system:masters',
        ]),
      codes: [403],
    },
    {
      name: 'X-Remote-Extra through kube-apiserver, encoded to read as X-Remote-Group',
      id: 'attack.headers.proxied',
      send: () =>
        proxied(attacked, attacked.target, [
          'Impersonate-Extra-..%2fgroup: system:masters',
          'X-Remote-Extra-A: b',
        ]),
      codes: [403],
    },
  ];
  it.each(attacks)('$name [$id]', (attack) => expectRepelled(attacked, attack));
});
