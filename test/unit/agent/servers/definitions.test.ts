import { describe, expect, it } from '@jest/globals';
import { parseDefinitions } from '../../../../src/agent/servers/definitions.ts';

const file = '/etc/agent/servers.yaml';
const least = `
servers:
  - name: platform
    controlPlane: {inCluster: true}
`;

describe('the definitions of servers', () => {
  it('need a name and a way to a control plane; the rest has safe defaults [agent.servers.definition]', () => {
    expect(parseDefinitions(least, file)).toMatchObject([
      {
        name: 'platform',
        description: '',
        timeoutSeconds: 30,
        production: false,
        readOnly: false,
        confirmation: 'any',
        sessions: false,
        tools: { deny: [], style: 'named', outputSchemas: false },
      },
    ]);
  });

  it('name files relative to their own folder [agent.servers.definition]', () => {
    const [server] = parseDefinitions(
      `
servers:
  - name: a
    controlPlane: {server: {url: https://cp.example.org, tokenFile: token, caFile: /abs/ca.crt}}
    authentication: {tokens: [{name: alice, file: tokens/alice}]}
    audit: {logPath: audit.log}
`,
      file,
    );
    expect(server).toMatchObject({
      controlPlane: { server: { tokenFile: '/etc/agent/token', caFile: '/abs/ca.crt' } },
      authentication: { tokens: [{ file: '/etc/agent/tokens/alice' }] },
      audit: { logPath: '/etc/agent/audit.log' },
    });
  });

  const wrong: [string, string, RegExp][] = [
    ['text that is no YAML', 'servers: [', /is not YAML: .* in line \d/],
    ['no list of servers', 'a: 1', /servers has to be array.*; it has no field a/],
    ['an unknown field', `${least}    colour: red\n`, /servers\[0\] \("platform"\) has no field colour/],
    [
      'a name that cannot be a path',
      least.replace('platform', 'Big_One'),
      /servers\[0\]\.name \("Big_One"\) has to be lower-case letters/,
    ],
    [
      'a time-out beyond a minute',
      `${least}    timeoutSeconds: 61\n`,
      /servers\[0\]\.timeoutSeconds \("platform"\) has to be <=60/,
    ],
    [
      'a time-out in words',
      `${least}    timeoutSeconds: soon\n`,
      /servers\[0\]\.timeoutSeconds \("platform"\) has to be int|has to be number, received string/,
    ],
    [
      'two ways to a control plane',
      least.replace('inCluster: true', 'inCluster: true, kubeconfig: {file: x}'),
      /controlPlane \("platform"\) needs exactly one of "kubeconfig", "server" and "inCluster"/,
    ],
    [
      'no way to a control plane',
      least.replace('inCluster: true', ''),
      /controlPlane \("platform"\) needs exactly one of/,
    ],
    [
      'an address without TLS',
      least.replace('inCluster: true', 'server: {url: "http://x", tokenFile: t}'),
      /controlPlane\.server\.url \("platform"\) has to be an https URL/,
    ],
    [
      'production without an audit log',
      `${least}    production: true\n`,
      /servers\[0\]\.audit \("platform"\) is needed in production mode/,
    ],
    [
      'two servers of one name',
      `${least}  - {name: platform, controlPlane: {inCluster: true}}\n`,
      /two servers have the same name/,
    ],
  ];
  it.each(wrong)(
    'with %s are refused in a sentence that says where [agent.servers.faults]',
    (_what, text, sentence) => {
      expect(() => parseDefinitions(text, file)).toThrow(sentence);
    },
  );

  it('that are refused are not quoted in the sentence: they may hold what nobody should read [agent.servers.faults]', () => {
    const text =
      'servers:\n  - name: a\n    controlPlane: {server: {url: https://x, tokenFile: t, token: s3cr3t-word}}\n\t';
    expect(() => parseDefinitions(text, file)).toThrow(/^(?!.*s3cr3t-word)/s);
  });
});
