package ui

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"tahoe-anon/wizard"
)

const welcome = "This puts a Tahoe-LAFS storage node behind a Tor onion service: others then see an onion address in place of your IP address. " +
	"It asks a few questions, shows every change, and changes nothing before you agree."

// spinEvery is slow on purpose: each turn travels over the line.
const spinEvery = 200 * time.Millisecond

type spinMsg struct{ p page }

// found is the first page: what this host has. It is drawn at once and filled when the probe is done.
type found struct {
	pager pager
	turn  int
}

func (p *found) title(m *model) string {
	if m.facts == nil {
		return "What is on this host"
	}
	return m.step(0) + ": What is on this host"
}

func (p *found) begin(*model) tea.Cmd { return every(spinEvery, spinMsg{p}) }

func (p *found) layout(m *model) {
	lines := m.look.lines([]wizard.Line{{Text: welcome}, {Kind: wizard.Head, Text: "Found on this host"}}, m.bodyW())
	names := 0
	for _, r := range m.rows {
		names = max(names, ansi.StringWidth(r.Name))
	}
	for _, r := range m.rows {
		lead := m.look.mark(r.Mark) + " " + fmt.Sprintf("%-*s", names+2, m.look.visible(r.Name))
		lines = append(lines, hang(lead, m.look.visible(r.Text), m.bodyW())...)
	}
	p.pager.set(lines, m.bodyH())
}

func (p *found) update(m *model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case spinMsg:
		if msg.p == page(p) && m.facts == nil { // it stops with the probe: an idle screen sends nothing
			p.turn++
			return every(spinEvery, msg)
		}
	case tea.KeyPressMsg:
		switch msg.String() {
		case "enter":
			return m.ask(0)
		case "r":
			return m.lookAround()
		case "?", "f1", "ctrl+g":
			m.explain(p)
		default:
			p.pager.key(msg)
		}
	}
	return nil
}

func (p *found) body(m *model) []string {
	if m.facts == nil {
		spin := m.look.spin[p.turn%len(m.look.spin)]
		return append(p.pager.view()[:len(p.pager.view()):len(p.pager.view())], m.look.run+" Looking "+spin)
	}
	return p.pager.view()
}

func (p *found) note(m *model) string { return p.pager.place() }

func (p *found) keys(m *model) []string {
	if m.facts == nil {
		return []string{"please wait", "ctrl+c quit"}
	}
	return []string{"enter next", "r look again", "? help", "ctrl+c quit"}
}

func (p *found) help() (title, text string) { return "this wizard", helpWizard }

// waiting stands while the plan is made.
type waiting struct{ turn int }

func (p *waiting) title(m *model) string { return m.step(len(m.questions)+1) + ": Review" }
func (p *waiting) begin(*model) tea.Cmd  { return every(spinEvery, spinMsg{p}) }
func (p *waiting) layout(*model)         {}

func (p *waiting) update(_ *model, msg tea.Msg) tea.Cmd {
	if s, ok := msg.(spinMsg); ok && s.p == page(p) {
		p.turn++
		return every(spinEvery, msg)
	}
	return nil
}

func (p *waiting) body(m *model) []string {
	return []string{m.look.run + " Working out what would change " + m.look.spin[p.turn%len(m.look.spin)]}
}
func (p *waiting) note(*model) string         { return "" }
func (p *waiting) keys(*model) []string       { return []string{"please wait", "ctrl+c quit"} }
func (p *waiting) help() (title, text string) { return "", "" }

// blocked says why no plan can be made.
type blocked struct{ pager pager }

func (p *blocked) title(m *model) string { return m.step(len(m.questions)+1) + ": Review" }

func (p *blocked) layout(m *model) {
	message, hint := m.s.Explain(m.err)
	p.pager.set(m.look.lines([]wizard.Line{
		{Kind: wizard.Item, Mark: wizard.Bad, Text: "This cannot be set up yet."},
		{},
		{Text: message},
		{Text: hint},
		{},
		{Text: "Nothing was changed."},
	}, m.bodyW()), m.bodyH())
}

func (p *blocked) update(m *model, msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "esc":
			return m.back()
		case "r":
			return m.lookAround()
		default:
			p.pager.key(k)
		}
	}
	return nil
}

func (p *blocked) body(*model) []string { return p.pager.view() }
func (p *blocked) note(*model) string   { return p.pager.place() }
func (p *blocked) keys(*model) []string {
	return []string{"r look again", "esc back", "ctrl+c quit"}
}
func (p *blocked) help() (title, text string) { return "", "" }
