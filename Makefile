# The menu. Each target is one call; the scripts hold the logic.

.DEFAULT_GOAL := help

help: ## Show this menu
	@scripts/help.sh $(MAKEFILE_LIST)

run: ## Build and serve on an embedded SQLite file, at http://localhost:8000
	@scripts/run.sh

test: ## Run every test; FILE=users runs one module, TEST_DATABASE=mysql|mariadb|docker chooses the server
	@scripts/test.sh $(FILE)

lint: ## Check formatting, clippy, licences and sources, scripts
	@scripts/lint.sh

tools: ## Install what lint needs and this machine lacks
	@scripts/tools.sh

format: ## Format the code
	@cargo fmt

coverage: ## Run every test and report which lines they reach
	@scripts/coverage.sh

release: ## Build the executable for this machine, optimised
	@cargo build --locked --release

schema: ## Print the OpenAPI document
	@cargo run --locked --quiet -- openapi

clean: ## Remove everything that was built
	@cargo clean

.PHONY: help run test lint tools format coverage release schema clean
