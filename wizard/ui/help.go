package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"tahoe-anon/wizard"
)

const helpWizard = `Enter goes to the next page, Esc back to the one before; answers are kept. Ctrl-C ends the wizard at any time before you agree to the changes, and nothing was changed then.

Before anything changes you see all of it: what others can see of your node now and afterwards, each step with who does it, and every line of every file.

Signs: ` + "`+`" + ` or a tick is fine, ` + "`!`" + ` needs your attention, ` + "`?`" + ` is good to know. A plan that was carried out is taken back by: tahoe-anon undo`

const helpReview = `At the top stands what others can see of your node, now and afterwards. A line with ! gives away your IP address, or ties your node to it.

Then come the steps, in the order in which they run. "you" is your own account; what says "root" needs a password, which sudo or doas asks for.

At the end stands every change to every file, line by line: a line with + comes, a line with - goes.

To go on, type a and then the word yes. Then all steps run. If one fails, those before it are taken back. Later, tahoe-anon undo takes all of it back.`

var helpKeys = []string{"up/down scroll", "esc close"}

// helpPage lies over a page and shows its long explanation.
type helpPage struct {
	title, text string
	pager       pager
}

// explain opens the help of a page, if it has one.
func (m *model) explain(p page) {
	title, text := p.help()
	if text == "" {
		title, text = "this wizard", helpWizard
	}
	m.over = &helpPage{title: "Help: " + title, text: text}
	m.over.layout(m)
}

func (h *helpPage) layout(m *model) {
	var lines []wizard.Line
	for i, paragraph := range strings.Split(h.text, "\n\n") {
		if i > 0 {
			lines = append(lines, wizard.Line{})
		}
		lines = append(lines, wizard.Line{Text: strings.ReplaceAll(paragraph, "\n", " ")})
	}
	h.pager.set(m.look.lines(lines, m.bodyW()), m.bodyH())
}

func (h *helpPage) update(m *model, msg tea.Msg) {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok || h.pager.key(k) {
		return
	}
	switch k.String() {
	case "esc", "enter", "?", "f1", "ctrl+g", "q":
		m.over = nil
	}
}

// lines counts the lines of a block of text.
func lines(s string) int { return strings.Count(s, "\n") + 1 }

func split(s string) []string { return strings.Split(s, "\n") }
