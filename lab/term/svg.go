package term

import (
	"fmt"
	"html"
	"image/color"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
)

// Theme is the text and ground that stand for the terminal's default colours.
type Theme struct{ Text, Ground string }

// The two that pictures are made in.
var (
	Dark  = Theme{"#d8dee9", "#1b1f27"}
	Light = Theme{"#24292f", "#ffffff"}
)

// palette stands for the terminal's 16 colours.
var palette = [16]string{
	"#000000", "#e05252", "#2f9e44", "#b58900", "#268bd2", "#a347ba", "#0e9aa7", "#d0d0d0",
	"#808080", "#ff5f5f", "#51cf66", "#ffd43b", "#74c0fc", "#da77f2", "#66d9e8", "#ffffff",
}

const (
	cellW, cellH = 8.4, 17.0 // of a 14 px monospace font
	margin       = 10
)

// SVG draws the screen as it is, with colours, bold, faint and reverse.
func (t *Term) SVG(th Theme) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	w, h := t.em.Width(), t.em.Height()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">`,
		float64(w)*cellW+2*margin, float64(h)*cellH+2*margin)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="6" fill="%s"/>`, th.Ground)
	for y := range h {
		for x := 0; x < w; {
			r := t.run(x, y, w)
			r.draw(&b, th)
			x += r.width
		}
	}
	return b.String() + "</svg>\n"
}

// run is a row's cells of one style.
type run struct {
	x, y, width int
	text        string
	style       uv.Style
}

func (t *Term) run(x, y, w int) run {
	r := run{x: x, y: y}
	for at := x; at < w; {
		c := t.em.CellAt(at, y)
		if c == nil {
			c = &uv.Cell{Content: " ", Width: 1}
		}
		if at == x {
			r.style = c.Style
		} else if !c.Style.Equal(&r.style) {
			break
		}
		if r.text += c.Content; c.Content == "" {
			r.text += " "
		}
		at += max(c.Width, 1)
		r.width = at - x
	}
	return r
}

func (r run) draw(b *strings.Builder, th Theme) {
	fg, bg := colour(r.style.Fg, th.Text), colour(r.style.Bg, "")
	if r.style.Attrs&uv.AttrReverse != 0 {
		fg, bg = colour(r.style.Bg, th.Ground), colour(r.style.Fg, th.Text)
	}
	px, py, pw := float64(r.x)*cellW+margin, float64(r.y)*cellH+margin, float64(r.width)*cellW
	if bg != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, px, py, pw, cellH, bg)
	}
	if strings.TrimSpace(r.text) == "" {
		return
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="%s" xml:space="preserve" textLength="%.1f"`, px, py+13, fg, pw)
	if r.style.Attrs&uv.AttrBold != 0 {
		b.WriteString(` font-weight="bold"`)
	}
	if r.style.Attrs&uv.AttrFaint != 0 {
		b.WriteString(` opacity="0.6"`)
	}
	fmt.Fprintf(b, ">%s</text>", html.EscapeString(r.text))
}

func colour(c color.Color, def string) string {
	switch c := c.(type) {
	case nil:
		return def
	case ansi.BasicColor:
		return palette[c]
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
