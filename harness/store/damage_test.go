package store

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"
)

// Damaged files of every kind: bits flipped, bytes cut, doubled or overwritten. THERIAC_DAMAGE
// sets how many of each.
func TestDamage(t *testing.T) {
	count := 100
	if n, err := strconv.Atoi(os.Getenv("THERIAC_DAMAGE")); err == nil {
		count = n
	} else if testing.Short() {
		count = 10
	}
	debug.SetMemoryLimit(2 << 30)
	s := open(t, t.TempDir())
	for i := range 8 {
		put(t, s, record(i, 3, 30, 3))
	}
	compact(t, s)
	files := map[string][]byte{}
	for _, name := range Tables {
		files[name] = []byte(contents(t, s)[name+".parquet"])
	}
	paths, _ := filepath.Glob(filepath.Join("testdata", "*.parquet"))
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = data
	}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		data := files[name]
		rnd := rand.New(rand.NewPCG(1, 2))
		errors := 0
		for i := range count {
			bad := damage(rnd, data)
			path := filepath.Join(t.TempDir(), "a.parquet")
			if err := os.WriteFile(path, bad, 0o644); err != nil {
				t.Fatal(err)
			}
			hung := time.AfterFunc(20*time.Second, func() {
				panic(fmt.Sprintf("%s: damage %d hangs", name, i))
			})
			if err := readAll(path); err != nil {
				errors++
			}
			hung.Stop()
			os.Remove(path)
		}
		t.Logf("%s: %d of %d were refused", name, errors, count)
	}
}

// readAll reads a file as rows, and as a table if it can be one.
func readAll(path string) error {
	if f, err := openTable(path); err == nil {
		for i := 1; i < len(Tables); i++ {
			set := &tableSet{files: make([]*tableFile, len(Tables))}
			set.files[0], set.files[i] = f, f
			if runs, err := set.readRuns(); err == nil {
				set.runs = runs
			}
			if c, err := set.cursor(i, []string{"0", "z"}); err == nil {
				c.take("z", nil)
			}
		}
		f.f.Close()
	}
	r, err := OpenRows(path)
	if err != nil {
		return err
	}
	defer r.Close()
	for range 100000 {
		if _, _, err := r.Next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

func damage(rnd *rand.Rand, data []byte) []byte {
	bad := append([]byte(nil), data...)
	at := func() int { return rnd.IntN(len(bad)) }
	if rnd.IntN(2) == 0 { // the footer, where most of the meaning is
		size := min(len(bad), 12+int(bad[len(bad)-8])+int(bad[len(bad)-7])<<8)
		at = func() int { return len(bad) - 1 - rnd.IntN(size) }
	}
	for range 1 + rnd.IntN(3) {
		switch rnd.IntN(6) {
		case 0, 1:
			bad[at()] ^= 1 << rnd.IntN(8)
		case 2:
			bad[at()] = byte(rnd.Uint32())
		case 3:
			i := at()
			bad = append(bad[:i:i], bad[min(len(bad), i+1+rnd.IntN(8)):]...)
		case 4:
			i := at()
			bad = append(bad[:i:i], append([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, bad[i:]...)...)
		case 5:
			i := at()
			copy(bad[i:], bad[at():])
		}
		if len(bad) < 16 {
			return bad
		}
	}
	return bad
}
