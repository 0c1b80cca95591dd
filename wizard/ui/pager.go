package ui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"
)

// pager shows as much of some lines as fits, and scrolls.
type pager struct {
	lines  []string
	top, h int
}

// set keeps the place as far as the new lines and height allow.
func (p *pager) set(lines []string, h int) {
	p.lines, p.h = lines, max(h, 1)
	p.to(p.top)
}

func (p *pager) to(top int) { p.top = max(min(top, len(p.lines)-p.h), 0) }

// key scrolls, and says whether k is a key that does.
func (p *pager) key(k tea.KeyPressMsg) bool {
	switch k.String() {
	case "up", "k":
		p.to(p.top - 1)
	case "down", "j":
		p.to(p.top + 1)
	case "pgup", "b":
		p.to(p.top - p.h + 1)
	case "pgdown", "space", "f":
		p.to(p.top + p.h - 1)
	case "home", "g":
		p.to(0)
	case "end", "G":
		p.to(len(p.lines))
	default:
		return false
	}
	return true
}

func (p *pager) view() []string { return p.lines[p.top:min(p.top+p.h, len(p.lines))] }

// place is empty when everything fits.
func (p *pager) place() string {
	if len(p.lines) <= p.h {
		return ""
	}
	s := fmt.Sprintf("lines %d-%d of %d", p.top+1, min(p.top+p.h, len(p.lines)), len(p.lines))
	if p.top+p.h < len(p.lines) {
		s += ", more below"
	}
	return faint.Render(s)
}
