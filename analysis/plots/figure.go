// Package plots draws theriac's figures with gonum/plot, in one theme: colours
// that the colour-blind tell apart (Okabe and Ito), direct labels instead of
// legends, text that stays readable at half a page's width. A figure is a value;
// the same value gives the same bytes.
//
// The kinds: [Curve] (lines and points with intervals and bands), [Forest]
// (estimates with intervals, row by row), [Heat] (a matrix with its numbers),
// [Bars]. The study's own figures, in study.go, are these with their words filled in.
package plots

import (
	"bytes"
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is a drawn figure and the sentence that stands under it. The caption
// says units and n.
type Figure struct {
	Title   string
	Caption string

	plot          *plot.Plot
	width, height vg.Length
}

// Palette is Okabe and Ito's, black last.
var Palette = []color.RGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255},
	{230, 159, 0, 255}, {86, 180, 233, 255}, {0, 0, 0, 255},
}

var (
	ink   = color.RGBA{40, 40, 40, 255}
	faint = color.RGBA{150, 150, 150, 255}
	sans  = font.Font{Typeface: "Liberation", Variant: "Sans"}
	fonts = font.NewCache(liberation.Collection())
)

const (
	bodySize  = 10
	labelSize = 9
	// A page column is 6.5 inches wide; at half of it 10-point text is 5 points, the smallest that prints.
	pageWidth = 6.5 * vg.Inch
)

func newFigure(title string, height vg.Length) *Figure {
	p := plot.New()
	h := text.Plain{Fonts: fonts}
	style := func(t *draw.TextStyle, size font.Length) {
		t.Font, t.Color, t.Handler = font.From(sans, size), ink, h
	}
	p.TextHandler = h
	p.Title.Text = title
	style(&p.Title.TextStyle, 11)
	p.Title.Padding = 8
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		style(&a.Label.TextStyle, bodySize)
		style(&a.Tick.Label, bodySize)
		a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign = draw.XCenter, draw.YCenter
		a.LineStyle.Color, a.Tick.LineStyle.Color = faint, faint
		a.LineStyle.Width, a.Tick.LineStyle.Width = 0.75, 0.75
		a.Padding = 4
	}
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XCenter, draw.YTop
	p.Y.Tick.Label.XAlign, p.Y.Tick.Label.YAlign = draw.XRight, draw.YCenter
	p.X.Label.TextStyle.YAlign = draw.YBottom
	p.Y.Label.TextStyle.YAlign = draw.YBottom
	p.X.Label.Padding, p.Y.Label.Padding = 4, 4
	style(&p.Legend.TextStyle, labelSize)
	return &Figure{Title: title, plot: p, width: pageWidth, height: height}
}

// Resize sets the width in inches, keeping the proportions.
func (f *Figure) Resize(inches float64) {
	w := vg.Length(inches) * vg.Inch
	f.height = f.height * w / f.width
	f.width = w
}

// SVG renders the figure. Text names metric-compatible substitutes for its font.
func (f *Figure) SVG() ([]byte, error) {
	c := vgsvg.New(f.width, f.height)
	f.plot.Draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("figure %q: %w", f.Title, err)
	}
	s := strings.ReplaceAll(b.String(), "font-family:Liberation Sans", "font-family:'Liberation Sans',Arial,Helvetica,sans-serif")
	return []byte(s), nil
}

// PNG renders the figure at 144 dots an inch.
func (f *Figure) PNG() ([]byte, error) {
	c := vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(144))
	f.plot.Draw(draw.New(c))
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(&b); err != nil {
		return nil, fmt.Errorf("figure %q: %w", f.Title, err)
	}
	return b.Bytes(), nil
}

// label is text at a point of the data, moved by an offset on the page.
type label struct {
	x, y   float64
	dx, dy vg.Length
	text   string
	color  color.Color
	size   font.Length
	align  text.XAlignment
}

// labels is a plotter of labels; they do not widen the axes.
type labels []label

func (ls labels) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, l := range ls {
		size := l.size
		if size == 0 {
			size = labelSize
		}
		st := draw.TextStyle{Font: font.From(sans, size), Color: l.color, Handler: text.Plain{Fonts: fonts}, XAlign: l.align, YAlign: draw.YCenter}
		c.FillText(st, vg.Point{X: tx(l.x) + l.dx, Y: ty(l.y) + l.dy}, l.text)
	}
}
