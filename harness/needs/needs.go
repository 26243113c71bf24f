// Package needs lets a test ask for what not every machine has. A test that lacks it is skipped, and says what it lacks; where THERIAC_NO_SKIP
// is set it fails instead.
package needs

import (
	"os"
	"os/exec"
	"testing"
)

// SmolLM2 is the path of SmolLM2-135M-Instruct's GGUF file.
func SmolLM2(t testing.TB) string {
	t.Helper()
	return variable(t, "THERIAC_SMOLLM2", "the path of SmolLM2's GGUF file")
}

// Data is the directory of public data sets.
func Data(t testing.TB) string {
	t.Helper()
	return variable(t, "THERIAC_DATA", "the directory of public data sets")
}

// Python is an interpreter with the given packages, in words.
func Python(t testing.TB, packages string) string {
	t.Helper()
	return variable(t, "THERIAC_PYTHON", "a Python with "+packages)
}

func variable(t testing.TB, name, what string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		Skip(t, "needs "+name+", "+what)
	}
	return v
}

// Tool is the path of a program.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Skip(t, "needs "+name)
	}
	return path
}

// Skip ends a test that lacks something.
func Skip(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("THERIAC_NO_SKIP") != "" {
		t.Fatal(why + "; THERIAC_NO_SKIP forbids skipping")
	}
	t.Skip(why)
}
