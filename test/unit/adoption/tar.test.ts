import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { packTarGz, unpackTarGz } from '../../../src/adoption/tar.ts';

const long = `databases.example.org/namespaces/${'n'.repeat(63)}/${'name.'.repeat(40)}yaml`;
const files = [
  { path: 'export.yaml', text: 'version: v1alpha1\n' },
  { path: long, text: '{"ü": 9007199254740993}\n' },
  { path: 'empty.yaml', text: '' },
  { path: 'block.yaml', text: 'x'.repeat(512) },
];

describe('a gzipped tar file', () => {
  it('is read by tar as it was written, names of more than 100 characters included', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'mcp-connector-tar-'));
    try {
      writeFileSync(path.join(dir, 'a.tar.gz'), packTarGz(files));
      execFileSync('tar', ['xzf', 'a.tar.gz'], { cwd: dir });
      for (const file of files) expect(readFileSync(path.join(dir, file.path), 'utf8')).toBe(file.text);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('is read as tar has written it', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'mcp-connector-tar-'));
    try {
      writeFileSync(path.join(dir, 'a.tar.gz'), packTarGz(files));
      execFileSync('tar', ['xzf', 'a.tar.gz'], { cwd: dir });
      execFileSync('tar', ['czf', 'b.tar.gz', ...files.map((file) => `./${file.path}`)], { cwd: dir });
      expect(unpackTarGz(readFileSync(path.join(dir, 'b.tar.gz')))).toEqual(files);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('is refused where it is none, or cut off', () => {
    expect(() => unpackTarGz(Buffer.from('nothing'))).toThrow('no gzipped tar file');
    const whole = gunzipSync(packTarGz(files));
    for (const length of [0, 512, 1_100, 2_000, 2_300, 4_000])
      expect(() => unpackTarGz(gzipSync(whole.subarray(0, length)))).toThrow('cut off');
  });
});
