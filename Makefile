# The menu. Each target is one call; the scripts hold the logic.

.DEFAULT_GOAL := help

help: ## Show this menu
	@scripts/help.sh $(MAKEFILE_LIST)

run: ## Build and serve on an embedded SQLite file, at http://localhost:8000
	@scripts/run.sh

test: ## Run every test; FILE=users runs one module, TEST_DATABASE=mysql|mariadb|docker chooses the server
	@scripts/test.sh $(FILE)

test-api: ## Check that the running service answers as its OpenAPI document says, on SQLite and on a server
	@scripts/test-api.sh

fuzz: ## Feed generated inputs to every parser; TARGET=json_body feeds one, FUZZ_SECONDS=600 for longer
	@scripts/fuzz.sh $(TARGET)

chaos: ## Try every fault under load, and count what became of the requests; FAULT=… tries one
	@scripts/chaos.sh $(FAULT)

bench: ## Measure speed and size beside the Python service and the floor, into docs/benchmarks.md; BENCH=… names parts
	@scripts/bench.sh

gate: ## Compare the executable's size and the instructions of a request with what was recorded; RECORD=1 records
	@scripts/gate.sh

soak: ## Hold 70 % of the throughput for SOAK_MINUTES (30), and say whether memory stays flat
	@scripts/soak.sh

lint: ## Check formatting, clippy, licences and sources, scripts
	@scripts/lint.sh

lint-delivery: ## Check Terraform (form, tests, checkov), workflows and Dockerfiles
	@scripts/lint-delivery.sh

tools: ## Install what lint and fuzz need and this machine lacks
	@scripts/tools.sh

format: ## Format the code
	@cargo fmt

coverage: ## Run every test and report which lines they reach
	@scripts/coverage.sh

release: ## Build the executable for this machine, optimised
	@cargo build --locked --release

sbom: ## Write the bill of materials of the Lambda image, as CycloneDX JSON
	@scripts/sbom.sh $(TARGET)

schema: ## Print the OpenAPI document
	@cargo run --locked --quiet -- openapi

clean: ## Remove everything that was built
	@cargo clean

##@ On AWS, each with ENV=dev or ENV=prod; `make deploy` is all that most days need

deploy: ## Bring this source to an environment, traffic last; a second run changes nothing
	@scripts/deploy.sh $(ENV)

bootstrap: ## Make what an account needs first: state bucket, registry, pipeline roles
	@scripts/bootstrap.sh $(ENV)

build: ## Build the image; dev only, prod runs what dev has proved
	@scripts/build.sh $(ENV)

push: ## Push the image, if this source is not in the registry
	@scripts/push.sh $(ENV)

plan: ## Show what Terraform would change
	@scripts/plan.sh $(ENV)

apply: ## Make those changes; traffic stays where it is
	@scripts/apply.sh $(ENV)

migrate: ## Bring the database to the newest schema
	@scripts/migrate.sh $(ENV)

smoke-test: ## Check the running API, or VERSION=7 before it has traffic, or URL=https://…
	@scripts/smoke-test.sh $(or $(URL),$(ENV)) $(VERSION)

rollback: ## Bring the version before back, at once
	@scripts/rollback.sh $(ENV)

status: ## Tell what runs, since when, and whether it is well
	@scripts/status.sh $(ENV)

logs: ## Print logs; LOG=api, migrate, rotate-secret or access, SINCE=15m, FILTER=…, FOLLOW=1
	@scripts/logs.sh $(ENV)

unlock: ## Remove the lock of a deploy that died
	@scripts/unlock.sh $(ENV)

destroy: ## Destroy an environment, after its name was typed
	@scripts/destroy.sh $(ENV)

rehearse: ## Do all of the above on this machine, without an account
	@scripts/rehearse.sh

.PHONY: help run test test-api fuzz chaos bench gate soak lint lint-delivery tools format coverage release sbom \
  schema clean deploy bootstrap build push plan apply migrate smoke-test rollback status logs unlock destroy \
  rehearse
