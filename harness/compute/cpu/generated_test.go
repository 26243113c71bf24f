package cpu

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"theriac/harness/needs"
)

// The assembly is what its generators write.
func TestAssemblyIsCurrent(t *testing.T) {
	tool := needs.Tool(t, "go")
	for _, name := range []string{"kernel_amd64", "vector_amd64", "kernel_arm64", "vector_arm64"} {
		from, err := filepath.Abs("gen_" + name + ".go")
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		run := exec.Command(tool, "run", from)
		run.Dir = dir
		run.Env = append(os.Environ(), "GOOS=", "GOARCH=") // the host's, where these tests run in an emulator
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", from, err, out)
		}
		got, err := os.ReadFile(filepath.Join(dir, name+".s"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(name + ".s")
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s.s is stale: run go generate here", name)
		}
	}
}
