import { describe, expect, it } from '@jest/globals';
import type { ClaimRequest } from '../../../src/handlers/claim-request.ts';
import {
  type DeleteOptions,
  isHeld,
  readDeleteOptions,
  upstreamOptions,
} from '../../../src/handlers/deletes/delete-options.ts';
import type { Answer } from '../../../src/upstream/control-plane.ts';

interface Read {
  options: DeleteOptions;
  /** What is left of the query. */
  query: string;
  /** How often the control plane was asked for its opinion. */
  opinions: number;
}

/** Reads the options of one delete; the control plane finds all of them sound. */
async function read(body: string, query = '', type = 'application/json'): Promise<Read> {
  const request = {
    exchange: { header: () => type, readBody: () => Promise.resolve(Buffer.from(body)) },
  } as unknown as ClaimRequest;
  const sound: Answer = { status: 404, headers: {}, body: Buffer.alloc(0) };
  let opinions = 0;
  const left = new URLSearchParams(query);
  const options = await readDeleteOptions(request, left, () => {
    opinions++;
    return Promise.resolve(sound);
  });
  return { options, query: left.toString(), opinions };
}

const sent = (options: DeleteOptions): unknown =>
  JSON.parse(upstreamOptions(options, options.preconditions).toString());

describe('the options of a delete', () => {
  it.each([
    ['', ''],
    ['', 'propagationPolicy=Orphan&dryRun=All'],
    ['{}', ''],
    ['{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Foreground"}', ''],
    ['{"gracePeriodSeconds":0,"preconditions":{"uid":"a"},"dryRun":["All"]}', ''],
    ['{"orphanDependents":false,"propagationPolicy":null}', ''],
  ])('are taken without a question as every client sends them: %s %s', async (body, query) => {
    expect((await read(body, query)).opinions).toBe(0);
  });

  it.each([
    ['junk', '', 'application/json'],
    ['{}', '', 'text/plain'],
    ['dryRun: [All]', '', 'application/yaml'],
    ['{"kind":"Other"}', '', 'application/json'],
    ['{"apiVersion":"apps/v1"}', '', 'application/json'],
    ['{"propagationPolicy":"junk"}', '', 'application/json'],
    ['{"propagationPolicy":"Orphan","orphanDependents":true}', '', 'application/json'],
    ['{"dryRun":["some"]}', '', 'application/json'],
    ['{"preconditions":{"uid":5}}', '', 'application/json'],
    ['{"unknown":1}', '', 'application/json'],
    ['', 'gracePeriodSeconds=x', 'application/json'],
    ['', 'dryRun=', 'application/json'],
    ['', 'ignoreStoreReadErrorWithClusterBreakingPotential=true', 'application/json'],
  ])('are judged by the control plane where they are odd: %s %s (%s)', async (body, query, type) => {
    expect((await read(body, query, type)).opinions).toBe(1);
  });

  it('come from the query only where there is no body, and are taken out of it', async () => {
    const query = 'propagationPolicy=Orphan&labelSelector=a&uid=u&resourceVersion=5';
    expect(await read('', query)).toEqual({
      options: {
        preconditions: { uid: 'u', resourceVersion: '5' },
        dryRun: false,
        propagationPolicy: 'Orphan',
      },
      query: 'labelSelector=a&resourceVersion=5',
      opinions: 0,
    });
    expect(await read('{}', query)).toEqual({
      options: { preconditions: {}, dryRun: false },
      query: 'labelSelector=a&resourceVersion=5',
      opinions: 0,
    });
  });

  it('are read of YAML', async () => {
    const { options } = await read('propagationPolicy: Foreground\ndryRun: [All]\n', '', 'application/yaml');
    expect(options).toEqual({ preconditions: {}, dryRun: true, propagationPolicy: 'Foreground' });
  });

  it('are Background upstream, and ask for no hold in a dry run', async () => {
    for (const body of ['{}', '{"propagationPolicy":"Orphan"}', '{"orphanDependents":true}'])
      expect(sent((await read(body)).options)).toEqual({
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        propagationPolicy: 'Background',
      });
    expect(isHeld((await read('{"propagationPolicy":"Orphan"}')).options)).toBe(true);
    expect(isHeld((await read('{"orphanDependents":true}')).options)).toBe(true);
    expect(isHeld((await read('{"propagationPolicy":"Background"}')).options)).toBe(false);
    const dry = (await read('{"propagationPolicy":"Orphan","dryRun":["All"]}')).options;
    expect(isHeld(dry)).toBe(false);
    expect(sent(dry)).toMatchObject({ propagationPolicy: 'Orphan', dryRun: ['All'] });
  });
});
