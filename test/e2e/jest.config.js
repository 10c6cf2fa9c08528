/** The story of a claim on two running clusters; hack/e2e-node.sh and hack/e2e-kind.sh start them. */
export default {
  rootDir: '../..',
  testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '@swc/jest' },
  testEnvironment: 'node',
  testTimeout: 60_000,
};
