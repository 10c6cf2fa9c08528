import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '..');
const pages = path.join(root, 'docs/requirements');

/** `serve.create.name`: lower-case words with dots between them. */
const id = '[a-z][a-z0-9]*(?:\\.[a-z][a-z0-9]*)+';
/** A line of a page: `- **id** — sentence (source)`. */
const line = new RegExp(`^- \\*\\*(${id})\\*\\* — \\S.* \\([^()]+\\)$`);
/** The end of a title, before its quote: ` [id]` or ` [id, id]`. */
const citation = new RegExp(` \\[(${id}(?:, ${id})*)\\]['"\`]`, 'g');

function filesBelow(folder: string, suffix: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(suffix))
    .map((name) => path.join(folder, name))
    .toSorted();
}

/** Lines that state a requirement, or try to; the example of README.md is indented. */
function requirementLines(): string[] {
  return filesBelow(pages, '.md')
    .filter((file) => path.basename(file) !== 'README.md')
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((text) => text.startsWith('- '));
}

function required(): string[] {
  return requirementLines().flatMap((text) => line.exec(text)?.[1] ?? []);
}

/** Every id that a test cites, with the files that do; `$id` of a table of cases stands literally beside its case. */
function cited(): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const file of filesBelow(path.join(root, 'test'), '.test.ts')) {
    const text = readFileSync(file, 'utf8');
    const inTables = text.includes('[$id]') ? [...text.matchAll(new RegExp(`id: '(${id})'`, 'g'))] : [];
    for (const [, ids = ''] of [...text.matchAll(citation), ...inTables])
      for (const one of ids.split(', '))
        files.set(one, [...(files.get(one) ?? []), path.relative(root, file)]);
  }
  return files;
}

describe('the requirements', () => {
  it('have one form and an id of their own each', () => {
    const lines = requirementLines();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((text) => !line.test(text))).toEqual([]);
    const ids = required();
    expect(ids.filter((one, at) => ids.indexOf(one) !== at)).toEqual([]);
  });

  it('are each cited by the title of a test', () => {
    const known = cited();
    expect(required().filter((one) => !known.has(one))).toEqual([]);
  });

  it('are what the titles of tests cite', () => {
    const known = new Set(required());
    const unknown = [...cited()].filter(([one]) => !known.has(one));
    expect(unknown).toEqual([]);
  });
});
