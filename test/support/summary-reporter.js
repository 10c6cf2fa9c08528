import { writeSync } from 'node:fs';

/**
 * Prints `N passed, N failed` as the last line of a run, for programs that read the end of the output: at the exit of the
 * process, since jest's own summary and the teardown come after the reporters. A test file that could not be run counts as
 * one failed test.
 */
export default class SummaryReporter {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    const line = `${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed\n`;
    process.once('exit', () => writeSync(1, line));
  }
}
