import { writeSync } from 'node:fs';

const id = /\s*\[(?:attack|limits)\.[a-z0-9.]+\]/;

/**
 * Prints what the tests of `[attack.…]` promises found out, one line for each attack, behind all other output. A test that
 * did not pass is an attack that got through until somebody has looked at it.
 */
export default class AttackReporter {
  #lines = [];
  #repelled = 0;

  onTestResult(_test, { testResults }) {
    for (const { ancestorTitles, title, status } of testResults) {
      if (!/\[attack\./.test(title)) continue;
      const isRepelled = status === 'passed';
      if (isRepelled) this.#repelled++;
      const name = [...ancestorTitles, title.replace(id, '')].join(' ');
      this.#lines.push(`  ${isRepelled ? 'repelled    ' : 'NOT REPELLED'}  ${name}\n`);
    }
  }

  onRunComplete() {
    const count = this.#lines.length;
    if (count === 0) return;
    const lines = this.#lines.toSorted((a, b) => a.localeCompare(b));
    process.once('exit', () =>
      writeSync(1, `attack list: ${count} attacks, ${this.#repelled} repelled\n${lines.join('')}`),
    );
  }
}
