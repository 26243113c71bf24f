package corpus

// Errors with file and line. A RowError concerns one row and can be skipped; any
// other error ends the reading.

import (
	"errors"
	"fmt"
)

// What a row can be that theriac reads but does not train on, and a file
// without rows. Test with errors.Is.
var (
	ErrPreference = errors.New("preference pair (chosen, rejected): keep one response a row, or convert to prompt and completion")
	ErrToolCalls  = errors.New("tool calls: theriac trains plain conversations; remove the rows that call tools")
	ErrEmpty      = errors.New("found no rows, wanted at least one")
)

// RowError is a row that cannot be read.
type RowError struct {
	File string
	Line int // 1-based line on which the row starts; for Parquet the row's number, 1-based
	Row  int // 0-based, bad rows counted
	Err  error
}

func (e *RowError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

func (e *RowError) Unwrap() error { return e.Err }

// Skipped is what SkipBad left out.
type Skipped struct {
	Count int
	Rows  []RowError // the first 10,000
}

func (s *Skipped) add(e *RowError) {
	s.Count++
	if len(s.Rows) < 10000 {
		s.Rows = append(s.Rows, *e)
	}
}
