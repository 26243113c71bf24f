package store

// Interruptions: this test's own binary, killed at random moments.

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"theriac/harness/needs"
)

const (
	childKey  = "THERIAC_STORE_CHILD" // directory, for the child process
	limitKey  = "THERIAC_STORE_LIMIT" // bytes that a file of the child may have
	killsKey  = "THERIAC_KILLS"       // how often to kill; `make soak` sets 1,000
	childRuns = 40
)

// TestMain is also the child: a sweep that claims, puts and compacts until all runs are done.
func TestMain(m *testing.M) {
	fsync = func(*os.File) error { return nil }
	dir := os.Getenv(childKey)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := child(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func childRecord(i int) *Record { return record(i, 20, 30, 10) }

func child(dir string) error {
	if limit, err := strconv.Atoi(os.Getenv(limitKey)); err == nil {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(limit), Max: uint64(limit)}); err != nil {
			return err
		}
	}
	s, err := Open(filepath.Join(dir, "demo", "x"), filepath.Join(dir, "demo", ".runs", "x"))
	if err != nil {
		return err
	}
	for {
		done, err := s.Done()
		if err != nil {
			return err
		}
		var todo []int
		for i := range childRuns {
			if done[childRecord(i).ID] == "" {
				todo = append(todo, i)
			}
		}
		rand.Shuffle(len(todo), func(i, j int) { todo[i], todo[j] = todo[j], todo[i] })
		for _, i := range todo {
			r := childRecord(i)
			release, ok, err := s.Claim(r.ID)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			if err := s.PutOutputs(r.ID, []Output{{"qa", "1", "text"}}); err != nil {
				return err
			}
			if err := s.Put(r); err != nil {
				return err
			}
			release()
			if rand.IntN(8) == 0 {
				if err := compactUnlessBusy(s); err != nil {
					return err
				}
			}
		}
		if len(todo) == 0 {
			return compactUnlessBusy(s)
		}
	}
}

func compactUnlessBusy(s *Store) error {
	var busy *BusyError
	if err := s.Compact(context.Background()); !errors.As(err, &busy) {
		return err
	}
	return nil
}

func startChild(t *testing.T, dir string, env ...string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = append(append(os.Environ(), childKey+"="+dir), env...)
	said := &strings.Builder{}
	c.Stderr = said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, said
}

func undisturbed(t *testing.T) map[string]string {
	s := open(t, t.TempDir())
	for i := range childRuns {
		put(t, s, childRecord(i))
	}
	compact(t, s)
	return contents(t, s)
}

// Kill a sweep at random moments, start it again each time, compare the bytes at the end. The
// moments are drawn from the time that an undisturbed child takes, so they fall into all it does.
func TestKill(t *testing.T) {
	kills := 50
	if n, err := strconv.Atoi(os.Getenv(killsKey)); err == nil {
		kills = n
	} else if testing.Short() {
		kills = 5
	}
	want := undisturbed(t)
	begin := time.Now()
	if c, said := startChild(t, t.TempDir()); c.Wait() != nil {
		t.Fatal(said)
	}
	whole := time.Since(begin)
	killed, sweeps := 0, 0
	for killed < kills {
		dir := t.TempDir()
		for {
			c, said := startChild(t, dir)
			timer := time.AfterFunc(time.Duration(rand.Int64N(int64(whole))), func() { c.Process.Kill() })
			err := c.Wait()
			timer.Stop()
			if err == nil {
				break
			}
			if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
				t.Fatalf("the child failed: %v: %s", err, said)
			}
			killed++
		}
		sweeps++
		s := open(t, dir)
		if torn := s.Torn(); len(torn) > 0 {
			t.Errorf("found torn shards: %v", torn)
		}
		sameBytes(t, contents(t, s), want)
		left, _ := filepath.Glob(filepath.Join(s.shards, "*.arrow"))
		temps, _ := filepath.Glob(filepath.Join(s.shards, "tmp", "*"))
		if next, _ := os.Stat(filepath.Join(s.shards, "next")); len(left)+len(temps) > 0 || next != nil {
			t.Errorf("left behind: %v %v %v", left, temps, next)
		}
		if t.Failed() {
			t.Fatalf("after %d kills", killed)
		}
	}
	t.Logf("%d kills in %d sweeps, an undisturbed one takes %v", killed, sweeps, whole)
}

