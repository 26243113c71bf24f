// Package corpus holds theriac's training and evaluation rows: it reads them
// (JSON, JSONL, CSV and Parquet, plain or .gz or .zst), knows where each came
// from, splits and orders them by hash, and writes them back without touching a
// byte of what did not change.
//
// A row of any known [Shape] becomes an [Example]: a list of turns. The user
// turn is the instruction, then, if the input is not empty, a newline and the
// input. Templates around turns belong to package token.
//
// Memory is constant per row: a row is at most [Options].MaxRow bytes, and what
// outlives it is eight bytes of digest. Whatever cannot be read is a [RowError]
// with file and line, or, with [Options].SkipBad, is counted and listed; nothing
// is dropped without a word. What the readers refuse rather than guess:
//
//   - bytes that are not UTF-8, and escapes of half a surrogate pair;
//   - a key that stands twice in one object;
//   - nesting deeper than 1,000 levels, rows longer than MaxRow;
//   - preference pairs ([ErrPreference]) and tool calls ([ErrToolCalls]).
//
// A byte order mark, CRLF line ends and blank lines are accepted, and kept by
// [Rewrite].
package corpus
