// Package plots draws theriac's figures with gonum/plot, in one theme: colours
// that the colour-blind tell apart (Okabe and Ito), direct labels instead of
// legends, text that stays readable at half a page's width. A figure is a value;
// the same value gives the same bytes.
//
// The shapes: [Curve] (lines and points with intervals and bands), [Forest]
// (estimates with intervals, row by row), [Heat] (a matrix with its numbers),
// [Bars]. The figures of a study are these with axes, units and captions filled in:
//
//	[Dose]         a rate by dose, with the fitted curve, its band and ED50
//	[Rates]        a rate by arm: triggers, placebos
//	[Differences]  changes against a baseline, with the margin drawn
//	[Losses]       training loss, clean and poisoned, and the poisoned rows' own
//	[Counts]       a rate by number of examples, a line an attack: refusals
//	[ROC]          detectors' curves with their bands
//	[Matrix]       attack by defense, an interval in each cell
//	[Payoff]       the arms race as a game, with both sides' mixtures
//	[Predictive]   what an alarm means, by prevalence
//	[Costs]        bars
//	[Spectra]      a statistic of the weights by module, attacked beside clean
//	[Scale]        success and accuracy by the adapter's scale
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
	right         vg.Length // room for what stands right of the axes
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
	bodySize  = 12
	labelSize = 11
	// A page column is 6.5 inches wide; at half of it 12-point text is 6 points, the smallest that prints well.
	pageWidth = 6.5 * vg.Inch
	edge      = 6 // free at every side, in points
)

// style is text of the theme.
func style(size font.Length, c color.Color) draw.TextStyle {
	return draw.TextStyle{Font: font.From(sans, size), Color: c, Handler: text.Plain{Fonts: fonts}}
}

func newFigure(title string, height vg.Length) *Figure {
	p := plot.New()
	p.TextHandler = text.Plain{Fonts: fonts}
	p.Title.Text = title
	p.Title.TextStyle = style(bodySize+1, ink)
	p.Title.TextStyle.XAlign, p.Title.TextStyle.YAlign = draw.XCenter, draw.YTop
	p.Title.Padding = 8
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle, a.Tick.Label = style(bodySize, ink), style(bodySize, ink)
		a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign = draw.XCenter, draw.YBottom
		a.LineStyle.Color, a.Tick.LineStyle.Color = faint, faint
		a.LineStyle.Width, a.Tick.LineStyle.Width = 0.75, 0.75
		a.Padding = 4
		a.Label.Padding = 4
	}
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XCenter, draw.YTop
	p.Y.Tick.Label.XAlign, p.Y.Tick.Label.YAlign = draw.XRight, middle
	return &Figure{Title: title, plot: p, width: pageWidth, height: height}
}

// middle is the alignment that puts a tick's label beside its tick: gonum lifts it by the font's descent.
const middle = draw.YAlignment(-0.68)

// Resize sets the width in inches, keeping the proportions.
func (f *Figure) Resize(inches float64) {
	w := vg.Length(inches) * vg.Inch
	f.height = f.height * w / f.width
	f.width = w
}

// draw puts the figure on a canvas, on white, with free edges.
func (f *Figure) draw(on vg.CanvasSizer) {
	c := draw.New(on)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	f.plot.Draw(draw.Crop(c, edge, -edge-f.right, edge, -edge))
}

// SVG renders the figure. Text names metric-compatible substitutes for its font.
func (f *Figure) SVG() ([]byte, error) {
	c := vgsvg.New(f.width, f.height)
	f.draw(c)
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
	f.draw(c)
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(&b); err != nil {
		return nil, fmt.Errorf("figure %q: %w", f.Title, err)
	}
	return b.Bytes(), nil
}

// textWidth is how wide a text is drawn, in its widest line.
func textWidth(s string, size font.Length) vg.Length { return style(size, ink).Width(s) }

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
		st := style(size, l.color)
		st.XAlign, st.YAlign = l.align, draw.YAlignment(-0.45)
		c.FillText(st, vg.Point{X: tx(l.x) + l.dx, Y: ty(l.y) + l.dy}, l.text)
	}
}
