import { parentPort } from 'node:worker_threads';
import { StatusError } from '../apimachinery/status.ts';
import { yamlToJson } from '../apimachinery/yaml-body.ts';

/** What the thread is sent and sends back; see yaml-thread.ts. */
export type YamlAnswer = { json: string } | { refusal: { code: number; reason: string; message: string } };

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that of a window; this is a thread
parentPort?.on('message', (text: string) => parentPort?.postMessage(read(text)));

function read(text: string): YamlAnswer {
  try {
    return { json: yamlToJson(text) };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const { code, reason, message } = error;
    return { refusal: { code, reason, message } };
  }
}
