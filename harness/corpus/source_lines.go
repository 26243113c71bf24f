package corpus

// JSON Lines: one JSON value a line. Blank lines and white space around a row
// belong to what stands between rows.

import (
	"bufio"
	"bytes"
	"io"
)

type lineRows struct {
	jsonRow
	in          *input
	before, buf []byte
	pending     []byte // what stood after the previous row on its line
	eol         string
	started     bool
}

func (l *lineRows) tail() []byte { return l.before }

func (l *lineRows) next() (rawRow, error) {
	l.before = append(l.before[:0], l.pending...)
	l.pending = l.pending[:0]
	if !l.started {
		mark, err := l.in.bom()
		if err != nil {
			return rawRow{}, err
		}
		l.before, l.started, l.eol = append(l.before, mark...), true, "\n"
	}
	for {
		line := l.in.line
		buf, long, err := l.readLine()
		if err != nil {
			return rawRow{}, err
		}
		if long {
			return rawRow{before: l.before, line: line, long: true}, nil
		}
		text := bytes.TrimLeft(buf, " \t\r\n")
		lead := len(buf) - len(text)
		l.before = append(l.before, buf[:lead]...)
		if text = bytes.TrimRight(text, " \t\r\n"); len(text) > 0 {
			rest := buf[lead+len(text):]
			l.pending = append(l.pending, rest...)
			if bytes.HasSuffix(rest, []byte("\r\n")) {
				l.eol = "\r\n"
			} else if len(rest) > 0 {
				l.eol = "\n"
			}
			return rawRow{before: l.before, raw: text, line: line, eol: l.eol}, nil
		}
		if len(l.before) > l.in.max {
			return rawRow{}, l.in.errorf(line, "found more than %d bytes of white space, wanted a row", l.in.max)
		}
	}
}

// readLine returns the next line with its end; of a line that is too long, nothing.
func (l *lineRows) readLine() (line []byte, long bool, err error) {
	l.buf = l.buf[:0]
	for {
		part, err := l.in.ReadSlice('\n')
		if long = long || len(l.buf)+len(part) > l.in.max+2; !long {
			l.buf = append(l.buf, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == nil:
			l.in.line++
		case err != io.EOF:
			return nil, false, l.in.readErr(err)
		case len(l.buf) == 0 && !long:
			return nil, false, io.EOF
		}
		return l.buf, long, nil
	}
}

func (l *lineRows) separator(r rawRow) []byte { return []byte(r.eol) }
