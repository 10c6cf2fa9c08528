/** Why the process is not ready: `undefined` where nothing is wrong, else one sentence. */
export type ReadinessCheck = () => string | undefined;

/** Named readiness checks; each has its own reason, and `/readyz` lists them all. */
export class Readiness {
  readonly #checks = new Map<string, ReadinessCheck>();
  readonly #warnings = new Map<string, ReadinessCheck>();

  add(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check);
  }

  /** Name of each check, and whether it passes. */
  *passed(): Generator<[name: string, isPassed: boolean]> {
    for (const [name, check] of this.#checks) yield [name, check() === undefined];
  }

  /** What operators have to know, and what taking the pod out of service would not mend. */
  addWarning(name: string, check: ReadinessCheck): void {
    this.#warnings.set(name, check);
  }

  report(): { ready: boolean; text: string } {
    const lines: string[] = [];
    let ready = true;
    for (const [name, check] of this.#checks) {
      const reason = check();
      if (reason !== undefined) ready = false;
      lines.push(reason === undefined ? `[+]${name} ok` : `[-]${name} failed: ${reason}`);
    }
    for (const [name, check] of this.#warnings) {
      const warning = check();
      lines.push(warning === undefined ? `[+]${name} ok` : `[!]${name} warns: ${warning}`);
    }
    lines.push(ready ? 'readyz check passed' : 'readyz check failed');
    return { ready, text: `${lines.join('\n')}\n` };
  }
}
