import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TokenReviewer } from '../../../src/authentication/token-review.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { FakeApiServer, failure } from '../clusters/fake-api-server.ts';
import { ManualClock } from '../clusters/manual-clock.ts';

const path = '/apis/authentication.k8s.io/v1/tokenreviews';
const user = { username: 'jane', uid: 'u-1', groups: ['dev'], extra: { scope: ['a'] } };

let app: FakeApiServer;
let clock: ManualClock;
let reviewer: TokenReviewer;

beforeEach(async () => {
  app = await FakeApiServer.start();
  app.intercept = ({ body }) => {
    const { token } = (body as { spec: { token: string } }).spec;
    const status =
      token === 'good' ? { authenticated: true, user } : { authenticated: false, error: 'unknown token' };
    return { status: 201, body: { status } };
  };
  clock = new ManualClock();
  reviewer = new TokenReviewer(app.client(), clock, silentLogger());
});
afterEach(() => app[Symbol.asyncDispose]());

describe('TokenReviewer', () => {
  it('asks the app cluster once for equal tokens, then answers at once for 10 s', async () => {
    const expected = {
      name: 'jane',
      uid: 'u-1',
      groups: ['dev', 'system:authenticated'],
      extra: { scope: ['a'] },
    };
    expect(await Promise.all([reviewer.userOf('good'), reviewer.userOf('good')])).toEqual([
      expected,
      expected,
    ]);
    clock.stall(9_999);
    expect(reviewer.userOf('good')).toEqual(expected);
    expect(app.count('POST', path)).toBe(1);
    clock.stall(1);
    await reviewer.userOf('good');
    expect(app.count('POST', path)).toBe(2);
  });

  it('remembers a refusal for 10 s and refuses at once', async () => {
    await expect(reviewer.userOf('bad')).rejects.toMatchObject({ code: 401 });
    expect(() => reviewer.userOf('bad')).toThrow('Unauthorized');
    clock.stall(10_000);
    await expect(reviewer.userOf('bad')).rejects.toMatchObject({ code: 401 });
    expect(app.count('POST', path)).toBe(2);
  });

  it('refuses a token that was authenticated as nobody', async () => {
    app.intercept = () => ({
      status: 201,
      body: { status: { authenticated: true, user: { username: '' } } },
    });
    await expect(reviewer.userOf('good')).rejects.toMatchObject({ code: 401 });
  });

  it('answers 500 and remembers nothing when it may not ask', async () => {
    app.intercept = () => failure(403, 'Forbidden');
    await expect(reviewer.userOf('good')).rejects.toMatchObject({ code: 500 });
    await expect(reviewer.userOf('good')).rejects.toMatchObject({ code: 500 });
    expect(app.count('POST', path)).toBe(2);
  });
});
