import { describe, expect, it } from '@jest/globals';
import { redact } from '../../../src/agent/answers/redaction.ts';
import { redactText } from '../../../src/agent/answers/secret-text.ts';
import { shapedSecrets } from '../../support/planted-secrets.ts';

describe('what leaves the gateway', () => {
  it.each(Object.entries(shapedSecrets))(
    'has no %s, wherever it stands [agent.redaction.shape]',
    (_, secret) => {
      for (const text of [
        secret,
        `before ${secret} after`,
        `key: ${secret}`,
        `"${secret}"`,
        `x=${secret},y`,
      ]) {
        expect(redactText(text)).toContain('[redacted]');
        expect(redactText(text)).not.toContain(secret);
      }
    },
  );

  it('has nothing that stands behind a name like that of a credential [agent.redaction.key]', () => {
    const texts = [
      'password: hunter2',
      'db_password=hunter2',
      'DB_PASSWORD=hunter2 other=1',
      '{"apiKey":"hunter2"}',
      "clientSecret: 'hunter2'",
      'mysql --password hunter2',
      'the token: hunter2 was refused',
      'Server=x;AccountKey=hunter2;Y=1',
      'spec.parameters.password: Invalid value: "hunter2": must be longer',
      'postgres://me:hunter2@db.example.org/x',
      'Authorization: Bearer hunter2hunter2',
      'a:\n  secret-access-key: hunter2 and more\nb: 1',
      'kind: Secret\nmetadata:\n  name: x\nstringData:\n  any: hunter2\n  more: |\n    hunter2\ntype: Opaque',
      'apiVersion: v1\nkind: Secret\ndata: {any: hunter2}\n---\nkind: ConfigMap',
    ];
    for (const text of texts) expect(redactText(text)).not.toContain('hunter2');
  });

  it('keeps what is read to understand an error [agent.redaction.readable]', () => {
    const texts = [
      'secrets "db-credentials" not found',
      'cannot get secret: Secret "foo" not found',
      'spec.writeConnectionSecretToRef.name: Required value',
      'cannot compose resources: cannot get connection secret: secrets is forbidden: User "x" cannot get resource',
      'xpkg.crossplane.io/crossplane/provider-nop@sha256:0000000000000000000000000000000000000000000000000000000000000000',
      'uid 3f2c1b7e-8a31-4a5b-9f7e-1c9d0e5b7a11 resourceVersion 123456',
      'claim-c603e518969b413e in ClusterUsage xdatabases.platform.example.org-1a2b3c4',
      'self.writeConnectionSecretToRef == oldSelf.writeConnectionSecretToRef && maxReplicas==2',
      'CompositeResourceDefinitionV2ConnectionDetailsExtractConfigMapReference',
      'the account may use basic authentication or a bearer token',
      'crossplane:composite:xdatabases.platform.example.org:aggregate-to-edit',
    ];
    for (const text of texts) expect(redactText(text)).toBe(text);
  });

  it('has no data of a Secret, connection detail or environment variable, and says where they are [agent.redaction.structure]', () => {
    const object = {
      spec: {
        resources: [
          {
            base: {
              apiVersion: 'v1',
              kind: 'Secret',
              stringData: { user: 'hunter2' },
              data: { a: { b: 'hunter2' } },
            },
          },
          { connectionDetails: [{ name: 'user', type: 'FromValue', value: 'hunter2' }] },
        ],
        containers: [
          {
            env: [
              { name: 'USER', value: 'hunter2' },
              { name: 'FROM', valueFrom: { secretKeyRef: { name: 'n', key: 'k' } } },
            ],
          },
        ],
        parameters: [{ name: 'db-password', value: 'hunter2' }],
        credentials: [
          {
            name: 'aws',
            source: 'Secret',
            secretRef: { name: 'creds', namespace: 'ns', key: 'k' },
            inline: 'hunter2',
          },
        ],
        passwordSecret: { name: 'creds', key: 'password' },
        auths: { 'registry.example.org': { auth: 'hunter2', username: 'hunter2' } },
        secret: { deep: [{ er: 'hunter2' }] },
        pin: 4711,
        json: '{"password":"hunter2"}',
      },
      items: [{ metadata: { name: 'x' }, type: 'Opaque', data: { a: 'hunter2' } }],
    };
    const safe = redact(object);
    expect(JSON.stringify(safe)).not.toMatch(/hunter2|4711/);
    expect(safe.spec.resources[0]).toMatchObject({
      base: { kind: 'Secret', stringData: { user: '[redacted]' } },
    });
    expect(safe.spec.credentials[0]).toMatchObject({
      name: 'aws',
      secretRef: { name: 'creds', namespace: 'ns', key: 'k' },
    });
    expect(safe.spec.passwordSecret).toEqual({ name: 'creds', key: 'password' });
    expect(safe.spec.containers[0]?.env[1]).toEqual({
      name: 'FROM',
      valueFrom: { secretKeyRef: { name: 'n', key: 'k' } },
    });
  });

  it('shows the fields of a schema, and no default of a password [agent.redaction.schema]', () => {
    const schema = {
      spec: {
        connectionSecretKeys: ['endpoint', 'password'],
        versions: [
          {
            schema: {
              openAPIV3Schema: {
                type: 'object',
                required: ['password'],
                properties: {
                  password: {
                    type: 'string',
                    description: 'Of the owner.',
                    default: 'hunter2',
                    minLength: 8,
                  },
                  size: { type: 'string', enum: ['small', 'large'], default: 'small' },
                  auth: { type: 'object', properties: { token: { type: 'string', enum: ['hunter2'] } } },
                },
              },
            },
          },
        ],
      },
    };
    const safe = redact(schema);
    expect(JSON.stringify(safe)).not.toContain('hunter2');
    const { properties } = safe.spec.versions[0]!.schema.openAPIV3Schema;
    expect(properties.password).toEqual({
      type: 'string',
      description: 'Of the owner.',
      default: '[redacted]',
      minLength: 8,
    });
    expect(properties.size).toEqual(schema.spec.versions[0]!.schema.openAPIV3Schema.properties.size);
    expect(safe.spec.connectionSecretKeys).toEqual(['endpoint', 'password']);
  });

  it('is found in a long text in little more time than it takes to read it [agent.redaction.linear]', () => {
    const long = 200_000;
    const texts = [
      'x'.repeat(long),
      'token='.repeat(long / 6),
      'token="'.repeat(long / 7),
      ' \n'.repeat(long / 2),
    ];
    texts.push(
      'password: '.repeat(long / 10),
      'eyJa'.repeat(long / 4),
      'a://'.repeat(long / 4),
      'aB1='.repeat(long / 4),
    );
    for (const text of texts) {
      const started = performance.now();
      redactText(text);
      // A search that goes back at each letter takes minutes.
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });
});
