import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const src = path.resolve(import.meta.dirname, '../src');

/** The path of a request: each room knows those after it, none knows one before it. */
const requestPath = ['downstream', 'filters', 'handlers', 'mapping', 'upstream'];
/** Files and rooms outside of the path, and the rooms of the path they may know. */
const allowedIntoPath: Record<string, readonly string[]> = {
  'connector.ts': requestPath,
  adoption: ['mapping'],
  agent: ['mapping'],
  'claim-moves': ['mapping'],
  departure: ['mapping'],
  cli: requestPath,
  controllers: ['mapping', 'upstream'],
  demo: ['mapping'],
  connecting: ['mapping'],
};
/** Rooms that `mapping`, which is pure, may know, and modules of node beside them. */
const pureRooms = new Set(['apimachinery', 'base', 'catalog', 'mapping']);
const pureModules = new Set(['node:buffer', 'node:crypto', 'node:assert']);
const environmentReaders = ['config/', 'demo/', 'cli/'];
const forbiddenNames = new Set(['index', 'utils', 'util', 'helpers', 'helper', 'common']);
const maxLines = 400;

interface Import {
  /** Path below `src`, as all paths here. */
  file: string;
  /** A path below `src`, or the name of a package or of a module of node. */
  target: string;
  /** `import type`: the shape of what is handed along, which ties nothing at run time. */
  isType: boolean;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.split(path.sep).join('/'))
  .toSorted();

function textOf(file: string): string {
  return readFileSync(path.join(src, file), 'utf8');
}

/** The first folder, or the file itself where it lies in `src`. */
function roomOf(file: string): string {
  return file.split('/')[0] as string;
}

const imports: Import[] = files.flatMap((file) =>
  [...textOf(file).matchAll(/(^import type [^;]*?)?(?:\bfrom|^import|\bimport\()\s*'([^']+)'/gm)].map(
    ([, type, specifier = '']) => ({
      file,
      target: specifier.startsWith('.') ? path.posix.join(path.posix.dirname(file), specifier) : specifier,
      isType: type !== undefined,
    }),
  ),
);

function show({ file, target }: Import): string {
  return `${file} imports ${target}`;
}

describe('the rooms of src', () => {
  it('are read as they are: every import leads to a file of src, a package or a module of node', () => {
    const known = new Set(files);
    const unresolved = imports.filter(({ target }) =>
      target.endsWith('.ts') ? !known.has(target) : target.startsWith('node:') && !isBuiltin(target),
    );
    expect(unresolved.map(show)).toEqual([]);
    expect(imports.length).toBeGreaterThan(files.length);
  });

  it('end, as ls sorts them, with the path of a request', () => {
    const rooms = readdirSync(src, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .toSorted();
    expect(rooms.slice(-requestPath.length)).toEqual(requestPath);
  });

  it('on the path of a request import only what lies further along on it, types left aside', () => {
    const backwards = imports.filter(({ file, target, isType }) => {
      if (isType) return false;
      const [from, to] = [requestPath.indexOf(roomOf(file)), requestPath.indexOf(roomOf(target))];
      return from >= 0 && to >= 0 && to < from;
    });
    expect(backwards.map(show)).toEqual([]);
  });

  it('outside of the path of a request import none of it, but for the composition root, the CLI and controllers', () => {
    const intruders = imports.filter(({ file, target }) => {
      const [from, to] = [roomOf(file), roomOf(target)];
      if (requestPath.includes(from) || !requestPath.includes(to)) return false;
      return !(allowedIntoPath[from] ?? []).includes(to);
    });
    expect(intruders.map(show)).toEqual([]);
  });

  it('keep mapping pure: it imports nothing that does I/O', () => {
    const impure = imports.filter(({ file, target }) => {
      if (roomOf(file) !== 'mapping') return false;
      return !pureRooms.has(roomOf(target)) && !pureModules.has(target);
    });
    expect(impure.map(show)).toEqual([]);
  });

  it('read the environment only where configuration is made', () => {
    const readers = files.filter((file) =>
      /\bprocess\.env\b|\benv\b.*from 'node:process'/.test(textOf(file)),
    );
    const others = readers.filter((file) => !environmentReaders.some((allowed) => file.startsWith(allowed)));
    expect(others).toEqual([]);
    expect(readers).toContain('cli/serve.ts');
  });
});

describe('the files of src', () => {
  it('have names that say what is in them', () => {
    const vague = files.filter((file) =>
      file.split('/').some((part) => forbiddenNames.has(part.replace(/\.ts$/, ''))),
    );
    expect(vague).toEqual([]);
  });

  it('have at most 400 lines', () => {
    const long = files
      .map((file) => ({ file, lines: textOf(file).trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > maxLines);
    expect(long).toEqual([]);
  });
});

function isBuiltin(target: string): boolean {
  return builtinModules.includes(target.replace(/^node:/, ''));
}
