# kubelab: two commands for a new user are `make demo` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

STACK ?= containerd
# What machines of the embedded lab are: container, vm, or auto: vm where KVM runs guests.
MACHINES ?= auto
OS ?= debian-13
LOCK ?= stacks/images.lock.yaml
FIRMWARE ?= bios
NESTED ?= on
# What STACK needs is put into the image of OS.
BAKED_STACK = $(if $(filter-out 0 no off false,$(BAKED)),--baked "$(STACK)")
PYTHON := .venv/bin/python
SOURCES := __main__.py config components baking provider doctor adopt toolchain images rig upstream tests bench
# A stack that is named, or all that are shipped, which do without the embedded lab's site file.
LINTED = $(if $(filter file,$(origin STACK)),--stand-in stacks/site.example.yaml $(SHIPPED),stacks/Pulumi.$(STACK).yaml)
SHIPPED = $(shell git ls-files 'stacks/Pulumi.*.yaml')
SHELL_FILES = $(shell git ls-files '*.sh' .ci/run)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: venv
venv:
	@toolchain/make-venv.sh

.PHONY: lock
lock: venv ## write requirements.lock: what the pinned packages need, with hashes; UPGRADE=yes takes newer ones
	@make/lock.sh $(UPGRADE)

.PHONY: setup
setup: venv ## the tools, all that a real ESXi host needs: virtual environment, Pulumi engine, plugins
	@$(PYTHON) -m toolchain

.PHONY: rig
rig: venv ## start the embedded lab: simulated ESXi host and offline mirror; MACHINES=auto|vm|container
	@$(PYTHON) -m rig up --stack $(STACK) --machines $(MACHINES)

.PHONY: rig-down
rig-down: venv ## stop the embedded lab and leave nothing of it
	@$(PYTHON) -m rig down

.PHONY: rig-status
rig-status: venv ## what of the embedded lab is running
	@$(PYTHON) -m rig status

.PHONY: demo
demo: ## a cluster from nothing: set-up, embedded lab, pulumi up, kubectl get nodes
	@make/demo.sh $(STACK) $(MACHINES)

.PHONY: demo-down
demo-down: venv ## destroy the demo's cluster and stop the embedded lab
	@make/demo-down.sh $(STACK)

.PHONY: kubeconfig
kubeconfig: ## write the stack's kubeconfig to a 0600 file and print the export line
	@make/kubeconfig.sh $(STACK)

.PHONY: doctor
doctor: ## of each node: its runtime as declared, configured, answering and reported, and its cgroup driver
	@make/doctor.sh $(STACK)

.PHONY: adopt
adopt: venv ## the host key of a machine that exists, for comparison and for the site file: HOST=address[:port]
	@$(PYTHON) -m adopt "$(HOST)"

.PHONY: pin
pin: venv ## the certificate of SERVER=host[:port] as a site file takes it, and how to compare it on the server itself
	@$(PYTHON) -m doctor.pin "$(SERVER)"

.PHONY: recover
recover: ## after a killed run: give its lock back, forget pending creates, read what is there
	@make/recover.sh $(STACK) $(LOCK_OF)

.PHONY: lint
lint: venv ## what is wrong with STACK's files, or with the shipped ones, without engine or host; in a second
	@$(PYTHON) -m config $(LINTED)

.PHONY: image
image: venv ## a guest image as OVA, into LOCK: OS=debian-13, debian-12, ubuntu-24.04...; BAKED=1: with STACK inside
	@$(PYTHON) -m images make "$(OS)" --lock "$(LOCK)" $(if $(KEY),--key "$(KEY)") $(BAKED_STACK)

.PHONY: image-check
image-check: venv ## boot the image of OS in a virtual machine and look at it; FIRMWARE=bios|uefi|secureboot NESTED=on|off
	@$(PYTHON) -m images check "$(OS)" --lock "$(LOCK)" --firmware $(FIRMWARE) --nested $(NESTED) $(BAKED_STACK)

.PHONY: image-test
image-test: venv ## build the image of OS twice, compare, boot it by BIOS and UEFI: half an hour without KVM; BAKED=1 STACK=...
	@OS="$(OS)" STACK="$(STACK)" $(PYTHON) -m pytest --timeout 7200 tests/image/test_$(if $(BAKED_STACK),baked_)image.py

.PHONY: schema
schema: venv ## write stacks/schema.json from config/
	@$(PYTHON) -m config.schema

.PHONY: check
check: venv ## static checks, in seconds
	@$(PYTHON) -m ruff check $(SOURCES)
	@$(PYTHON) -m ruff format --check $(SOURCES)
	@$(PYTHON) -m mypy
	@.venv/bin/shellcheck $(SHELL_FILES)
	@.venv/bin/shfmt -i 2 -ci -d $(SHELL_FILES)
	@$(PYTHON) -m config.schema --check

.PHONY: fix
fix: venv ## repair what the static checks can repair
	@$(PYTHON) -m ruff check --fix $(SOURCES)
	@$(PYTHON) -m ruff format $(SOURCES)
	@.venv/bin/shfmt -i 2 -ci -w $(SHELL_FILES)

.PHONY: unit
unit: venv ## pure tests and those of the graph, without set-up
	@make/unit.sh

.PHONY: fuzz
fuzz: venv ## 20,000 odd stacks, sites and files at the door of config/, new ones each time, and what became of them
	@$(PYTHON) -m tests.unit.fuzz

.PHONY: test
test: setup check ## everything that needs no real hardware
	@make/test.sh

.PHONY: e2e-real
e2e-real: setup ## the whole proof of sandboxed pods on a real ESXi host: SITE=stacks/site.yaml
	@make/e2e-real.sh "$(SITE)"

.PHONY: bench
bench: setup ## previews, 32 machines on a slow host, no-op against an empty program, cold up of each runtime and its critical path, state, connections
	@$(PYTHON) -m rig up --stack mixed --machines container
	@. .rig/env && $(PYTHON) -m bench
