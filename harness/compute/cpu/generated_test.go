package cpu

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The assembly is what its generators write.
func TestAssemblyIsCurrent(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		if os.Getenv("THERIAC_NO_SKIP") == "1" {
			t.Fatal(err)
		}
		t.Skip("no go tool here to run the generators with")
	}
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
