package ui

import (
	"strings"

	"charm.land/huh/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"tahoe-anon/wizard"
)

// The terminal's own 16 colours, and of them those that are readable on black and on white. No colour and no
// attribute carries a meaning that no sign carries too.
var (
	plainStyle = lipgloss.NewStyle()
	bold       = plainStyle.Bold(true)
	faint      = plainStyle.Faint(true)
	green      = plainStyle.Foreground(lipgloss.Green)
	red        = plainStyle.Foreground(lipgloss.Red)
	cyan       = plainStyle.Foreground(lipgloss.Cyan)
)

// proseWidth is as wide as text gets on a wide screen: longer lines are hard to follow.
const proseWidth = 90

// look is how things are drawn on this terminal.
type look struct {
	ascii                 bool
	rule, ok, dot, more   string
	wrapped               string // begins what is left of a line that was too long
	spin                  []string
	good, bad, doubt, run string // marks, one column each
}

// newLook chooses the signs. Without UTF-8, and on the Linux console, whose font lacks the tick, they are ASCII.
func newLook(env []string) look {
	locale := strings.ToUpper(first(variable(env, "LC_ALL"), variable(env, "LC_CTYPE"), variable(env, "LANG")))
	l := look{rule: "─", ok: "✓", dot: " • ", more: "…", wrapped: "↪ "}
	if !strings.Contains(locale, "UTF-8") && !strings.Contains(locale, "UTF8") || variable(env, "TERM") == "linux" {
		l = look{ascii: true, rule: "-", ok: "+", dot: " - ", more: ">", wrapped: "\\ "}
	}
	l.spin = []string{"|", "/", "-", "\\"}
	l.good, l.bad, l.doubt, l.run = green.Render(l.ok), red.Render("!"), cyan.Render("?"), cyan.Render(">")
	return l
}

// variable is the value of name in env, where the last one wins.
func variable(env []string, name string) (value string) {
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func (l look) mark(m wizard.Mark) string {
	switch m {
	case wizard.Good:
		return l.good
	case wizard.Bad:
		return l.bad
	case wizard.Doubt:
		return l.doubt
	}
	return " "
}

// visible makes foreign text safe for this terminal.
func (l look) visible(s string) string { return wizard.Visible(s, l.ascii) }

// lines lays a text out: every line of it is at most w columns wide.
func (l look) lines(text []wizard.Line, w int) []string {
	var out []string
	for _, t := range text {
		pad, s := strings.Repeat(" ", t.Indent), l.visible(t.Text)
		switch t.Kind {
		case wizard.Prose:
			out = append(out, hang(pad+t.Lead, s, w)...)
		case wizard.Item:
			out = append(out, hang(pad+l.mark(t.Mark)+" ", s, w)...)
		case wizard.Head:
			if len(out) > 0 {
				out = append(out, "")
			}
			out = append(out, styled(bold, hang("", s, w))...)
		case wizard.Code:
			out = append(out, l.code(pad, s, w)...)
		case wizard.Add:
			out = append(out, styled(green, l.code(pad, s, w))...)
		case wizard.Remove:
			out = append(out, styled(red, l.code(pad, s, w))...)
		case wizard.Hunk:
			out = append(out, styled(cyan, l.code(pad, s, w))...)
		}
	}
	return out
}

func styled(st lipgloss.Style, lines []string) []string {
	for i := range lines {
		lines[i] = st.Render(lines[i])
	}
	return lines
}

// hang wraps s at words behind lead, which stands on the first line alone.
func hang(lead, s string, w int) []string {
	in := ansi.StringWidth(lead)
	lines := wizard.Wrap(s, min(w, proseWidth)-in, ansi.StringWidth)
	for i := range lines {
		if i == 0 {
			lines[i] = lead + lines[i]
		} else {
			lines[i] = strings.Repeat(" ", in) + lines[i]
		}
	}
	return lines
}

// code breaks s where the window ends and marks what follows, so that nothing of a diff is out of sight.
func (l look) code(pad, s string, w int) []string {
	w = max(w-len(pad), 8)
	lines := []string{pad + ansi.Truncate(s, w, "")}
	for rest := ansi.TruncateLeft(s, w, ""); rest != ""; {
		n := w - 2
		lines = append(lines, pad+l.wrapped+ansi.Truncate(rest, n, ""))
		rest = ansi.TruncateLeft(rest, n, "")
	}
	return lines
}

// theme draws huh's fields. It is made once and asks the terminal nothing: huh calls it for every frame.
func theme() huh.Theme {
	t := huh.ThemeBase(false)
	f := &t.Focused
	f.Base = plainStyle
	f.SelectSelector = cyan.SetString("> ")
	f.SelectedOption, f.UnselectedOption = bold, plainStyle
	f.TextInput.Prompt, f.TextInput.Text, f.TextInput.Placeholder = cyan, plainStyle, faint
	f.TextInput.Cursor = plainStyle
	return huh.ThemeFunc(func(bool) *huh.Styles { return t })
}
