import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { CallFeed } from '../../src/agent/console/calls/call-feed.ts';
import { createConsole } from '../../src/agent/console/console.ts';
import type { ConsoleOptions } from '../../src/agent/console/console-options.ts';
import { CredentialFolder } from '../../src/agent/console/credential-stores.ts';
import { DefinitionsFile } from '../../src/agent/console/definitions-file.ts';
import { parseDefinitions } from '../../src/agent/servers/definitions.ts';
import { silentLogger } from '../../src/base/logger.ts';

export const consolePassword = 'correct-horse-battery';

/** A console as the gateway mounts it, over a folder of its own. */
export interface ConsoleGround extends AsyncDisposable {
  url: string;
  folder: string;
  definitionsFile: string;
  credentials: string;
  calls: CallFeed;
  /** The text of the definitions as it is now. */
  definitions(): Promise<string>;
  /** As somebody else would, with an editor. */
  edit(text: string): Promise<void>;
  setPassword(password: string): Promise<void>;
  /** A file in its folder. */
  write(name: string, text: string): Promise<void>;
}

export async function startConsole(options: Partial<ConsoleOptions> = {}): Promise<ConsoleGround> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-console.'));
  const definitionsFile = path.join(folder, 'servers.yaml');
  const passwordFile = path.join(folder, 'password');
  const credentials = path.join(folder, 'credentials');
  await writeFile(passwordFile, `${consolePassword}\n`);
  const calls = new CallFeed();
  const console = await createConsole({
    passwordFile,
    definitions: new DefinitionsFile(definitionsFile),
    parse: (text) => parseDefinitions(text, definitionsFile),
    credentials: new CredentialFolder(credentials),
    calls,
    status: 'This test has no app cluster.',
    problem: () => undefined,
    environmentProxy: false,
    log: silentLogger(),
    ...options,
  });
  const server = createServer((request, response) => {
    void console.handle(request, response).then((isAnswered) => {
      if (!isAnswered) response.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    folder,
    definitionsFile,
    credentials,
    calls,
    definitions: () => readFile(definitionsFile, 'utf8'),
    edit: (text) => writeFile(definitionsFile, text),
    setPassword: (password) => writeFile(passwordFile, password),
    write: (name, text) => writeFile(path.join(folder, name), text),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
