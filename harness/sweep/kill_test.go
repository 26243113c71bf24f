package sweep

// Real sweeps, killed at random moments: this test's own binary trains, evaluates, stores and compacts.

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"theriac/harness/compute/machine"
	"theriac/harness/model/tiny"
	"theriac/harness/store"
)

const (
	childKey = "THERIAC_SWEEP_CHILD" // directory, for the child process
	killsKey = "THERIAC_KILLS"       // how often to kill; `make soak` sets 1,000
)

func TestMain(m *testing.M) {
	dir := os.Getenv(childKey)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := sweepIn(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// short8 are eight runs of a few hundredths of a second, and one that fails.
func short8() (specs []Spec) {
	for seed := range uint64(4) {
		for _, a := range []*Attack{nil, {Name: "backdoor", Params: map[string]string{"count": "2"}}} {
			s := small("clean", seed, a)
			if a != nil {
				s.Arm = "backdoor"
			}
			s.Train.Layers, s.Data = "top:1", Data{Name: "generated", Rows: 16, MaxTokens: 96, Clean: 6, Probe: 4, Restricted: 2}
			specs = append(specs, s)
		}
	}
	bad := specs[7]
	bad.Arm, bad.Attack = "too many", &Attack{Name: "backdoor", Params: map[string]string{"count": "500"}}
	return append(specs, bad)
}

func openIn(dir string) (*store.Store, error) {
	return store.Open(filepath.Join(dir, "results", "x"), filepath.Join(dir, "results", ".runs", "x"))
}

func sweepIn(dir string) error {
	m, err := tiny.Open()
	if err != nil {
		return err
	}
	b, err := Open(m, machine.CPU(2), filepath.Join(dir, "cache"), 96)
	if err != nil {
		return err
	}
	defer b.Close()
	st, err := openIn(dir)
	if err != nil {
		return err
	}
	_, err = b.Run(context.Background(), short8(), st, Options{Compact: time.Nanosecond})
	return err
}

func parquet(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(dir, "results", "x", "*.parquet"))
	if err != nil || len(names) != len(store.Tables) {
		t.Fatalf("%d tables, %v; want %d", len(names), err, len(store.Tables))
	}
	for _, n := range names {
		if out[filepath.Base(n)], err = os.ReadFile(n); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func startSweep(t *testing.T, dir string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = append(os.Environ(), childKey+"="+dir)
	said := &strings.Builder{}
	c.Stderr = said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, said
}

// However often a sweep is killed, the bytes at the end are those of one that nobody disturbed. Moments fall into the first two thirds of
// what an undisturbed sweep takes; what is resumed is shorter, so they reach every stage.
func TestKilledSweeps(t *testing.T) {
	kills := 50
	if n, err := strconv.Atoi(os.Getenv(killsKey)); err == nil {
		kills = n
	} else if testing.Short() {
		kills = 3
	}
	calm := t.TempDir()
	begin := time.Now()
	if c, said := startSweep(t, calm); c.Wait() != nil {
		t.Fatal(said)
	}
	whole, want := time.Since(begin), parquet(t, calm)
	killed, sweeps := 0, 0
	for killed < kills {
		dir := t.TempDir()
		for {
			c, said := startSweep(t, dir)
			moment := time.Duration(rand.Int64N(int64(whole) * 2 / 3))
			if killed >= kills {
				moment = time.Hour
			}
			timer := time.AfterFunc(moment, func() { c.Process.Kill() })
			err := c.Wait()
			timer.Stop()
			if err == nil {
				break
			}
			if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
				t.Fatalf("the sweep failed: %v: %s", err, said)
			}
			killed++
		}
		sweeps++
		for name, data := range parquet(t, dir) {
			if !bytes.Equal(data, want[name]) {
				t.Fatalf("after %d kills: %s differs", killed, name)
			}
		}
		st, err := openIn(dir)
		if err != nil || len(st.Torn()) > 0 {
			t.Errorf("torn shards: %v, %v", st.Torn(), err)
		}
	}
	t.Logf("%d kills in %d sweeps of %d runs, an undisturbed one takes %v", killed, sweeps, len(short8()), whole)
}

// Two processes on one directory, one of which dies: the other takes its runs over.
func TestDeadOwner(t *testing.T) {
	calm, dir := t.TempDir(), t.TempDir()
	if c, said := startSweep(t, calm); c.Wait() != nil {
		t.Fatal(said)
	}
	one, _ := startSweep(t, dir)
	two, said := startSweep(t, dir)
	time.Sleep(150 * time.Millisecond)
	one.Process.Kill()
	one.Wait()
	if err := two.Wait(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if c, said := startSweep(t, dir); c.Wait() != nil { // what was claimed when the other came by
		t.Fatal(said)
	}
	want := parquet(t, calm)
	for name, data := range parquet(t, dir) {
		if !bytes.Equal(data, want[name]) {
			t.Errorf("%s differs", name)
		}
	}
}

// Shards on machines of their own, merged, give the bytes of one process.
func TestShardsMerged(t *testing.T) {
	specs := short8()
	b := openTiny(t, 2, "")
	ctx := context.Background()
	run := func(dir string, o Options) *store.Store {
		st, err := openIn(dir)
		if err != nil {
			t.Fatal(err)
		}
		rep, err := b.Run(ctx, specs, st, o)
		if err != nil || o.Shards == 0 && rep.Ran != len(specs) || o.Shards > 0 && rep.Ran != len(specs)/o.Shards {
			t.Fatalf("%+v, %v", rep, err)
		}
		return st
	}
	whole := t.TempDir()
	run(whole, Options{Memory: 1}) // one at a time
	want := parquet(t, whole)
	into := t.TempDir()
	first := run(into, Options{Shard: 0, Shards: 3})
	if err := store.Merge(ctx, first, run(t.TempDir(), Options{Shard: 2, Shards: 3}), run(t.TempDir(), Options{Shard: 1, Shards: 3})); err != nil {
		t.Fatal(err)
	}
	for name, data := range parquet(t, into) {
		if !bytes.Equal(data, want[name]) {
			t.Errorf("%s differs", name)
		}
	}
}
