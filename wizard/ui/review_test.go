package ui

import (
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

func press(s string) tea.KeyPressMsg {
	r := []rune(s)[0]
	return tea.KeyPressMsg{Code: r, Text: s}
}

func reviewing(t *testing.T) (*model, *review) {
	m := newModel(&wizard.Session{}, newLook(nil), newJob(t.Context(), t.Context()))
	m.w, m.h, m.proposal = 80, 24, &wizard.Proposal{}
	m.proposal.Plan.Steps = make([]writers.Step, 3)
	p := &review{}
	m.show(p)
	return m, p
}

// A key leads to a change only after the page has stood, and the keyboard has been still, for a while.
func TestReviewIsDeafAtFirst(t *testing.T) {
	m, p := reviewing(t)
	p.update(m, press("a"))
	if p.word != nil || slices.Contains(p.keys(m), "a apply") {
		t.Fatal("the first key counts")
	}
	p.last = time.Now().Add(-quiet / 2) // typed in between
	if cmd := p.update(m, quietMsg{p}); p.armed || cmd == nil {
		t.Fatal("a key in between does not put it off")
	}
	p.update(m, quietMsg{&review{}})
	if p.armed {
		t.Fatal("another page's time counts")
	}
	p.last = time.Now().Add(-2 * quiet)
	p.update(m, quietMsg{p})
	if !p.armed || !slices.Contains(p.keys(m), "a apply") {
		t.Fatal("it is deaf for ever")
	}
	p.update(m, press("a"))
	if p.word == nil || m.job.started {
		t.Fatal("a does not ask for the word, or starts the work")
	}
}

func TestPager(t *testing.T) {
	p := pager{}
	p.set([]string{"1", "2", "3", "4", "5"}, 3)
	for _, c := range []struct {
		key rune
		top int
	}{{tea.KeyUp, 0}, {tea.KeyDown, 1}, {tea.KeyPgDown, 2}, {tea.KeyDown, 2}, {tea.KeyHome, 0}, {tea.KeyEnd, 2}, {tea.KeyPgUp, 0}} {
		if p.key(tea.KeyPressMsg{Code: c.key}); p.top != c.top {
			t.Errorf("%c: the first line is %d; want %d", c.key, p.top, c.top)
		}
	}
	p.to(2)
	p.set([]string{"1", "2"}, 3)
	if p.top != 0 || p.place() != "" || len(p.view()) != 2 {
		t.Errorf("a text that fits is scrolled: %+v", p)
	}
}
