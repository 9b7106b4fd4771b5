# The two that matter are scripts, which need no make: ./demo and ./test.

.PHONY: demo test lint bench docs clean

demo:  ## fly the bundled lander for 20 episodes
	./demo

test:  ## run all tests
	./test

lint:  ## style and types
	.ci/venv .venv dev
	.venv/bin/python -m ruff check .
	.venv/bin/python -m mypy

bench:  ## steps per second beside what a user would write by hand
	.ci/venv .venv bench
	.venv/bin/python -m benchmarks

docs:  ## what is generated from the models
	.ci/venv .venv -
	.venv/bin/filebridge schema > filebridge/filebridge.schema.json

clean:  ## everything that the other targets made
	rm -rf .venv .venv-oldest build dist filebridge.egg-info
