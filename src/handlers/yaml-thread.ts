import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { requestTooCostly, StatusError, tooManyRequests } from '../apimachinery/status.ts';
import { yamlToJson } from '../apimachinery/yaml-body.ts';
import type { YamlAnswer } from './yaml-worker.ts';

/** What everybody writes by hand; read at once, it costs less than a message to a thread. */
const shortText = 2_048;
const maxWaiting = 64;
/** 3 MiB of YAML as people write it take about a second and a half. */
const timeoutMs = 5_000;
const maxHeapMB = 192;

interface Waiting {
  text: string;
  resolve: (json: string) => void;
  reject: (error: Error) => void;
}

/**
 * Reads YAML beside the event loop: a few kB can be written so that reading them takes seconds, and all other requests
 * would wait. One text at a time; one that takes too long, or too much memory, costs the thread its life and nobody else
 * anything.
 */
class YamlThread {
  readonly #waiting: Waiting[] = [];
  #worker: Worker | undefined;
  #current: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;

  read(text: string): Promise<string> {
    if (this.#waiting.length >= maxWaiting) return Promise.reject(tooManyRequests());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current) return;
    this.#current = this.#waiting.shift();
    if (!this.#current) {
      this.#worker?.unref();
      return;
    }
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#timer = setTimeout(() => this.#giveUp(), timeoutMs);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that of a window; this is a thread
    this.#worker.postMessage(this.#current.text);
  }

  #start(): Worker {
    const file = `yaml-worker${path.extname(import.meta.filename)}`;
    const worker = new Worker(new URL(file, import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMB },
    });
    worker.on('message', (answer: YamlAnswer) => {
      if (worker !== this.#worker) return;
      if ('json' in answer) this.#settle(({ resolve }) => resolve(answer.json));
      else {
        const { code, reason, message } = answer.refusal;
        this.#settle(({ reject }) => reject(new StatusError(code, reason, message)));
      }
    });
    worker.on('error', () => worker === this.#worker && this.#giveUp());
    return worker;
  }

  #giveUp(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
    this.#settle(({ reject }) => reject(requestTooCostly('the YAML takes too much to read')));
  }

  #settle(settle: (waiting: Waiting) => void): void {
    clearTimeout(this.#timer);
    const current = this.#current;
    this.#current = undefined;
    if (current) settle(current);
    this.#next();
  }
}

const thread = new YamlThread();

/** As yamlToJson. Rejects with its StatusErrors, and with 429 where too many wait. */
export async function readYaml(text: string): Promise<string> {
  return text.length <= shortText ? yamlToJson(text) : thread.read(text);
}
