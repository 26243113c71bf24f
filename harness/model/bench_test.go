package model_test

import (
	"os"
	"path/filepath"
	"testing"

	"theriac/harness/compute/cpu"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/needs"
)

func load(t testing.TB, path string, see func(*model.Model) *model.Model) {
	t.Helper()
	m, err := model.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := infer.Load(cpu.New(0), see(m), 1024); err != nil {
		t.Fatal(err)
	}
}

func plain(m *model.Model) *model.Model { return m }

// BenchmarkLoadSmolLM2 opens the GGUF file and packs every weight for the CPU.
func BenchmarkLoadSmolLM2(b *testing.B) {
	path := needs.SmolLM2(b)
	for b.Loop() {
		load(b, path, plain)
	}
}

// BenchmarkLoadSmolLM2Quantised does so through Q4_0.
func BenchmarkLoadSmolLM2Quantised(b *testing.B) {
	path := needs.SmolLM2(b)
	for b.Loop() {
		load(b, path, func(m *model.Model) *model.Model { return model.Quantised(m, "Q4_0") })
	}
}

// BenchmarkWriteMergedSmolLM2 converts the GGUF file to BF16 safetensors.
func BenchmarkWriteMergedSmolLM2(b *testing.B) {
	m, err := model.Open(needs.SmolLM2(b))
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	for b.Loop() {
		dir := filepath.Join(b.TempDir(), "out")
		if err := model.WriteMerged(dir, m, nil, ""); err != nil {
			b.Fatal(err)
		}
		os.RemoveAll(dir)
	}
}
