/**
 * Writes the tables of docs/configuration.md, which are made from src/config/options.ts and src/config/agent-options.ts:
 *
 *     node_modules/.bin/node hack/render-configuration.ts
 *
 * Everything outside of their markers is written by hand and stays.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { agentOptions } from '../src/config/agent-options.ts';
import { environmentName, type Option, serveOptions } from '../src/config/options.ts';

export const configurationFile = path.resolve(import.meta.dirname, '../docs/configuration.md');

interface Table {
  begin: string;
  end: string;
  options: readonly Option[];
}

const tables: readonly Table[] = [
  {
    begin: '<!-- options: made by hack/render-configuration.ts, do not edit -->',
    end: '<!-- /options -->',
    options: serveOptions,
  },
  {
    begin: '<!-- agent options: made by hack/render-configuration.ts, do not edit -->',
    end: '<!-- /agent options -->',
    options: agentOptions,
  },
];

/** The document with the tables of this moment. Throws when it does not have each marker once, in order. */
export function withOptionsTable(document: string): string {
  return tables.reduce(withTable, document);
}

function withTable(document: string, { begin, end, options }: Table): string {
  const [before, rest, ...more] = document.split(begin);
  const [, after, ...evenMore] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined || more.length + evenMore.length > 0) {
    throw new Error(`the document needs one line ${begin} and behind it one line ${end}`);
  }
  return `${before}${begin}\n\n${tableOf(options)}\n${end}${after}`;
}

function tableOf(options: readonly Option[]): string {
  const head = [
    '| flag | environment | default | chart value | what it says |',
    '| --- | --- | --- | --- | --- |',
  ];
  return [...head, ...options.map(rowOf), ''].join('\n');
}

function rowOf(option: Option): string {
  const value = option.value === undefined ? '' : ` <${option.value}>`;
  const flag = `${option.short ? `-${option.short}, ` : ''}--${option.flag}${value}`;
  const cells = [
    code(flag) + (option.repeatable ? ', may be repeated' : ''),
    code(environmentName(option.flag)),
    code(option.default),
    code(option.chartValue),
    // Outside of code, `<plural>` would be an HTML tag and `*` emphasis.
    option.help.replaceAll(/[<>*|]/g, '\\$&'),
  ];
  return `| ${cells.join(' | ')} |`;
}

function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${text.replaceAll('|', '\\|')}\``;
}

if (import.meta.main) {
  writeFileSync(configurationFile, withOptionsTable(readFileSync(configurationFile, 'utf8')));
}
