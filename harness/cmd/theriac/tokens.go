package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"unicode/utf8"

	"theriac/harness/compute"
	"theriac/harness/model"
)

type tokensCmd struct {
	Base string `help:"Base model." default:"tiny" placeholder:"MODEL"`
	File string `arg:"" optional:"" help:"JSONL of objects with a text; standard input if not given." placeholder:"FILE"`
	Text string `help:"Tokenise this text instead, and show each token." placeholder:"TEXT"`
}

func (c *tokensCmd) Run(a *app) error {
	if c.File != "" && c.Text != "" {
		return fmt.Errorf("%s, --text: give a file or a text, not both", c.File)
	}
	m, err := (&baseFlags{Base: c.Base}).open()
	if err != nil {
		return err
	}
	defer m.Close()
	t, err := m.Tokenizer()
	if err != nil {
		return err
	}
	if c.Text != "" && !a.JSON {
		for _, id := range t.Encode(c.Text) {
			fmt.Fprintf(a.out, "%6d  %q\n", id, t.Bytes(id))
		}
		return nil
	}
	in, name := a.in, "standard input"
	if c.Text != "" {
		return writeIDs(a.out, t.Encode(c.Text))
	}
	if c.File != "" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		in, name = f, c.File
	}
	w := bufio.NewWriter(a.out)
	r := bufio.NewReaderSize(in, 1<<20)
	for line := 1; ; line++ {
		text, err := r.ReadBytes('\n')
		if len(text) > 0 && string(text) != "\n" {
			var row struct{ Text *string }
			if !utf8.Valid(text) {
				return fmt.Errorf("%s:%d: this is not UTF-8; convert the file first", name, line)
			}
			if e := json.Unmarshal(text, &row); e != nil {
				var t *json.UnmarshalTypeError
				if errors.As(e, &t) {
					e = fmt.Errorf("%s: found %s", cmp.Or(t.Field, "row"), t.Value)
				}
				return fmt.Errorf("%s:%d: %w; want an object with text a line", name, line, e)
			}
			if row.Text == nil {
				return fmt.Errorf("%s:%d: no text in this object", name, line)
			}
			if e := writeIDs(w, t.Encode(*row.Text)); e != nil {
				return e
			}
		}
		if err == io.EOF {
			return w.Flush()
		}
		if err != nil {
			return err
		}
	}
}

// writeIDs prints a JSON array on a line.
func writeIDs(w io.Writer, ids []int32) error {
	if ids == nil {
		ids = []int32{}
	}
	data, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", data)
	return err
}

type mergeCmd struct {
	Base    string `help:"Base model." default:"tiny" placeholder:"MODEL"`
	Adapter string `help:"LoRA adapter directory; without one the base is converted as it is." placeholder:"DIR"`
	Out     string `help:"Directory to write." required:"" placeholder:"DIR"`
	DType   string `help:"Type of the weights." enum:"BF16,F16,F32" default:"BF16" name:"dtype"`
}

func (c *mergeCmd) Run(a *app) error {
	m, err := (&baseFlags{Base: c.Base}).open()
	if err != nil {
		return err
	}
	defer m.Close()
	var ad *model.Adapter
	if c.Adapter != "" {
		if ad, err = model.ReadAdapter(c.Adapter); err != nil {
			return err
		}
	}
	if err := model.WriteMerged(c.Out, m, ad, c.DType); err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, map[string]any{"dir": c.Out, "arch": m.Config.Arch, "dtype": c.DType})
	}
	fmt.Fprintf(a.out, "%s: %s model, weights as %s\n", c.Out, m.Config.Arch, c.DType)
	return nil
}

type versionCmd struct{}

func (versionCmd) Run(a *app) error {
	v := "devel"
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
		v = b.Main.Version
	}
	if a.JSON {
		return printJSON(a.out, map[string]string{"version": v, "numerics": compute.NumericsVersion})
	}
	fmt.Fprintf(a.out, "theriac %s, numerics %s\n", v, compute.NumericsVersion)
	return nil
}
