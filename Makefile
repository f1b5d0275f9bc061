# The commands of a working day; each is a script of the same name that also runs without make.
# PROFILE=cluster and CONFIG=release reach the scripts through the environment.
.DEFAULT_GOAL := help
.PHONY: help build demo check test transcripts prove bench bench-notifications lint format clean nodes-start nodes-stop
export PROFILE CONFIG KEEP

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):  ## /  make \1\t/p' Makefile | expand -t 22

build:  ## build jobctl (debug; CONFIG=release for an optimised one); then ./jobctl works
	@scripts/deps link
	@scripts/build

demo:  ## see the platform at work on one SQLite file; PROFILE=cluster on private RabbitMQ and PostgreSQL
	@./demo

check:  ## the embedded part of the tests, in minutes
	@scripts/check

test:  ## every test on both profiles, with private RabbitMQ and PostgreSQL nodes
	@scripts/test

transcripts:  ## live through the incidents of docs/operating.md anew, and write down what was seen; ten minutes
	@scripts/deps test
	@scripts/build
	@scripts/transcripts

prove:  ## the long proofs, two hours, kept in docs/evidence; PARTS="leader poison" chooses some
	@scripts/prove $(PARTS)

bench-notifications:  ## pushes, mails and texts a second in release; one minute after the build
	@scripts/bench-notifications

bench:  ## throughput, latency, CPU and memory of both profiles in release; ten minutes, kept in .run/bench
	@scripts/bench

lint:  ## check the style of Swift sources and scripts
	@scripts/lint

format:  ## format the Swift sources
	@scripts/lint --fix

nodes-start:  ## start private nodes in .run/nodes; then: eval "$(scripts/nodes env)"
	@scripts/nodes start

nodes-stop:  ## stop them; data stay
	@scripts/nodes stop

clean:  ## remove .build and .run, private nodes included
	@scripts/clean
