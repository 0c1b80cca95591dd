// Package ui is the screen of the wizard, and the only importer of bubbletea, lipgloss and huh.
package ui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/sys/unix"

	"tahoe-anon/wizard"
)

// Run shows the wizard on the terminal in and out, with env as the environment, until it is finished, cancelled
// or cut off. It takes SIGINT, SIGTERM and SIGHUP while it runs and leaves the terminal as it was.
//
// What was agreed to does not depend on the screen: Run returns only when applying has ended. When the line is
// cut, applying goes on to its end and the proof is left out; on SIGTERM, and when ctx ends, what was done is
// taken back. When something was carried out, its end is printed to out after the screen is gone.
//
// The error is of the screen itself; all else stands in the Outcome.
func Run(ctx context.Context, s wizard.Session, in, out *os.File, env []string) (wizard.Outcome, error) {
	screen, closeScreen := context.WithCancel(ctx)
	defer closeScreen()
	j := newJob(ctx, screen)
	defer j.undo()
	l := newLook(env)
	m := newModel(&s, l, j)
	j.program.Store(tea.NewProgram(m, options(screen, in, out, env)...))
	signals := watch(j, closeScreen)

	err := m.run(in, out, env)
	lost := err != nil && screen.Err() == nil && !errors.Is(err, tea.ErrProgramPanic) // the terminal can be read no more
	if err != nil {
		j.leave()
	}
	if j.started {
		m.result = <-j.ended
	}
	o := m.outcome()
	if o.Signal = signals(); lost && m.w > 0 && o.Signal == nil {
		o.Signal = syscall.SIGHUP
	}
	if j.started {
		fmt.Fprint(out, farewell(&s, o, l))
	}
	if errors.Is(err, tea.ErrProgramPanic) || lost && m.w == 0 {
		return *o, fmt.Errorf("the screen: %w", err)
	}
	return *o, nil
}

// run shows one screen, or two with the password prompt between them. The prompt has the terminal for itself,
// in its own modes. tea.Exec would be the usual way, but bubbletea v2.1.1 may lose its clock when the
// terminal comes back at once: the old drawing loop stops the ticker that the new one has just set.
func (m *model) run(in, out *os.File, env []string) error {
	next := m.lookAround
	for {
		m.first = next()
		// What was typed before there was a page to type on is for nobody. An error means: no terminal, nothing typed.
		_ = unix.IoctlSetInt(int(in.Fd()), unix.TCFLSH, unix.TCIFLUSH)
		if _, err := m.job.program.Load().Run(); err != nil || !m.elevating {
			return err
		}
		refused := m.job.lend(func() error { return m.s.Elevate(m.job.screen, m.proposal, in, out) })
		if err := m.job.screen.Err(); err != nil {
			return err
		}
		m.job.program.Store(tea.NewProgram(m, options(m.job.screen, in, out, env)...))
		next = func() tea.Cmd { return m.elevated(refused) }
	}
}

// outcome is how things stand. What was not started was cancelled.
func (m *model) outcome() *wizard.Outcome {
	o := &wizard.Outcome{
		Finished: m.finished, Cancelled: !m.job.started, Answers: m.answers, Proposal: m.proposal, Result: m.result,
	}
	if o.Cancelled {
		o.State, o.Err = wizard.AsBefore, m.err
	}
	return o
}

// farewell leaves the end on the terminal: what stood on the screen is gone with it.
func farewell(s *wizard.Session, o *wizard.Outcome, l look) string {
	lines, _ := s.Ending(o)
	return wizard.Text(lines, l.ascii)
}

// stoppable says whether a shell is there that would let a stopped program go on. In the session leader's own process group,
// as with "ssh -t HOST COMMAND", the kernel ignores SIGTSTP, and bubbletea would wait for ever.
func stoppable() bool {
	sid, err := unix.Getsid(0)
	return err == nil && sid != unix.Getpgrp()
}

// watch handles signals until its result is called, which tells the one that ended the screen. SIGINT is Ctrl-C from
// elsewhere; while a password is asked for it belongs to the prompt.
func watch(j *job, closeScreen func()) func() os.Signal {
	ch, quit, ended := make(chan os.Signal, 8), make(chan struct{}), make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		var by os.Signal
		defer func() { ended <- by }()
		for {
			select {
			case <-quit:
				if len(ch) == 0 {
					return
				}
			case sig := <-ch:
				if sig == syscall.SIGINT {
					go j.interrupt()
					continue
				}
				if by == nil {
					by = sig
				}
				if j.leave(); sig == syscall.SIGTERM {
					j.undo()
				}
				closeScreen()
			}
		}
	}()
	return func() os.Signal {
		signal.Stop(ch)
		close(quit)
		return <-ended
	}
}

func options(ctx context.Context, in, out *os.File, env []string) []tea.ProgramOption {
	// SSH_TTY keeps bubbletea from asking the terminal for its modes: an answer that comes after a quick
	// end is typed into the shell (bubbletea #1627). sudo drops the variable, so it is always set.
	env = append(env[:len(env):len(env)], "SSH_TTY=assumed")
	if strings.HasPrefix(variable(env, "TERM"), "tmux") {
		env = append(env, "TERM=screen-256color") // mosh inside tmux lacks REP, which TERM=tmux would use
	}
	profile := colorprofile.ANSI // told, not detected: detection runs "tmux info", and we use 16 colours only
	if variable(env, "NO_COLOR") != "" {
		profile = colorprofile.ASCII // bubbletea knows only the values 1, t and true
	}
	return []tea.ProgramOption{
		tea.WithFPS(120), // the first frame waits for the clock's first tick: 8 ms, and not 17
		tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(&quietOutput{out}), tea.WithEnvironment(env),
		tea.WithColorProfile(profile), tea.WithoutSignalHandler(),
	}
}

// quietOutput cuts the queries that bubbletea makes all the same: for the kitty keyboard protocol, and on some
// terminals for synchronized output and grapheme clusters.
type quietOutput struct{ *os.File }

var queries = []string{ansi.RequestKittyKeyboard, ansi.RequestModeSynchronizedOutput, ansi.RequestModeUnicodeCore}

func (q *quietOutput) Write(b []byte) (int, error) {
	quiet := b
	for _, s := range queries {
		quiet = bytes.ReplaceAll(quiet, []byte(s), nil)
	}
	if _, err := q.File.Write(quiet); err != nil {
		return 0, err
	}
	return len(b), nil
}
