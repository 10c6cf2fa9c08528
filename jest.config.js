const common = {
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '@swc/jest' },
  testEnvironment: 'node',
};

/** `unit` needs nothing, `integration` shares one lab of real clusters, `e2e` takes any pair of kubeconfigs. */
export default {
  // The files that take longest wait for controllers of Kubernetes most of their time, so two share two cores well.
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/support/long-first-sequencer.js',
  reporters: [
    'default',
    '<rootDir>/test/support/attack-reporter.js',
    '<rootDir>/test/support/summary-reporter.js',
  ],
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/test/unit/**/*.test.ts',
        '<rootDir>/test/*.test.ts',
        '<rootDir>/test/chart/**/*.test.ts',
      ],
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/integration/**/*.test.ts', '<rootDir>/test/oracle/**/*.test.ts'],
      testTimeout: 120_000,
      globalSetup: '<rootDir>/test/support/lab.setup.ts',
      globalTeardown: '<rootDir>/test/support/lab.teardown.ts',
    },
  ],
};
