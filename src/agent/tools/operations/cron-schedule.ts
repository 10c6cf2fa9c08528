import { ToolError } from '../tool-error.ts';

interface Field {
  name: string;
  min: number;
  max: number;
  names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const fields: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of the month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: months },
  { name: 'day of the week', min: 0, max: 6, names: days },
];
/** Far enough for a 29th of February over a century without a leap day. */
const searchedDays = 9 * 366;

interface Parsed {
  values: Set<number>;
  /** `*`: the field says nothing. */
  isAny: boolean;
}

/**
 * A schedule of five fields, as Crossplane reads it (robfig/cron, ParseStandard): lists, ranges, steps, names of months and days;
 * a day has to fit both day fields where one is `*`, and either of them otherwise. Sunday is 0, and 7 is refused.
 */
export class CronSchedule {
  readonly #fields: readonly Parsed[];

  /** Throws ToolError `invalid`. */
  constructor(text: string) {
    const parts = text.trim().split(/\s+/);
    if (parts.length !== fields.length)
      throw invalid(`a schedule has five fields, and ${JSON.stringify(text)} has ${parts.length}`);
    this.#fields = fields.map((field, at) => parseField(parts[at] ?? '', field));
  }

  /** The next times after `from`, by UTC, which is the clock of Crossplane's pod unless somebody changed it. */
  next(from: Date, count: number): Date[] {
    const [minutes, hours] = this.#fields as [Parsed, Parsed];
    const found: Date[] = [];
    const start = new Date(Math.floor(from.getTime() / 60_000) * 60_000 + 60_000);
    const day = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate()));
    for (let n = 0; n < searchedDays && found.length < count; n++, day.setUTCDate(day.getUTCDate() + 1)) {
      if (!this.#fitsDay(day)) continue;
      for (const hour of ascending(hours.values))
        for (const minute of ascending(minutes.values)) {
          const time = new Date(day.getTime() + (hour * 60 + minute) * 60_000);
          if (time >= start && found.length < count) found.push(time);
        }
    }
    return found;
  }

  #fitsDay(day: Date): boolean {
    const [, , date, month, weekday] = this.#fields as [Parsed, Parsed, Parsed, Parsed, Parsed];
    if (!month.values.has(day.getUTCMonth() + 1)) return false;
    const [byDate, byWeekday] = [date.values.has(day.getUTCDate()), weekday.values.has(day.getUTCDay())];
    return date.isAny || weekday.isAny ? byDate && byWeekday : byDate || byWeekday;
  }
}

function parseField(text: string, field: Field): Parsed {
  const values = new Set<number>();
  let isAny = false;
  for (const item of text.split(',')) {
    const [range = '', stepText, ...more] = item.split('/');
    const step = stepText === undefined ? 1 : Number(stepText);
    if (more.length > 0 || !Number.isInteger(step) || step < 1) throw badField(text, field);
    const star = range === '*' || range === '?';
    const [low = '', high, ...rest] = star ? [String(field.min), String(field.max)] : range.split('-');
    if (rest.length > 0) throw badField(text, field);
    const first = valueOf(low, field);
    // A start with a step goes on to the end: 5/15.
    const openEnd = stepText === undefined ? first : field.max;
    const last = high === undefined ? openEnd : valueOf(high, field);
    if (first === undefined || last === undefined || last < first) throw badField(text, field);
    if (star && step === 1) isAny = true;
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return { values, isAny };
}

function valueOf(text: string, { max, min, names }: Field): number | undefined {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  if (!/^\d{1,2}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

function badField(text: string, { max, min, name }: Field): ToolError {
  return invalid(`${JSON.stringify(text)} is no ${name} (${min} to ${max})`);
}

function invalid(message: string): ToolError {
  return new ToolError('invalid', message, {
    hint: 'minute hour day-of-month month day-of-week, such as 0 3 * * 1-5 for weekdays at 3:00 UTC',
    details: { field: 'schedule' },
  });
}

function ascending(values: ReadonlySet<number>): number[] {
  return [...values].toSorted((a, b) => a - b);
}
