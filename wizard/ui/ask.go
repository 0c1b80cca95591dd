package ui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"

	"tahoe-anon/wizard"
)

// ask is one question. It shows one field of huh, without huh's form around it: a form moves on by two messages
// to itself, and keys that arrive between them land in the old field. So Enter, Tab and Esc never
// reach the field; the page reads its value and asks the question's own check.
type ask struct {
	q     wizard.Question
	at    int
	value string
	err   string
	field huh.Field
	text  []string // above the field
	under []string // below it: who learns the IP address
}

func newAsk(m *model, i int) *ask {
	q := m.questions[i]
	p := &ask{q: q, at: i, value: q.Default, err: q.Error}
	for _, from := range []wizard.Answers{m.answers, m.drafts} {
		if v, ok := from[q.ID]; ok {
			p.value = v
		}
	}
	return p
}

func (p *ask) title(m *model) string { return m.step(p.at + 1) }
func (p *ask) choices() bool         { return len(p.q.Choices) > 0 }

// layout fits the field between the text and the exposure; a list that is too high scrolls.
func (p *ask) layout(m *model) {
	w := m.bodyW()
	p.text = m.look.lines([]wizard.Line{{Kind: wizard.Head, Text: p.q.Title}, {Text: p.q.Text}, {}}, w)
	p.expose(m)
	if p.field == nil {
		p.build()
	}
	p.field.WithWidth(w).WithHeight(0)
	room := m.bodyH() - len(p.text)
	if p.choices() {
		room -= 4 // the exposure and a line before it
	}
	if h := lines(p.field.View()); h > room {
		p.field.WithHeight(max(room, 1))
	}
}

func (p *ask) build() {
	keys := huh.NewDefaultKeyMap()
	keys.Select.Filter = key.NewBinding() // no "/" filter in short lists
	if p.choices() {
		var opts []huh.Option[string]
		for _, c := range p.q.Choices {
			opts = append(opts, huh.NewOption(c.Label, c.Value))
		}
		p.field = huh.NewSelect[string]().Options(opts...).Value(&p.value)
	} else {
		p.field = huh.NewInput().Prompt("> ").Value(&p.value)
	}
	p.field = p.field.WithTheme(theme()).WithKeyMap(keys)
	p.field.Focus() // the command that it returns would make the cursor blink: bytes for ever
}

func (p *ask) update(m *model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return p.key(m, msg)
	case tea.PasteMsg:
		p.edit(m, msg)
	}
	return nil
}

func (p *ask) key(m *model, k tea.KeyPressMsg) tea.Cmd {
	switch s := k.String(); {
	case s == "enter":
		return p.submit(m)
	case s == "esc" || s == "shift+tab":
		m.drafts[p.q.ID] = p.value
		return m.ask(p.at - 1)
	case s == "f1" || s == "ctrl+g" || s == "?" && p.choices():
		m.explain(p)
	case s == "tab" || s == "ctrl+v": // ctrl+v would run a clipboard program
	default:
		p.edit(m, k)
	}
	return nil
}

func (p *ask) edit(m *model, msg tea.Msg) {
	f, _ := p.field.Update(msg)
	p.field = f.(huh.Field)
	p.err = ""
	p.expose(m)
}

func (p *ask) submit(m *model) tea.Cmd {
	if p.q.Check != nil {
		if err := p.q.Check(p.value); err != nil {
			p.err = err.Error()
			return nil
		}
	}
	return m.answer(p.q.ID, p.value)
}

// expose says in a line or two who learns the IP address if the choice under the cursor is taken.
func (p *ask) expose(m *model) {
	p.under = nil
	for _, c := range p.q.Choices {
		if c.Value == p.value && c.Exposure != "" {
			p.under = append([]string{""}, m.look.lines([]wizard.Line{{Indent: 2, Text: c.Exposure}}, m.bodyW())...)
		}
	}
}

func (p *ask) body(*model) []string {
	body := append(p.text[:len(p.text):len(p.text)], split(p.field.View())...)
	return append(body, p.under...)
}

func (p *ask) note(m *model) string {
	if p.err == "" {
		return ""
	}
	return m.look.bad + " " + red.Render(m.look.visible(p.err))
}

func (p *ask) keys(*model) []string {
	if p.choices() {
		return []string{"up/down", "enter next", "esc back", "? help", "ctrl+c quit"}
	}
	return []string{"enter next", "esc back", "ctrl+g help", "ctrl+c quit"} // "?" belongs to the text
}

func (p *ask) help() (title, text string) { return p.q.Title, p.q.Help }
