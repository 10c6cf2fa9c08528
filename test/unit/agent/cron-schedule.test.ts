import { describe, expect, it } from '@jest/globals';
import { CronSchedule } from '../../../src/agent/tools/operations/cron-schedule.ts';

/** A Thursday. */
const from = new Date('2026-01-01T00:00:30Z');

function next(text: string, count = 3): string[] {
  return new CronSchedule(text).next(from, count).map((time) => time.toISOString().slice(0, 16));
}

describe('a schedule of five fields', () => {
  it.each([
    ['*/15 * * * *', ['2026-01-01T00:15', '2026-01-01T00:30', '2026-01-01T00:45']],
    ['0 3 * * 1-5', ['2026-01-01T03:00', '2026-01-02T03:00', '2026-01-05T03:00']],
    ['5,10 0 1 JAN,jul *', ['2026-01-01T00:05', '2026-01-01T00:10', '2026-07-01T00:05']],
    ['50/5 23 31 * *', ['2026-01-31T23:50', '2026-01-31T23:55', '2026-03-31T23:50']],
    ['0 0 29 2 *', ['2028-02-29T00:00', '2032-02-29T00:00']],
    // Both day fields: either of them; one of them with a step other than 1 says something too.
    ['0 12 13 * fri', ['2026-01-02T12:00', '2026-01-09T12:00', '2026-01-13T12:00']],
    ['0 12 */10 * mon', ['2026-01-01T12:00', '2026-01-05T12:00', '2026-01-11T12:00']],
    ['0 12 ? * SUN', ['2026-01-04T12:00', '2026-01-11T12:00', '2026-01-18T12:00']],
    ['0 0 31 2 *', []],
  ])('%s comes next as Crossplane reads it [agent.operation.schedule]', (text, times) => {
    expect(next(text)).toEqual(times);
  });

  it.each([
    ['* * * *', 'five fields'],
    ['* * * * * *', 'five fields'],
    ['@daily', 'five fields'],
    ['60 * * * *', 'no minute'],
    ['* 24 * * *', 'no hour'],
    ['* * 0 * *', 'no day of the month'],
    ['* * * 13 *', 'no month'],
    ['* * * * 7', 'no day of the week'],
    ['* * * * mon-', 'no day of the week'],
    ['5-1 * * * *', 'no minute'],
    ['*/0 * * * *', 'no minute'],
    ['1/2/3 * * * *', 'no minute'],
    ['-1 * * * *', 'no minute'],
    [', * * * *', 'no minute'],
  ])('%j is refused with the field that is wrong [agent.operation.schedule]', (text, why) => {
    expect(() => new CronSchedule(text)).toThrow(why);
  });
});
