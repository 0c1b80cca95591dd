package ui

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"tahoe-anon/detect"
	"tahoe-anon/wizard"
)

// The smallest window that everything fits into.
const minW, minH = 60, 20

// page is one screen of the wizard between the head and the note.
type page interface {
	title(m *model) string
	layout(m *model) // fits the body to the window; called before the first body and after each resize
	update(m *model, msg tea.Msg) tea.Cmd
	body(m *model) []string
	note(m *model) string // one line: an error, or the place in a long text
	keys(m *model) []string
	help() (title, text string)
}

// starter is a page with something to do when it is shown.
type starter interface{ begin(m *model) tea.Cmd }

// model is the only tea.Model. Pages are plain structs: they handle what is typed, and tell the model where to
// go by its methods.
type model struct {
	s    *wizard.Session
	look look
	job  *job
	w, h int
	page page
	over *helpPage // lies over page

	facts     *detect.Facts
	rows      []wizard.Row
	answers   wizard.Answers
	drafts    wizard.Answers // typed, and left by Esc
	questions []wizard.Question
	proposal  *wizard.Proposal
	err       error // what stands in the way of going on
	result    wizard.Result
	elevating bool // the screen ended to let a password be asked for
	finished  bool
	first     tea.Cmd // of this screen

	// While a question's answer is worked on, keys wait for the page that they were typed for.
	busy bool
	held []tea.Msg
}

// Messages from outside of the screen.
type (
	probedMsg struct {
		facts     *detect.Facts
		rows      []wizard.Row
		questions []wizard.Question
	}
	questionsMsg struct {
		after     string // the ID of the one that was answered
		questions []wizard.Question
	}
	preparedMsg struct {
		proposal *wizard.Proposal
		err      error
	}
	interruptMsg struct{} // SIGINT
)

func newModel(s *wizard.Session, l look, j *job) *model {
	m := &model{s: s, look: l, job: j, answers: wizard.Answers{}, drafts: wizard.Answers{}}
	maps.Copy(m.answers, s.Given)
	return m
}

func (m *model) Init() tea.Cmd { return m.first }

func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
		m.layout()
		return m, nil
	case interruptMsg:
		return m, m.interrupt()
	case tea.KeyPressMsg:
		switch msg.String() {
		case "ctrl+c":
			return m, m.interrupt()
		case "ctrl+z":
			if m.job.working() || !stoppable() { // a stopped process would hold up half a change
				return m, nil
			}
			return m, tea.Suspend
		}
		return m, m.typed(msg)
	case tea.PasteMsg:
		return m, m.typed(msg)
	}
	cmd := m.arrived(msg)
	return m, tea.Batch(cmd, m.replay())
}

// typed passes on what was typed, or keeps it until the page is there that it was typed for.
func (m *model) typed(msg tea.Msg) tea.Cmd {
	if m.busy {
		if len(m.held) < 4096 {
			m.held = append(m.held, msg)
		}
		return nil
	}
	if m.over != nil {
		m.over.update(m, msg)
		return nil
	}
	return m.page.update(m, msg)
}

func (m *model) replay() tea.Cmd {
	var cmds []tea.Cmd
	for !m.busy && len(m.held) > 0 {
		msg := m.held[0]
		m.held = m.held[1:]
		cmds = append(cmds, m.typed(msg))
	}
	return tea.Batch(cmds...)
}

// arrived handles what the session's functions answered.
func (m *model) arrived(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case probedMsg:
		m.facts, m.rows, m.questions, m.busy = msg.facts, msg.rows, msg.questions, false
		m.layout()
	case questionsMsg:
		m.questions, m.busy = msg.questions, false
		return m.ask(m.index(msg.after) + 1)
	case preparedMsg:
		m.proposal, m.err = msg.proposal, msg.err
		if msg.err != nil {
			return m.show(&blocked{})
		}
		return m.show(&review{})
	default:
		return m.page.update(m, msg)
	}
	return nil
}

func (m *model) show(p page) tea.Cmd {
	m.page, m.over = p, nil
	m.layout()
	if e, ok := p.(starter); ok {
		return e.begin(m)
	}
	return nil
}

