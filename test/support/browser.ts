import { chmod, readFile } from 'node:fs/promises';
import { createReadStream, createWriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { npmTools } from './npm-tools.ts';

/** Of puppeteer-core, as far as the tests use it; the package is installed on demand, and its types with it. */
export interface Browser {
  version(): Promise<string>;
  createBrowserContext(): Promise<BrowserContext>;
  close(): Promise<void>;
}

export interface BrowserContext {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

export interface Page {
  goto(url: string): Promise<{ status(): number; headers(): Record<string, string> } | null>;
  reload(): Promise<unknown>;
  url(): string;
  title(): Promise<string>;
  content(): Promise<string>;
  setViewport(size: { width: number; height: number }): Promise<void>;
  emulateMediaFeatures(features: { name: string; value: string }[]): Promise<void>;
  evaluate<T>(script: string): Promise<T>;
  waitForFunction(script: string, options?: { timeout?: number }): Promise<unknown>;
  screenshot(options: { path: string; fullPage?: boolean }): Promise<unknown>;
  keyboard: {
    press(key: string, options?: { delay?: number }): Promise<void>;
    type(text: string): Promise<void>;
    down(key: string): Promise<void>;
    up(key: string): Promise<void>;
    sendCharacter(text: string): Promise<void>;
  };
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): void;
  on(event: 'pageerror', listener: (error: Error) => void): void;
  on(event: 'request', listener: (request: { url(): string }) => void): void;
  evaluateOnNewDocument(script: string): Promise<unknown>;
}

interface Puppeteer {
  launch(options: object): Promise<Browser>;
}

/** A real Chromium without a window, from npm (tools/console); nothing of it is installed on the machine. */
export async function startBrowser(): Promise<{ browser: Browser; axe: string }> {
  const folder = await npmTools('console', async (made) => {
    const chromium = path.join(made, 'chromium');
    const packed = path.join(made, 'node_modules/@sparticuz/chromium/bin/chromium.br');
    await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(chromium));
    await chmod(chromium, 0o755);
  });
  const modules = path.join(folder, 'node_modules');
  const require = createRequire(path.join(folder, 'package.json'));
  const { default: puppeteer } = (await import(
    pathToFileURL(require.resolve(path.join(modules, 'puppeteer-core'))).href
  )) as {
    default: Puppeteer;
  };
  const browser = await puppeteer.launch({
    executablePath: path.join(folder, 'chromium'),
    headless: 'shell',
    // Root, as in containers of CI, has no sandbox; what is loaded is our own pages.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
  });
  return { browser, axe: await readFile(path.join(modules, 'axe-core/axe.min.js'), 'utf8') };
}
