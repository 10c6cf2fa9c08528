#!/usr/bin/env bash
# The end-to-end suite on two running clusters: connects them, tells the story of a claim, and that of the installation, which ends with
# nothing left of it in the app cluster. Environment: as hack/install-connector.sh.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"

suite() {
  node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js --config test/e2e/jest.config.js --runInBand "$@"
}
hack/install-connector.sh
suite e2e/claim
suite e2e/life
