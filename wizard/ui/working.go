package ui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"tahoe-anon/wizard"
)

type tickMsg struct{}

// phase is a step of the plan, or a part of the proof.
type phase struct {
	wizard.Progress
	proving    bool
	begun, end time.Time
}

// working shows the job step by step. It only watches: the job does not need it.
type working struct {
	phases []phase
	proof  bool // it is set up; what runs now is the proof
	asking bool // whether to stop
	stops  bool
	now    time.Time
}

// work starts the job and watches it.
func (m *model) work() tea.Cmd {
	p := &working{now: time.Now(), proof: len(m.proposal.Plan.Steps) == 0}
	for _, s := range m.proposal.Plan.Steps {
		p.phases = append(p.phases, phase{Progress: wizard.Progress{ID: s.ID, Title: s.Title}})
	}
	m.job.start(m.s, m.proposal)
	return m.show(p)
}

func (p *working) title(*model) string {
	if p.proof {
		return "Proof"
	}
	return "Setting up"
}

func (p *working) begin(*model) tea.Cmd { return every(time.Second, tickMsg{}) }
func (p *working) layout(*model)        {}

func (p *working) update(m *model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tickMsg:
		p.now = time.Now()
		return every(p.pace(), msg)
	case progressMsg:
		p.report(msg, time.Now())
	case appliedMsg:
		p.proof, p.asking = true, false
	case endedMsg:
		m.result = msg.Result
		return m.show(&done{})
	case tea.KeyPressMsg:
		if p.asking {
			p.decide(m, msg)
		}
	}
	return nil
}

// pace is how often the clock on the screen moves: each time travels over the line.
func (p *working) pace() time.Duration {
	if i := p.active(); i >= 0 && p.now.Sub(p.phases[i].begun) > 10*time.Second {
		return 5 * time.Second
	}
	return time.Second
}

func (p *working) report(msg progressMsg, now time.Time) {
	i := 0
	for i < len(p.phases) && (p.phases[i].ID != msg.ID || p.phases[i].proving != msg.proving) {
		i++
	}
	if i == len(p.phases) {
		p.phases = append(p.phases, phase{proving: msg.proving})
	}
	ph := &p.phases[i]
	ph.Progress = msg.Progress
	if p.now = now; ph.begun.IsZero() {
		ph.begun = now
	}
	if msg.Done {
		ph.end = now
	}
}

// active is the phase that runs, or -1.
func (p *working) active() int {
	for i := len(p.phases) - 1; i >= 0; i-- {
		if ph := p.phases[i]; !ph.begun.IsZero() && !ph.Done {
			return i
		}
	}
	return -1
}

func (p *working) decide(m *model, k tea.KeyPressMsg) {
	if s := k.String(); s == "y" || s == "Y" {
		p.stop(m)
	}
	p.asking = false
}

func (p *working) stop(m *model) {
	p.asking, p.stops = false, true
	if p.proof {
		m.job.leave()
	} else {
		m.job.undo()
	}
}

func (p *working) body(m *model) []string {
	var body []string
	focus, proving := 0, false
	active := p.active()
	for i, ph := range p.phases {
		if ph.proving && !proving {
			proving = true
			if body = append(body, bold.Render("Proof: does the node answer at its onion address?")); i > 0 {
				body = append(body[:len(body)-1], "", body[len(body)-1])
			}
		}
		body = append(body, p.line(m, ph, i == active))
		if i == active {
			if note := waits(ph); note != "" {
				body = append(body, hang("    ", m.look.visible(note), m.bodyW())...)
			}
			focus = len(body)
		}
	}
	top := max(min(focus-m.bodyH()+3, len(body)-m.bodyH()), 0)
	if proving && active < 0 {
		top = max(len(body)-m.bodyH(), 0)
	}
	return body[top:]
}

func (p *working) line(m *model, ph phase, active bool) string {
	mark, end := " ", p.now
	if ph.Done {
		mark, end = m.look.good, ph.end
	} else if active {
		mark = m.look.run
	}
	took := ""
	if d := end.Sub(ph.begun); !ph.begun.IsZero() && d >= time.Second {
		took = fmt.Sprintf("%d s", int(d.Seconds()))
	}
	width := min(m.bodyW(), proseWidth) - 2 - 8
	title := ansi.Truncate(m.look.visible(ph.Title), width, m.look.more)
	if took == "" {
		return mark + " " + title
	}
	return mark + " " + title + strings.Repeat(" ", width-ansi.StringWidth(title)) + fmt.Sprintf("%8s", took)
}

// waits says what a wait is like: its usual length, what was last heard, and when it is given up.
func waits(ph phase) string {
	var parts []string
	if ph.Note != "" {
		parts = append(parts, ph.Note)
	}
	if ph.Limit > 0 {
		parts = append(parts, fmt.Sprintf("given up after %d s", int(ph.Limit.Seconds())))
	}
	return strings.Join(parts, ", ")
}

func (p *working) note(*model) string {
	switch {
	case p.stops && p.proof:
		return "Stopping the proof."
	case p.stops:
		return "Stopping, and taking everything back. Please wait."
	case p.asking && p.proof:
		return bold.Render("Stop waiting for the proof? What was set up stays. [y/N]")
	case p.asking:
		return bold.Render("Stop, and take everything back? [y/N]")
	}
	return ""
}

func (p *working) keys(*model) []string {
	switch {
	case p.stops:
		return []string{"please wait"}
	case p.asking:
		return []string{"y or ctrl+c stop", "any other key: go on"}
	}
	return []string{"please wait", "ctrl+c stop"}
}

func (p *working) help() (title, text string) { return "", "" }

// done is the last page.
type done struct {
	pager         pager
	good, applied bool
}

func (p *done) title(*model) string {
	switch {
	case p.good:
		return "Done"
	case p.applied:
		return "Set up, not proved"
	}
	return "Not done"
}

func (p *done) layout(m *model) {
	text, good := m.s.Ending(m.outcome())
	p.good, p.applied = good, m.result.Applied
	p.pager.set(m.look.lines(text, m.bodyW()), m.bodyH())
}

func (p *done) update(m *model, msg tea.Msg) tea.Cmd {
	k, ok := msg.(tea.KeyPressMsg)
	if ok && !p.pager.key(k) && k.String() == "enter" {
		m.finished = true
		return tea.Quit
	}
	return nil
}

func (p *done) body(*model) []string       { return p.pager.view() }
func (p *done) note(*model) string         { return p.pager.place() }
func (p *done) keys(*model) []string       { return []string{"enter finish", "up/down scroll"} }
func (p *done) help() (title, text string) { return "", "" }
