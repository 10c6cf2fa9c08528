/** Why the process is not ready: `undefined` where nothing is wrong, else one sentence. */
export type ReadinessCheck = () => string | undefined;

/** Named readiness checks; each has its own reason, and `/readyz` lists them all. */
export class Readiness {
  readonly #checks = new Map<string, ReadinessCheck>();

  add(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check);
  }

  report(): { ready: boolean; text: string } {
    const lines: string[] = [];
    let ready = true;
    for (const [name, check] of this.#checks) {
      const reason = check();
      if (reason !== undefined) ready = false;
      lines.push(reason === undefined ? `[+]${name} ok` : `[-]${name} failed: ${reason}`);
    }
    lines.push(ready ? 'readyz check passed' : 'readyz check failed');
    return { ready, text: `${lines.join('\n')}\n` };
  }
}
