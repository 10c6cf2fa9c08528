import { describe, expect, it } from '@jest/globals';
import { writeGuard } from '../../../../src/agent/protocol/write-guard.ts';
import { ToolError } from '../../../../src/agent/tools/tool-error.ts';

describe('the guard between a tool and the control plane', () => {
  it('lets a tool that only adds do nothing but POST [agent.confirm.guard]', () => {
    const guard = writeGuard({ name: 'create_xrd', effect: 'create' });
    expect(() => guard.check('POST', '/x')).not.toThrow();
    for (const method of ['PUT', 'PATCH', 'DELETE'])
      expect(() => guard.check(method, '/x')).toThrow(/unconfirmed/);
  });

  it('lets a destructive tool send nothing before its change was confirmed [agent.confirm.guard]', () => {
    const guard = writeGuard({ name: 'delete_xrd', effect: 'destructive' });
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      expect(() => guard.check(method, '/x')).toThrow(/unconfirmed/);
    guard.asks();
    expect(() => guard.check('DELETE', '/x')).toThrow(ToolError);
    guard.confirmed();
    expect(() => guard.check('DELETE', '/x')).not.toThrow();
    expect(() => guard.assertAnswered()).not.toThrow();
  });

  it('lets a reading tool send nothing that writes [agent.confirm.guard]', () => {
    expect(() => writeGuard({ name: 'list_xrds', effect: 'read' }).check('POST', '/x')).toThrow(
      /unconfirmed/,
    );
  });

  it('turns the answer of a tool that kept a refusal to itself into the refusal [agent.confirm.guard]', () => {
    const guard = writeGuard({ name: 'delete_xrd', effect: 'destructive' });
    guard.asks();
    expect(() => guard.assertAnswered()).toThrow(/was not confirmed/);
  });
});
