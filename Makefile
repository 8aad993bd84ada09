# What is checked, measured and fuzzed, and how. `make test` is all that CI runs.
GO          ?= go
FUZZTIME    ?= 30s
ROUNDS      ?= 50
KILLS       ?= 10000
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2
PYTHON      := $(CURDIR)/.venv/bin/python

# A checkout that belongs to somebody else has no version for git to tell.
export GOFLAGS += -buildvcs=false

# The tests that need witnesses find them through this, once they are there.
interop support bench soak: export GABLES_PYTHON = $(PYTHON)

.PHONY: test lint builds unit race door interop witnesses support bench fuzz soak

test: lint builds unit race door interop

# gofmt, vet and staticcheck, on the code behind the build tag as well.
lint:
	@bad=$$(find . -path './.*' -prune -o -name '*.go' -print | xargs gofmt -l); \
	if [ -n "$$bad" ]; then echo "not gofmt'ed:"; echo "$$bad"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags interop ./interop
	$(GO) run $(STATICCHECK) -tags interop ./...

# Other word sizes, byte orders and systems.
builds:
	GOARCH=386 $(GO) vet ./...
	GOARCH=s390x $(GO) build ./...
	GOARCH=arm64 $(GO) build ./...
	GOOS=windows $(GO) build ./...
	GOOS=darwin $(GO) build ./...
	GOOS=js GOARCH=wasm $(GO) build ./hdf5/...

# Needs Go alone, no network and no other program. Words of 32 bits find what
# overflows.
unit:
	$(GO) test ./...
	if [ "$$($(GO) env GOHOSTARCH)" = amd64 ]; then GOARCH=386 $(GO) test -short ./hdf5/... ./internal/... ./compute ./digest; fi

race:
	$(GO) test -race -short ./...

# The door test and the README's commands: the test cache does not see what they
# read through `go list` and `go run`.
door:
	$(GO) test -count=1 .

# Files made on the spot by h5py and PyTables, and by gables for them to read and to
# go on with.
interop: witnesses
	$(GO) test -count=1 -tags interop -timeout 20m ./interop
	$(GO) test -count=1 -run 'Libhdf5' ./internal/btree ./internal/chunkindex ./internal/heap

# Writes the read table of docs/support.md anew.
support: witnesses
	$(GO) test -count=1 -tags interop -timeout 15m ./interop -update

# Fails where it can't get one: a test without its witness proves nothing.
witnesses:
	scripts/witnesses

bench: witnesses
	$(GO) run ./internal/bench

# Every fuzz target of every package, FUZZTIME each.
fuzz:
	FUZZTIME=$(FUZZTIME) scripts/fuzz

# Whether anything that was flushed can be lost, for hours: crashes, faults and
# programs in ROUNDS times as many forms, 10,000 commits under the eyes of 16
# readers, and KILLS writers that are killed, judged by the witnesses.
soak: witnesses
	GABLES_ROUNDS=$(ROUNDS) $(GO) test -count=1 -timeout 12h -run 'Crash|Fault|Disk|Programs|Readers|Killed|Model' ./hdf5 ./internal/journal ./internal/workload
	GABLES_ROUNDS=2 $(GO) test -count=1 -race -timeout 4h -run 'Programs|Readers' ./hdf5
	GABLES_KILLS=$(KILLS) $(GO) test -count=1 -tags interop -timeout 12h -run Killed ./interop
