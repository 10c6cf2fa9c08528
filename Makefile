# Thin wrappers, so that nothing has to be remembered: the work is done by npm scripts and by the files named below.
# Everything runs on the Node that package.json pins, whatever node the machine has.

.DEFAULT_GOAL := help
NODE := node_modules/.bin/node
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
# Further arguments, as in: make demo ARGS=--once
ARGS ?=

.PHONY: help tools lab demo check format test test-unit test-e2e oracle chaos bench bench-agent image chart-lint

help: ## Show this help
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

##@ Try it

demo: node_modules/.package-lock.json ## Two clusters, Crossplane and the connector on this machine (ARGS=--once ends by itself)
	@$(NODE) src/main.ts demo $(ARGS)

lab: node_modules/.package-lock.json ## Three clusters and Crossplane without the connector, until Ctrl-C
	@$(NODE) src/demo/run-lab.ts $(ARGS)

tools: node_modules/.package-lock.json ## Find or build etcd, Kubernetes, Crossplane and Helm (first time about 10 minutes)
	@$(NODE) src/demo/build-tools.ts $(ARGS)

##@ Develop

check: node_modules/.package-lock.json ## Types, lint, format and dead code
	npm run -s check

format: node_modules/.package-lock.json ## Format the sources
	npm run -s format

test: node_modules/.package-lock.json ## Unit and integration tests; the last line counts them
	@npm test -s -- $(ARGS) --selectProjects unit integration

test-unit: node_modules/.package-lock.json ## Unit tests only: no clusters, no Go
	@npm test -s -- $(ARGS) --selectProjects unit

test-e2e: node_modules/.package-lock.json ## End-to-end tests: those of claims on APP_KUBECONFIG and CONTROL_PLANE_KUBECONFIG, else all on two kind clusters
	@if [ -n "$$APP_KUBECONFIG" ] && [ -n "$$CONTROL_PLANE_KUBECONFIG" ]; then \
	  npm test -s -- --config test/e2e/jest.config.js --runInBand e2e/claim $(ARGS); \
	elif command -v kind >/dev/null && docker info >/dev/null 2>&1; then \
	  hack/e2e-kind.sh; \
	else \
	  echo "make test-e2e needs Docker and kind, or APP_KUBECONFIG and CONTROL_PLANE_KUBECONFIG; without Docker: hack/e2e-node.sh" >&2; exit 1; \
	fi

oracle: node_modules/.package-lock.json ## Ask connector and a local CRD the same, count what is identical, write docs/fidelity.md
	@$(NODE) test/oracle/main.ts $(ARGS)

chaos: node_modules/.package-lock.json ## Cause faults by turns under load, and compare both clusters with what the clients were told
	@$(NODE) test/chaos/main.ts $(ARGS)

bench: node_modules/.package-lock.json ## Measure against a plain pass-through, in the same run
	@$(NODE) bench/bench.ts $(ARGS)

bench-agent: node_modules/.package-lock.json ## Measure the agent gateway: tokens, time added to a request, calls a second, memory
	@$(NODE) bench/agent.ts $(ARGS)

##@ Ship

image: node_modules/.package-lock.json ## Build the container image
	hack/image.sh $(ARGS)

chart-lint: node_modules/.package-lock.json ## Lint the Helm chart with each set of values in its ci folder
	@helm=$$($(NODE) src/demo/build-tools.ts helm | cut -f2) && [ -n "$$helm" ] && \
	for values in charts/mcp-connector/ci/*-values.yaml; do \
	  echo "$$values" && "$$helm" lint --strict --quiet charts/mcp-connector --values "$$values" || exit 1; \
	done

# Missing, or older than the lock file: what is installed is not what is locked.
node_modules/.package-lock.json: package-lock.json
	npm ci
	@touch $@