// Stop a compaction after each of its steps.
func TestKillBetweenSteps(t *testing.T) {
	want := undisturbed(t)
	for renamed := -1; renamed <= len(Tables)+2; renamed++ {
		s := open(t, t.TempDir())
		for i := range childRuns {
			put(t, s, childRecord(i))
			if i == 20 {
				compact(t, s)
			}
		}
		// What compact does until it is killed: without the commit, then after so many renames, then after some deletions.
		next := filepath.Join(s.shards, "next")
		if err := os.MkdirAll(next, 0o755); err != nil {
			t.Fatal(err)
		}
		shards, err := s.writeSet(context.Background(), next, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if renamed >= 0 {
			text := `{"Shards":["` + strings.Join(shards, `","`) + `"]}`
			if err := os.WriteFile(filepath.Join(next, "commit"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for i := 0; i < renamed && i < len(Tables); i++ {
			if err := os.Rename(tablePath(next, Tables[i]), tablePath(s.tables, Tables[i])); err != nil {
				t.Fatal(err)
			}
		}
		for i := 0; i < renamed-len(Tables); i++ {
			os.Remove(filepath.Join(s.shards, shards[i]))
		}
		// A store that was open all the while, and one that is opened now.
		if runs, err := s.Runs(nil); err != nil || len(runs) != childRuns {
			t.Errorf("after step %d: found %d runs, %v", renamed, len(runs), err)
		}
		s, err = Open(s.tables, s.shards)
		if err != nil {
			t.Fatal(err)
		}
		compact(t, s)
		sameBytes(t, contents(t, s), want)
	}
}

// Several processes on one directory, some of them killed.
func TestProcessesTogether(t *testing.T) {
	want := undisturbed(t)
	dir := t.TempDir()
	var all []*exec.Cmd
	var words []*strings.Builder
	for range 3 {
		c, said := startChild(t, dir)
		all, words = append(all, c), append(words, said)
	}
	time.Sleep(30 * time.Millisecond)
	all[0].Process.Kill()
	all[0].Wait()
	for i := 1; i < len(all); i++ {
		if err := all[i].Wait(); err != nil {
			t.Errorf("%v: %s", err, words[i])
		}
	}
	s := open(t, dir)
	compact(t, s)
	sameBytes(t, contents(t, s), want)
}

func TestTornShard(t *testing.T) {
	for name, tear := range map[string]func(data []byte) []byte{
		"cut":     func(d []byte) []byte { return d[:len(d)/2] },
		"empty":   func(d []byte) []byte { return nil },
		"flipped": func(d []byte) []byte { d[len(d)/3] ^= 4; return d },
		"zeroed":  func(d []byte) []byte { clear(d[len(d)/2:]); return d },
		"longer":  func(d []byte) []byte { return append(d, 0) },
	} {
		s := open(t, t.TempDir())
		bad := childRecord(1)
		put(t, s, childRecord(0), bad, childRecord(2))
		names, _ := filepath.Glob(filepath.Join(s.shards, bad.ID+"*.arrow"))
		data, err := os.ReadFile(names[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(names[0], tear(data), 0o644); err != nil {
			t.Fatal(err)
		}
		s = open(t, filepath.Dir(filepath.Dir(s.tables)))
		done, err := s.Done()
		if err != nil || len(done) != 2 || done[bad.ID] != "" {
			t.Errorf("%s: got %v, %v", name, done, err)
		}
		if torn := s.Torn(); len(torn) != 1 || !strings.Contains(torn[0], filepath.Base(names[0])) || !strings.Contains(torn[0], "counts as not done") {
			t.Errorf("%s: got %q", name, torn)
		}
		if _, err := os.Stat(filepath.Join(s.shards, "torn", filepath.Base(names[0]))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		put(t, s, bad)
		compact(t, s)
		other := open(t, t.TempDir())
		put(t, other, childRecord(0), bad, childRecord(2))
		compact(t, other)
		sameBytes(t, contents(t, s), contents(t, other))
	}
}

// A full disk, as a limit on the size of files: the error names the file and the remedy, what
// is stored is whole, and the sweep goes on when there is room.
func TestNoRoom(t *testing.T) {
	want := undisturbed(t)
	dir := t.TempDir()
	size := 0
	for _, data := range want {
		size = max(size, len(data))
	}
	for limit := 64; limit < size; limit = limit*5/4 + 500 {
		c, said := startChild(t, dir, limitKey+"="+strconv.Itoa(limit))
		if err := c.Wait(); err == nil {
			t.Fatalf("limit %d: the child had room", limit)
		}
		if !strings.Contains(said.String(), "file too large: free some space and give the same command again") || !strings.Contains(said.String(), dir) || strings.Count(said.String(), "\n") != 1 {
			t.Errorf("limit %d: got %s", limit, said)
		}
		for name := range Tables {
			if f, err := openTable(tablePath(filepath.Join(dir, "demo", "x"), Tables[name])); err == nil {
				f.f.Close()
			} else if !errors.Is(err, os.ErrNotExist) {
				t.Errorf("limit %d: %v", limit, err)
			}
		}
		s := open(t, dir)
		if _, err := s.Done(); err != nil || len(s.Torn()) > 0 {
			t.Errorf("limit %d: %v, %v", limit, err, s.Torn())
		}
	}
	if c, said := startChild(t, dir); c.Wait() != nil {
		t.Fatal(said)
	}
	sameBytes(t, contents(t, open(t, dir)), want)
}

// A full disk in earnest: a small tmpfs, where this user may mount one.
func TestSmallDisk(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	disk, out := t.TempDir(), t.TempDir()
	if err := exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=200k", "none", disk).Run(); err != nil {
		needs.Skip(t, fmt.Sprintf("a full disk needs unshare and mount: %v", err))
	}
	script := `mount -t tmpfs -o size=200k none "$1" && cd "$1" && ! "$2" && mount -o remount,size=64m "$1" && "$2" && cp "$1"/demo/x/* "$3"`
	c := exec.Command("unshare", "-rm", "sh", "-c", script, "sh", disk, exe, out)
	c.Env = append(os.Environ(), childKey+"="+disk)
	said, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if !strings.Contains(string(said), "no space left on device: free some space and give the same command again") || strings.Count(string(said), "\n") != 1 {
		t.Errorf("got %s", said)
	}
	sameBytes(t, contents(t, &Store{tables: out}), undisturbed(t))
}

// Stopped between two renames, and then someone deletes the tables, as a message may have said: the shards are kept.
func TestTablesDeletedBetweenRenames(t *testing.T) {
	s := open(t, t.TempDir())
	put(t, s, childRecord(0))
	compact(t, s)
	put(t, s, childRecord(1))
	next := filepath.Join(s.shards, "next")
	if err := os.MkdirAll(next, 0o755); err != nil {
		t.Fatal(err)
	}
	shards, err := s.writeSet(context.Background(), next, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(next, "commit"), []byte(`{"Shards":["`+strings.Join(shards, `","`)+`"]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tablePath(next, Tables[0]), tablePath(s.tables, Tables[0])); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(s.tables); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(s.tables, s.shards); err == nil || !strings.Contains(err.Error(), "different compactions") && !errors.Is(err, errMixed) {
		t.Errorf("opened: %v", err)
	}
	for _, name := range shards {
		if _, err := os.Stat(filepath.Join(s.shards, name)); err != nil {
			t.Errorf("a shard is gone: %v", err)
		}
	}
}
