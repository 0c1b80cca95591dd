package ui

import (
	"context"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"tahoe-anon/wizard"
)

// job is applying and proving. It belongs to Run, not to the screen: when the line is cut the screen is gone at
// once, and what was begun is still brought to an end that the journal and the host agree on.
type job struct {
	screen context.Context // ends with the screen
	apply  context.Context // ends when everything is to be taken back
	prove  context.Context // ends when nobody waits for the proof any more
	undo   context.CancelFunc
	leave  context.CancelFunc

	program atomic.Pointer[tea.Program]
	deaf    atomic.Pointer[time.Time] // until when SIGINT belongs to the password prompt
	started bool                      // read and written by the screen, and by Run after its end
	ended   chan wizard.Result        // gets one
}

func newJob(ctx, screen context.Context) *job {
	j := &job{screen: screen, ended: make(chan wizard.Result, 1)}
	j.apply, j.undo = context.WithCancel(ctx)
	j.prove, j.leave = context.WithCancel(j.apply)
	return j
}

// Messages of the job to the screen.
type (
	progressMsg struct {
		proving bool
		wizard.Progress
	}
	appliedMsg struct{ wizard.Result } // it is set up; now the proof
	endedMsg   struct{ wizard.Result }
)

// send tells the screen; when there is none, nobody.
func (j *job) send(msg tea.Msg) { j.program.Load().Send(msg) }

// lend lets prompt have the terminal. The Ctrl-C that ends a prompt reaches this process too, maybe a moment later.
func (j *job) lend(prompt func() error) error {
	until := func(d time.Duration) { t := time.Now().Add(d); j.deaf.Store(&t) }
	until(24 * time.Hour)
	err := prompt()
	if err != nil {
		until(time.Second)
	} else {
		until(0)
	}
	return err
}

// interrupt passes on a SIGINT that is ours.
func (j *job) interrupt() {
	if t := j.deaf.Load(); t == nil || time.Now().After(*t) {
		j.send(interruptMsg{})
	}
}

// start begins the work; the screen is told by messages, and Run by ended.
func (j *job) start(s *wizard.Session, p *wizard.Proposal) {
	j.started = true
	report := func(proving bool) func(wizard.Progress) {
		return func(pr wizard.Progress) { j.send(progressMsg{proving, pr}) }
	}
	go func() {
		r := s.Carry(j.apply, p, report(false))
		if r.Err == nil {
			j.send(appliedMsg{r})
			r = s.Confirm(j.prove, p, r, report(true))
		}
		j.ended <- r
		j.send(endedMsg{r})
	}()
}

// working says whether something may be half done.
func (j *job) working() bool { return j.started && len(j.ended) == 0 }
