import { type Attack, type AttackedGround, attacker, direct } from './attacked-ground.ts';
import { type RawAnswer, requestText } from './raw-client.ts';

export const json = 'application/json';
export const yaml = 'application/yaml';
export const merge = 'application/merge-patch+json';
export const operations = 'application/json-patch+json';
export const apply = 'application/apply-patch+yaml';

/** What a body that asks too much may be refused with. */
export const refused = [[400, 413, 422]] as const;

export type Method = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Writes of the attacker's in a namespace where everything is allowed. */
export class AttackerWrites {
  readonly #attacked: () => AttackedGround;

  /** A function, since cases are listed before the ground is prepared. */
  constructor(attacked: () => AttackedGround) {
    this.#attacked = attacked;
  }

  /** Each character of the body is one byte. */
  write(method: Method, name: string | undefined, type: string, body: string): Promise<RawAnswer> {
    const attacked = this.#attacked();
    const path = attacked.mine.path(name) + (type === apply ? '?fieldManager=attacker&force=true' : '');
    const headers = [`X-Remote-User: ${attacker}`, `Content-Type: ${type}`, `Content-Length: ${body.length}`];
    return direct(attacked, requestText(path, headers, { method, body }), attacked.frontProxy);
  }

  create(body: () => string, type = json): Attack['send'] {
    return () => this.write('POST', undefined, type, body());
  }

  patch(type: string, body: () => string): Attack['send'] {
    return () => this.write('PATCH', 'existing', type, body());
  }
}

/** `open` and `close`, `depth` times each. */
export function nested(open: string, close: string, depth: number): string {
  return open.repeat(depth) + close.repeat(depth);
}
