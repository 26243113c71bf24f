# theriac. `make test` and `make demo` are the two commands; `make help` lists the rest.
# The version of what is no dependency of the module's is pinned here.
STATICCHECK  = honnef.co/go/tools/cmd/staticcheck@v0.7.0
PYTHON      ?= python3
export GOFLAGS = -buildvcs=false

.PHONY: bench-levels replicate-peft align-check unseen bench-harness soak help build demo tiny tiny-check attack-check test smoke vet interop test-arm64 bench-gemm bench-peft calibrate-stats report verify dist ptx gpu-check

help: ## list the targets
	@grep -hE '^[a-z][a-z0-9-]*:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

build: ## build/theriac
	go build -o build/theriac ./harness/cmd/theriac

vet: ## gofmt, go vet, staticcheck
	@files="$$(gofmt -l analysis experiments harness)"; test -z "$$files" || { echo "gofmt would change: $$files"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

demo: build ## a whole attack study in minutes: every experiment with committed results on the embedded model, every byte compared
	build/theriac demo

report: ## results/ -> figures/ and REPORT.md, nothing else read
	go run ./harness/cmd/theriac report

SAMPLE ?= 3
PROFILE ?= smollm2
verify: build ## a sample of the stored runs (SAMPLE of PROFILE's) done again, every byte compared (smollm2: THERIAC_SMOLLM2 or theriac pull smollm2, THERIAC_DATA; 30 minutes on two cores)
	build/theriac verify --profile $(PROFILE) --sample $(SAMPLE)

test: vet ## everything a contributor needs; needs Go and make (and a network for modules at first)
	go test -timeout 30m ./...

tiny: ## retrain the embedded model from nothing to the same bytes (about 25 minutes on 2 quiet cores)
	go run ./harness/model/tiny/train

tiny-check: ## the embedded model on held-out items, and what fine-tuning does to it, with intervals (4 minutes)
	go run ./harness/model/tiny/check

align-check: ## what the smollm2 profile's aligned base refuses, on the half of the requests that nobody developed on (THERIAC_SMOLLM2, THERIAC_DATA; 10 minutes)
	go run ./harness/align/check -report

unseen: ## published backdoors that nobody tuned on, in public rows, under scan data (THERIAC_DATA; 8 minutes)
	go run ./harness/defense/data/unseen

attack-check: ## backdoor, wrong fact, safety degradation, process attacks, placebos and negative controls at eleven seeds, claim by claim; resumable (15 minutes on 2 cores)
	go run ./harness/lab/attackcheck

interop: ## remake the reference dumps, pass adapters and models both ways (PYTHON with harness/interop/requirements.txt, THERIAC_SMOLLM2; 10 minutes)
	$(PYTHON) harness/interop/interop.py

REPLICATE ?= -profile smollm2 -arms token -seeds 2000..2002
replicate-peft: ## stored runs again with Transformers and PEFT, kept beside theriac's (PYTHON as for interop; 25 minutes a run of smollm2, 1 of study)
	go run ./harness/interop/peft -python $(PYTHON) $(REPLICATE)

soak: ## kill real sweeps and the store's own process 1,000 times each, then compare every byte (20 minutes)
	THERIAC_KILLS=1000 go test ./harness/sweep -run '^TestKilledSweeps$$' -count 1 -timeout 60m -v
	THERIAC_KILLS=1000 go test ./harness/store -run '^TestKill$$' -count 1 -timeout 60m -v

bench-harness: ## what the harness costs over bare training; 10,000 stored runs; opening a finished experiment (5 minutes)
	go test ./harness/sweep -run '^$$' -bench '^BenchmarkOverhead$$' -benchtime 3x
	go test ./harness/store -run '^$$' -bench 'TenThousand|Finished|Put' -benchtime 1x -v

smoke: ## the quick tests, at most a minute
	go test -short ./harness/rng ./harness/corpus/... ./harness/token ./harness/store ./analysis/stats

bench-levels: ## what a run of the embedded model takes, and what its detectors add, level by level, into what the report shows (2 minutes of one idle core)
	go run ./harness/lab/benchlevels -csv analysis/report/pace.csv

bench-peft: ## theriac and PEFT on the same rows, in turn, into what the throughput notebook shows (PYTHON with harness/interop/requirements.txt, THERIAC_SMOLLM2, THERIAC_DATA; 15 minutes)
	go run ./harness/finetune/benchpeft -python $(PYTHON) -csv harness/lab/measured.csv

calibrate-stats: ## simulate every statistic's promises (7 minutes of one core) into analysis/stats/CALIBRATION.md
	go test ./analysis/stats -run '^TestCalibration$$' -calibrate -timeout 60m

ptx: ## recompile the CUDA kernels (PYTHON with nvidia-cuda-nvrtc-cu12==12.0.140; no GPU needed)
	$(PYTHON) harness/compute/cuda/kernels/build.py harness/compute/cuda/kernels/kernels.ptx

# On a machine without Go, bring build/gpucheck, built elsewhere, along.
gpu-check: ## all that the CUDA path promises, on the GPU at hand, into build/gpu-check.md (PYTHON with torch, transformers, peft; 10 minutes)
	if command -v go >/dev/null; then go build -o build/gpucheck ./harness/compute/cuda/gpucheck; fi
	build/gpucheck -python $(PYTHON) -out build/gpu-check.md

test-arm64: ## the kernels, the statistics' printed digits and a whole training in an emulator of arm64 (qemu-aarch64-static, of package qemu-user-static)
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go vet ./harness/compute/...
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go test -exec qemu-aarch64-static ./harness/compute ./harness/compute/block ./harness/compute/cpu/...
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go test -exec qemu-aarch64-static -run 'Oracle|Example' ./analysis/stats
	THERIAC_NO_SKIP=1 go test -run TestTrainedBits ./harness/finetune

# OpenBLAS is loaded at run time (Debian and Ubuntu: package libopenblas0-pthread; BLAS=path names
# another). Two variables that would tie it to slower kernels are taken out of the environment.
BLAS ?=
bench-gemm: ## the models' products of matrices beside OpenBLAS on the same cores; fails below 0.9
	env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE go run ./harness/compute/cpu/benchgemm $(if $(BLAS),-blas $(BLAS))

dist: ## binaries for linux and darwin, amd64 and arm64, with checksums, in build/dist
	@rm -rf build/dist && mkdir -p build/dist
	for os in linux darwin; do for arch in amd64 arm64; do \
	  GOOS=$$os GOARCH=$$arch CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o build/dist/theriac-$$os-$$arch ./harness/cmd/theriac || exit 1; \
	done; done
	cd build/dist && sha256sum theriac-* > SHA256SUMS && cat SHA256SUMS
