package ui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

// quiet is how long the review must have stood, and no other key been pressed, before a key may lead to a change: what was
// typed before the page could be read, or came late over a slow line, agrees to nothing.
const quiet = 500 * time.Millisecond

type quietMsg struct{ p *review }

// review is the heart: what others can see, the steps, the diffs; and the only way to a change.
type review struct {
	refused bool // the password was not given
	pager   pager
	last    time.Time // the page's first, or an early key
	armed   bool
	word    *string // what is typed of "yes"; nil until it is asked for
}

func (p *review) title(m *model) string { return m.step(len(m.questions)+1) + ": Review" }

func (p *review) begin(*model) tea.Cmd {
	p.last = time.Now()
	return every(quiet, quietMsg{p})
}

func (p *review) layout(m *model) {
	var text []wizard.Line
	if p.refused {
		message, hint := m.s.Explain(m.err)
		text = append(text, wizard.Line{Kind: wizard.Item, Mark: wizard.Bad, Text: "Nothing was changed. " + message})
		if hint != "" {
			text = append(text, wizard.Line{Indent: 2, Text: hint})
		}
	}
	text = append(text, m.proposal.Review(m.facts)...)
	p.pager.set(m.look.lines(text, m.bodyW()), m.bodyH())
}

func (p *review) update(m *model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case quietMsg:
		if msg.p != p || p.armed {
			return nil
		}
		if rest := quiet - time.Since(p.last); rest > 0 {
			return every(rest, msg)
		}
		p.armed = true
	case tea.KeyPressMsg:
		if p.word != nil {
			return p.confirm(m, msg)
		}
		return p.key(m, msg)
	case tea.PasteMsg: // a paste agrees to nothing
		p.last, p.word = time.Now(), nil
	}
	return nil
}

func (p *review) key(m *model, k tea.KeyPressMsg) tea.Cmd {
	switch s := k.String(); {
	case p.pager.key(k):
	case s == "esc":
		return m.back()
	case s == "?" || s == "f1" || s == "ctrl+g":
		m.explain(p)
	case !p.armed:
		p.last = time.Now()
	case s == "a" && !p.empty(m):
		p.word = new(string)
	case s == "enter" && p.empty(m):
		return m.work()
	}
	return nil
}

// confirm takes the word that starts the work. A single key is too easily hit.
func (p *review) confirm(m *model, k tea.KeyPressMsg) tea.Cmd {
	switch s := k.String(); {
	case s == "esc":
		p.word = nil
	case s == "backspace":
		*p.word = (*p.word)[:max(len(*p.word)-1, 0)]
	case s == "enter":
		yes := *p.word == "yes"
		if p.word = nil; yes {
			return m.elevate()
		}
	case len(k.Text) == 1 && len(*p.word) < 8:
		*p.word += k.Text
	}
	return nil
}

func (p *review) empty(m *model) bool { return len(m.proposal.Plan.Steps) == 0 }

func (p *review) body(*model) []string { return p.pager.view() }

func (p *review) note(m *model) string {
	if p.word != nil {
		return bold.Render(m.proposal.Agree()+" Type yes, then Enter: ") + *p.word + plainStyle.Reverse(true).Render(" ")
	}
	return p.pager.place()
}

func (p *review) keys(m *model) []string {
	if p.word != nil {
		return []string{"enter go on", "esc not yet", "ctrl+c quit"}
	}
	keys := []string{"up/down scroll", "esc back", "? help", "ctrl+c quit"}
	switch {
	case !p.armed:
	case p.empty(m):
		keys = slices.Insert(keys, 0, "enter prove")
	default:
		keys = slices.Insert(keys, 0, "a apply")
	}
	if len(keys) > 4 { // 58 columns
		keys[1] = "up/down"
	}
	return keys
}

func (p *review) help() (title, text string) { return "the review", helpReview }

// elevate lets Run ask for the password first, where a step needs one.
func (m *model) elevate() tea.Cmd {
	mine := func(s writers.Step) bool { return s.As == writers.User }
	if m.s.Elevate == nil || !slices.ContainsFunc(m.proposal.Plan.Steps, func(s writers.Step) bool { return !mine(s) }) {
		return m.work()
	}
	m.elevating = true
	return tea.Quit
}

// elevated goes on after the password was asked for.
func (m *model) elevated(err error) tea.Cmd {
	m.elevating = false
	if m.err = err; err != nil {
		return m.show(&review{refused: true})
	}
	return m.work()
}
