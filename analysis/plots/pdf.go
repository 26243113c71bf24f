package plots

import (
	"bytes"
	"fmt"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgpdf"
)

func init() {
	// A PDF holds dates; these are fixed, and its dictionaries sorted, so that the same figure gives the same bytes.
	day := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	fpdf.SetDefaultCreationDate(day)
	fpdf.SetDefaultModificationDate(day)
	fpdf.SetDefaultCatalogSort(true)
}

// PDF renders the figure with its fonts in it.
func (f *Figure) PDF() ([]byte, error) {
	c := vgpdf.New(f.width, f.height)
	f.draw(western{c})
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("figure %q: %w", f.Title, err)
	}
	return b.Bytes(), nil
}

// western writes text in code page 1252, which is what the PDF's fonts are encoded in. What it lacks is written as near
// as it can, or as "?".
type western struct{ *vgpdf.Canvas }

func (w western) FillString(f font.Face, at vg.Point, text string) {
	w.Canvas.FillString(f, at, codePage1252(text))
}

func codePage1252(text string) string {
	var b []byte
	for _, r := range text {
		switch {
		case r < 0x80, r >= 0xa0 && r <= 0xff:
			b = append(b, byte(r))
		case r == '−', r == '–':
			b = append(b, 0x96)
		case r == '†':
			b = append(b, 0x86)
		case r == '…':
			b = append(b, 0x85)
		case r == '≤':
			b = append(b, "<="...)
		case r == '≥':
			b = append(b, ">="...)
		default:
			b = append(b, '?')
		}
	}
	return string(b)
}
