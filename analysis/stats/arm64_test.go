package stats

// The same bits on amd64 and arm64 need every product that feeds a sum rounded by an explicit
// conversion, across statements and inlined calls too, because Go fuses them on arm64. The
// compiler's own output says whether one was forgotten.

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

var fused = regexp.MustCompile(`(?m)^\s*(\w+\.go:\d+)\s.*\sFN?M(ADD|SUB)[SD]\b`)

func TestNoFusedProductsOnARM64(t *testing.T) {
	if os.Getenv("THERIAC_NO_SKIP") != "1" {
		t.Skip("compiles the package for arm64, 20 s from an empty cache: set THERIAC_NO_SKIP=1")
	}
	archive := filepath.Join(t.TempDir(), "stats.a")
	build := exec.Command("go", "build", "-o", archive, ".")
	build.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	code, err := exec.Command("go", "tool", "objdump", archive).Output()
	if err != nil {
		t.Fatal(err)
	}
	if len(code) < 100_000 {
		t.Fatalf("%d bytes of disassembly: want the whole package", len(code))
	}
	for _, m := range fused.FindAllSubmatch(code, -1) {
		t.Errorf("%s: a product is fused into a sum: write float64(x*y) + z", m[1])
	}
}
