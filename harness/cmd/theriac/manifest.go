package main

import (
	"fmt"

	"theriac/harness/corpus/manifest"
)

type manifestCmd struct {
	File    string `arg:"" help:"Training rows, in any shape that theriac reads." type:"existingfile" placeholder:"FILE"`
	Out     string `help:"File to write." required:"" placeholder:"MANIFEST"`
	Key     string `help:"Ed25519 private key to sign with: openssl genpkey -algorithm ed25519 -out key.pem." type:"existingfile" placeholder:"KEY.pem"`
	Shape   string `help:"Shape of the rows; detected if not given." placeholder:"SHAPE"`
	SkipBad bool   `help:"Leave malformed rows out instead of stopping at the first."`
}

func (c *manifestCmd) Run(a *app) error {
	if err := fileToWrite("--out", c.Out); err != nil {
		return err
	}
	if sameFile(c.File, c.Out) {
		return fmt.Errorf("--out %s is the file of the rows; choose another", c.Out)
	}
	set, err := (&dataFlags{Data: c.File, Shape: c.Shape, SkipBad: c.SkipBad}).load(a)
	if err != nil {
		return err
	}
	m := manifest.Of(set.Examples)
	signed := "not signed"
	if c.Key != "" {
		key, err := manifest.PrivateKey(c.Key)
		if err != nil {
			return err
		}
		m.Sign(key)
		signed = "signed with " + m.PublicKey[:16] + "..."
	}
	if err := m.Write(c.Out); err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, map[string]any{"file": c.Out, "rows": m.Len(), "different": len(m.Rows), "public_key": m.PublicKey})
	}
	fmt.Fprintf(a.out, "%s: %d rows, %d of them different, %s\n", c.Out, m.Len(), len(m.Rows), signed)
	return nil
}
