package kernels_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"theriac/harness/compute/cuda/kernels"
	"theriac/harness/needs"
)

// The committed PTX is what build.py makes of the source, but for what NVRTC 12.0 decides by where its own memory
// lies: whether it reads the second half of four floats again, and with it the numbers of the registers; and, once in
// some thirty builds, more than that, so there are eight.
func TestPTXIsTheSource(t *testing.T) {
	python := needs.Python(t, "nvidia-cuda-nvrtc-cu12==12.0.140")
	if exec.Command(python, "-c", "import nvidia.cuda_nvrtc").Run() != nil {
		needs.Skip(t, "needs THERIAC_PYTHON with nvidia-cuda-nvrtc-cu12==12.0.140")
	}
	path := filepath.Join(t.TempDir(), "kernels.ptx")
	want := normal(string(kernels.PTX))
	for range 8 {
		if out, err := exec.Command(python, "build.py", path).CombinedOutput(); err != nil {
			t.Fatalf("build.py: %v\n%s", err, out)
		}
		built, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := normal(string(built))
		if slices.Equal(got, want) {
			return
		}
		i := 0
		for i < min(len(got), len(want))-1 && got[i] == want[i] {
			i++
		}
		t.Logf("the source gives %q where kernels.ptx has %q", got[i], want[i])
	}
	t.Error("kernels.ptx is not what the source gives; run make ptx")
}

var (
	register = regexp.MustCompile(`%(rd|rs|fd|f|r|p)\d+`)
	declared = regexp.MustCompile(`(?m)^\t\.reg .*\n`)
	again    = regexp.MustCompile(`(\tld\.shared\.v4\.f32 \t\{%f\d+, %f\d+, )(%f\d+), (%f\d+)(\}, \[(%rd\d+)\];\n)\tld\.shared\.v2\.f32 \t\{(%f\d+), (%f\d+)\}, \[(%rd\d+)\+8\];\n`)
)

// The lines of a PTX with such second halves read once, and registers numbered by their first use in each kernel.
func normal(ptx string) []string {
	var lines []string
	for _, kernel := range strings.SplitAfter(ptx, "\n}\n") {
		kernel = declared.ReplaceAllString(kernel, "")
		uses := map[string]int{}
		for _, r := range register.FindAllString(kernel, -1) {
			uses[r]++
		}
		kernel = again.ReplaceAllStringFunc(kernel, func(pair string) string {
			m := again.FindStringSubmatch(pair)
			if uses[m[2]] > 1 || uses[m[3]] > 1 || m[5] != m[8] {
				return pair
			}
			return m[1] + m[6] + ", " + m[7] + m[4]
		})
		names, count := map[string]string{}, map[string]int{}
		kernel = register.ReplaceAllStringFunc(kernel, func(r string) string {
			if names[r] == "" {
				kind := strings.TrimRight(r, "0123456789")
				count[kind]++
				names[r] = kind + strconv.Itoa(count[kind])
			}
			return names[r]
		})
		lines = slices.AppendSeq(lines, strings.Lines(kernel))
	}
	return lines
}

func TestNormal(t *testing.T) {
	const once = ".entry a()\n{\n\t.reg .f32 \t%f<5>;\n\tld.shared.v4.f32 \t{%f1, %f2, %f3, %f4}, [%rd1];\n\tst.f32 \t[%rd2], %f3;\n}\n"
	const twice = ".entry a()\n{\n\t.reg .f32 \t%f<7>;\n\tld.shared.v4.f32 \t{%f1, %f2, %f3, %f4}, [%rd1];\n\tld.shared.v2.f32 \t{%f5, %f6}, [%rd1+8];\n\tst.f32 \t[%rd2], %f5;\n}\n"
	if a, b := normal(once), normal(twice); !slices.Equal(a, b) {
		t.Errorf("%q is not %q", a, b)
	}
	for _, other := range []string{
		strings.Replace(once, "%f3;", "%f4;", 1),
		strings.Replace(twice, "%f5;", "%f3;", 1),
		strings.Replace(twice, "[%rd1+8]", "[%rd3+8]", 1),
		strings.Replace(once, "\tst.f32", "\tadd.f32 \t%f3, %f3, %f3;\n\tst.f32", 1),
	} {
		if slices.Equal(normal(other), normal(once)) {
			t.Errorf("%q passes for %q", other, once)
		}
	}
}

// What every driver since CUDA 12 takes, for every GPU since A100; and no arithmetic that the contract does not
// have: fused multiply-adds are rounded to nearest, and nothing is approximate or flushed to zero.
func TestPTX(t *testing.T) {
	for _, want := range []string{".version 8.0", ".target sm_80", ".address_size 64", "fma.rn.f32"} {
		if !bytes.Contains(kernels.PTX, []byte(want)) {
			t.Errorf("no %s", want)
		}
	}
	for _, bad := range []string{`\.approx`, `\.ftz`, `\batom\.`, `\bred\.`, `fma\.rn\.f64`, `\bmad\.f32`} {
		if m := regexp.MustCompile(bad).Find(kernels.PTX); m != nil {
			t.Errorf("it has %s", m)
		}
	}
}
