import { Option } from 'commander';
import { dump } from 'js-yaml';

const formats = ['table', 'json', 'yaml'] as const;
export type OutputFormat = (typeof formats)[number];

/** `-o, --output`, of every command that prints what it found. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'table, json or yaml').choices(formats).default('table');
}

/** For programs the value as it is, for people what `table` makes of it. */
export function printed<T>(value: T, format: OutputFormat, table: (value: T) => string): string {
  if (format === 'json') return `${JSON.stringify(value, undefined, 2)}\n`;
  // Through JSON, so that both say the same: what is undefined is left out.
  if (format === 'yaml') return dump(JSON.parse(JSON.stringify(value)));
  return table(value);
}