func (m *model) layout() {
	if m.w == 0 || m.page == nil {
		return
	}
	m.page.layout(m)
	if m.over != nil {
		m.over.layout(m)
	}
}

// lookAround shows the first page and probes the host.
func (m *model) lookAround() tea.Cmd {
	m.facts, m.busy = nil, true
	probe := func() tea.Msg {
		f := m.s.Probe(m.job.screen)
		return probedMsg{f, m.s.Found(f), m.s.Questions(f, maps.Clone(m.s.Given))}
	}
	return tea.Batch(m.show(&found{}), probe)
}

func (m *model) index(id string) int {
	return slices.IndexFunc(m.questions, func(q wizard.Question) bool { return q.ID == id })
}

// ask shows question i; before the first lies what was found, behind the last the review.
func (m *model) ask(i int) tea.Cmd {
	switch {
	case i < 0:
		return m.show(&found{})
	case i < len(m.questions):
		return m.show(newAsk(m, i))
	}
	return m.prepare()
}

// answer keeps an answer and asks which question comes next: later ones depend on earlier ones.
func (m *model) answer(id, value string) tea.Cmd {
	m.answers[id] = value
	delete(m.drafts, id)
	m.busy = true
	f, path := m.facts, m.s.Path(m.questions, m.answers)
	return func() tea.Msg { return questionsMsg{id, m.s.Questions(f, path)} }
}

// prepare makes the plan. What was typed ahead ends here: nothing but what was read may be agreed to.
func (m *model) prepare() tea.Cmd {
	m.held = nil
	f, path := m.facts, m.s.Path(m.questions, m.answers)
	cmd := m.show(&waiting{})
	return tea.Batch(cmd, func() tea.Msg {
		p, err := m.s.Prepare(f, path)
		return preparedMsg{p, err}
	})
}

// back leads from the review, or from what is in its way, to the last question.
func (m *model) back() tea.Cmd { return m.ask(len(m.questions) - 1) }

// interrupt is Ctrl-C: it ends the wizard at once while nothing has changed, and asks while something may.
func (m *model) interrupt() tea.Cmd {
	if w, ok := m.page.(*working); ok {
		if w.asking { // twice means it
			w.stop(m)
			return nil
		}
		w.asking, m.over = true, nil
		return nil
	}
	_, m.finished = m.page.(*done)
	return tea.Quit
}

func (m *model) bodyH() int { return max(m.h-5, 1) } // head, rule, note, keys, and the last row stays free
func (m *model) bodyW() int { return max(m.w-1, 1) } // the last column stays free: some terminals wrap there

func (m *model) View() tea.View {
	v := tea.NewView(m.screen())
	v.AltScreen = true
	return v
}

func (m *model) screen() string {
	if m.w == 0 {
		return ""
	}
	if m.w < minW || m.h < minH {
		return fmt.Sprintf("The window is %dx%d.\nPlease make it at least %dx%d.", m.w, m.h, minW, minH)
	}
	title, body, note, keys := m.page.title(m), m.page.body(m), m.page.note(m), m.page.keys(m)
	if m.over != nil {
		title, body, note, keys = m.over.title, m.over.pager.view(), m.over.pager.place(), helpKeys
	}
	lines := []string{bold.Render("tahoe-anon   " + m.look.visible(title)), faint.Render(strings.Repeat(m.look.rule, m.bodyW()))}
	lines = append(lines, body[:min(len(body), m.bodyH())]...)
	for len(lines) < m.bodyH()+2 {
		lines = append(lines, "")
	}
	lines = append(lines, note, strings.Join(keys, m.look.dot))
	for i, l := range lines {
		lines[i] = ansi.Truncate(l, m.bodyW(), m.look.more)
	}
	return strings.Join(lines, "\n")
}

// step is "step 2 of 6": what was found, the questions, the review.
func (m *model) step(i int) string {
	return fmt.Sprintf("step %d of %d", i+1, len(m.questions)+2)
}

func every(d time.Duration, msg tea.Msg) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return msg })
}
