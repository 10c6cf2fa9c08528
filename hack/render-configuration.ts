/**
 * Writes the table of docs/configuration.md, which is made from src/config/options.ts:
 *
 *     node_modules/.bin/node hack/render-configuration.ts
 *
 * Everything outside the two markers is written by hand and stays.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { environmentName, type Option, serveOptions } from '../src/config/options.ts';

export const configurationFile = path.resolve(import.meta.dirname, '../docs/configuration.md');

const begin = '<!-- options: made by hack/render-configuration.ts, do not edit -->';
const end = '<!-- /options -->';

/** The document with the table of this moment. Throws when it does not have each marker once, in order. */
export function withOptionsTable(document: string): string {
  const [before, rest, ...more] = document.split(begin);
  const [, after, ...evenMore] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined || more.length + evenMore.length > 0) {
    throw new Error(`the document needs one line ${begin} and behind it one line ${end}`);
  }
  return `${before}${begin}\n\n${optionsTable()}\n${end}${after}`;
}

function optionsTable(): string {
  const head = [
    '| flag | environment | default | chart value | what it says |',
    '| --- | --- | --- | --- | --- |',
  ];
  return [...head, ...(serveOptions as readonly Option[]).map(rowOf), ''].join('\n');
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
