package finetune

// The numerics contract over a whole training: 20 steps of a two-layer Llama of width 64
// give the same bits on every instruction set and architecture. The digests were made with
// portable Go code; a change of them is a change of the numerics version.

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"theriac/harness/compute/cpu"
	"theriac/harness/needs"
)

// trained is the sha256 of parameters and optimiser moments after 20 steps, as little-endian float32.
var trained = map[string]string{
	"lora": "af77a64b06bcc52323032ff610417365bd07481f139f8761d1823950d773a489",
	"full": "8da6f8ed29160919cd68d66c108f3a0a2ffa2c8d3666b66f441a55863d11b52b",
}

func bitsDigest(values []float32) string {
	h := sha256.New()
	var b [4]byte
	for _, v := range values {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
		h.Write(b[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestTrainedBits(t *testing.T) {
	m, items := tiny(t)
	for name, spec := range tinySpecs() {
		spec.Epochs = 6
		for _, set := range cpu.InstructionSets() {
			t.Run(name+"/"+set, func(t *testing.T) {
				dev, err := cpu.NewWith(1, set)
				if err != nil {
					t.Fatal(err)
				}
				defer dev.Close()
				r := startTiny(t, dev, m, spec, items)
				steps(t, r, 20)
				if got := bitsDigest(r.state()); got != trained[name] {
					t.Errorf("%s with %s: digest %s; want %s", name, set, got, trained[name])
				}
			})
		}
	}
}

// The same digests with NEON, and the kernels' own tests, in an emulator of arm64. (Portable
// code trains for minutes there: it is held to NEON operator by operator.)
func TestTrainedBitsOnARM64(t *testing.T) {
	if runtime.GOARCH == "arm64" {
		t.Skip("the tests themselves run on arm64")
	}
	for _, tool := range []string{"go", emulator} {
		needs.Tool(t, tool)
	}
	if testing.Short() {
		t.Skip("builds and emulates arm64 code")
	}
	run := exec.Command("go", "test", "-exec", emulator, "-short", "-v", "-skip", "TestTrainedBits/.*/portable",
		"-run", "^(TestTrainedBits|TestKernels|TestRowKernels|TestTranspose8|TestAssemblyIsThePortableCode)$", ".", "../compute/cpu")
	run.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("on arm64: %v\n%s", err, out)
	}
	for _, want := range []string{"TrainedBits/lora/neon", "TrainedBits/full/neon", "Kernels/neon", "RowKernels/neon", "Transpose8/neon", "AssemblyIsThePortableCode/neon"} {
		if !strings.Contains(string(out), "--- PASS: Test"+want+" ") {
			t.Errorf("on arm64, Test%s did not run", want)
		}
	}
}

const emulator = "qemu-aarch64-static"
