package store

// Locks: one a run in work, one for the tables. A lock is the kernel's, so it dies
// with its owner.

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// BusyError says that another process is compacting.
type BusyError struct {
	Dir   string
	Owner string // which process, and since when
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("%s: %s is writing the tables: wait until it is done and give the same command again", e.Dir, e.Owner)
}

// Claim makes a run this process's own until release is called or the process dies.
// ok is false if someone else has it, here or in another process. Ask [Store.Status]
// again after a claim: the run may have been finished in between.
func (s *Store) Claim(run string) (release func(), ok bool, err error) {
	if err := s.writable(run); err != nil {
		return nil, false, err
	}
	for _, sub := range []string{"claims", "tmp"} {
		if err := os.MkdirAll(filepath.Join(s.shards, sub), 0o755); err != nil {
			return nil, false, fail(s.shards, err)
		}
	}
	lock, err := tryLock(filepath.Join(s.shards, "claims", run+".lock"))
	if lock == nil || err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	s.held[run] = true
	s.mu.Unlock()
	var once sync.Once
	return func() {
		once.Do(func() {
			s.mu.Lock()
			delete(s.held, run)
			s.mu.Unlock()
			os.Remove(lock.Path()) // while it is locked: see tryLock
			lock.Unlock()
		})
	}, true, nil
}

// tryLock returns nil if the file is locked. Owners remove their file while they
// hold it, so a lock counts only on the file that the path still names.
func tryLock(path string) (*flock.Flock, error) {
	for range 1000 {
		lock := flock.New(path, flock.SetPermissions(0o644))
		ok, err := lock.TryLock()
		if err != nil {
			lock.Close()
			return nil, fail(path, err)
		}
		if !ok {
			lock.Close()
			return nil, nil
		}
		mine, err1 := lock.Stat()
		named, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(mine, named) {
			return lock, nil
		}
		lock.Unlock()
	}
	return nil, fmt.Errorf("%s: cannot be locked: someone removes it as soon as it is there", path)
}

// lockTables keeps every other process from compacting until unlock is called.
func (s *Store) lockTables() (unlock func(), err error) {
	if err := os.MkdirAll(s.shards, 0o755); err != nil {
		return nil, fail(s.shards, err)
	}
	lock, err := tryLock(filepath.Join(s.shards, "compact.lock"))
	if err != nil {
		return nil, err
	}
	owner := filepath.Join(s.shards, "compact.owner")
	if lock == nil {
		by, _ := os.ReadFile(owner)
		if len(by) == 0 {
			by = []byte("another process")
		}
		return nil, &BusyError{s.shards, strings.TrimSpace(string(by))}
	}
	host, _ := os.Hostname()
	text := fmt.Sprintf("process %d on %s, since %s,\n", os.Getpid(), host, time.Now().Format(time.DateTime))
	if err := os.WriteFile(owner, []byte(text), 0o644); err != nil {
		lock.Unlock()
		return nil, fail(owner, err)
	}
	return func() {
		os.Remove(owner)
		lock.Unlock()
	}, nil
}
