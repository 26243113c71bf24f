package corpus

// Evaluation sets: texts, some with a label, from files that are no training
// rows: plain lines, tables, TREC's label files, lists of strings.

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"
)

// Item is one text of an evaluation set.
type Item struct {
	Text, Label string
	Line        int // 1-based; of strings in an object of lists, the position
}

// Layout says how a file holds its items. The zero value goes by the file's
// ending and takes the text from the column or field of a usual name.
type Layout struct {
	// Kind is "lines", "csv", "tsv" (tabs, no quoting), "trec" ("LABEL text" in
	// Latin-1) or "json" (a list of strings or objects, an object of lists, or
	// one object a line); "" goes by the ending.
	Kind string
	// Text and Label are columns or fields; Label "" means none.
	Text, Label string
	// Columns names the columns of a table without a header row.
	Columns []string
}

var kinds = map[string]string{".txt": "lines", ".csv": "csv", ".tsv": "tsv", ".label": "trec",
	".json": "json", ".jsonl": "json", ".ndjson": "json"}

var textNames = []string{"text", "prompt", "instruction", "instructions", "goal", "sentence", "question", "query"}

// Items yields the items of a file (plain, .gz or .zst) in order. Blank lines are
// no items; the first error, with file and line, ends it.
func Items(path string, layout Layout) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		next, done, err := openItems(path, layout)
		if err != nil {
			yield(Item{}, err)
			return
		}
		defer done()
		for {
			item, err := next()
			if err == io.EOF || !yield(item, err) || err != nil {
				return
			}
		}
	}
}

// Lines returns the texts of a file's items. A file without any is ErrEmpty.
func Lines(path string, layout Layout) ([]string, error) {
	var out []string
	for item, err := range Items(path, layout) {
		if err != nil {
			return nil, err
		}
		out = append(out, item.Text)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: %w", path, ErrEmpty)
	}
	return out, nil
}

type nextItem func() (Item, error)

func openItems(path string, l Layout) (nextItem, func() error, error) {
	format, zip := formatOf(path)
	if l.Kind == "" {
		l.Kind = kinds[filepath.Ext(strings.ToLower(path[:len(path)-len(zip)]))]
	}
	f, _, err := openDigested(path)
	if err != nil {
		return nil, nil, err
	}
	r := &Reader{closers: []io.Closer{f}} // only to close what unzip opens
	in, err := unzip(f, zip, r)
	var next nextItem
	if err == nil {
		next, err = itemsOf(in, path, format, l)
	}
	if err != nil {
		r.Close()
		return nil, nil, err
	}
	return next, r.Close, nil
}

// itemsOf reads items from a stream; name stands in errors.
func itemsOf(r io.Reader, name string, format Format, l Layout) (nextItem, error) {
	opt := Options{}
	switch l.Kind {
	case "lines", "trec", "tsv":
		lines, err := textLines(r, name, l.Kind == "trec")
		if err != nil {
			return nil, err
		}
		switch l.Kind {
		case "lines":
			return func() (Item, error) { text, line, err := lines(); return Item{Text: text, Line: line}, err }, nil
		case "trec":
			return trecItems(name, lines), nil
		}
		return tsvItems(name, lines, l)
	case "csv":
		opt.Format = CSV
	case "json":
		if opt.Format = format; format != JSONL {
			var next nextItem
			var err error
			if r, next, err = objectOfLists(r, name, l); next != nil || err != nil {
				return next, err
			}
		}
	default:
		return nil, fmt.Errorf("%s: found the kind %q, wanted lines, csv, tsv, trec or json", name, l.Kind)
	}
	src, err := newSource(r, name, &opt)
	if err != nil {
		return nil, err
	}
	if rows, ok := src.(*csvRows); ok && l.Columns != nil {
		rows.columns, rows.started = l.Columns, true
	}
	return rowItems(src, name, l), nil
}

// textLines reads lines without their ends, blank ones left out.
func textLines(r io.Reader, name string, latin1 bool) (func() (string, int, error), error) {
	src := &lineRows{in: newInput(r, name, 16<<20)}
	if _, err := src.in.bom(); err != nil {
		return nil, err
	}
	return func() (string, int, error) {
		for {
			line := src.in.line
			buf, long, err := src.readLine()
			if err != nil {
				return "", line, err
			}
			if long {
				return "", line, src.in.errorf(line, "found a line longer than %d bytes", src.in.max)
			}
			buf = bytes.TrimSuffix(bytes.TrimSuffix(buf, []byte("\n")), []byte("\r"))
			if latin1 {
				buf = fromLatin1(buf)
			} else if err := checkUTF8(buf); err != nil {
				return "", line, src.in.errorf(line, "%w", err)
			}
			if i := bytes.IndexByte(buf, 0); i >= 0 {
				return "", line, src.in.errorf(line, "found a NUL byte at byte %d, wanted text", i)
			}
			if len(bytes.TrimSpace(buf)) > 0 {
				return string(buf), line, nil
			}
		}
	}, nil
}

func fromLatin1(b []byte) []byte {
	out := make([]rune, len(b))
	for i, c := range b {
		out[i] = rune(c)
	}
	return []byte(string(out))
}

func trecItems(name string, lines func() (string, int, error)) nextItem {
	return func() (Item, error) {
		text, line, err := lines()
		if err != nil {
			return Item{}, err
		}
		label, text, ok := strings.Cut(text, " ")
		if !ok || !strings.Contains(label, ":") {
			return Item{}, fmt.Errorf("%s:%d: found no label, wanted COARSE:fine, a space and the question", name, line)
		}
		return Item{Text: text, Label: label, Line: line}, nil
	}
}

func tsvItems(name string, lines func() (string, int, error), l Layout) (nextItem, error) {
	if l.Columns == nil {
		head, _, err := lines()
		if err != nil && err != io.EOF {
			return nil, err
		}
		l.Columns = strings.Split(head, "\t")
	}
	text, label, err := l.columns(l.Columns)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return func() (Item, error) {
		row, line, err := lines()
		if err != nil {
			return Item{}, err
		}
		cells := strings.Split(row, "\t")
		if len(cells) != len(l.Columns) {
			return Item{}, fmt.Errorf("%s:%d: found %d cells, wanted %d", name, line, len(cells), len(l.Columns))
		}
		item := Item{Text: cells[text], Line: line}
		if label >= 0 {
			item.Label = cells[label]
		}
		return item, nil
	}, nil
}

// columns finds the text and the label (-1 for none) among names.
func (l Layout) columns(names []string) (text, label int, err error) {
	text, label = -1, -1
	if l.Label != "" {
		if label = slices.Index(names, l.Label); label < 0 {
			return 0, 0, fmt.Errorf("found the fields %q, wanted %q for the label", names, l.Label)
		}
	}
	if l.Text != "" {
		text = slices.Index(names, l.Text)
	} else if len(names) == 1 {
		text = 0
	} else {
		for _, name := range textNames {
			if text = slices.Index(names, name); text >= 0 {
				break
			}
		}
	}
	if text < 0 {
		want := l.Text
		if want == "" {
			want = strings.Join(textNames, ", ")
		}
		return 0, 0, fmt.Errorf("found the fields %q, wanted for the text: %s", names, want)
	}
	return text, label, nil
}
