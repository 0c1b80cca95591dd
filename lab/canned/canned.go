// Package canned, for tests only, is a session whose answers are made up: the screen and the plain prompter are
// tested with it, without a host to change.
package canned

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"tahoe-anon/detect"
	"tahoe-anon/detect/host"
	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

// Onion is the address in the canned plan; nobody has its key.
const Onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd"

// Script is what goes otherwise than well. Its zero value is a run without a hitch.
type Script struct {
	Nothing  bool // the host is already as asked
	Ordinary bool // no step needs root
	Blocked  bool // no plan can be made
	Refused  bool // the password is not given
	Fails    bool // a step fails, and all is taken back
	Broken   bool // a step fails, and taking back fails too
	Unproved bool // the node does not answer
	Long     bool // a plan of many steps, and a file with odd bytes
	// Gate, if set, is called at "probe", "prepare", "apply", "prove" and "undo" and may block there.
	Gate func(ctx context.Context, at string) error `json:"-"`
	// Log, if set, is told what is done.
	Log func(event string) `json:"-"`
}

// The errors of scripts.
var (
	ErrBlocked  = errors.New("tor-stopped")
	ErrRefused  = errors.New("password refused")
	ErrStep     = errors.New("step failed")
	ErrBroken   = errors.New("taking back failed")
	ErrUnproved = errors.New("no answer")
)

func (s Script) gate(ctx context.Context, at string) error {
	s.log(at)
	if s.Gate == nil {
		return nil
	}
	return s.Gate(ctx, at)
}

func (s Script) log(event string) {
	if s.Log != nil {
		s.Log(event)
	}
}

// Session plays the script.
func Session(s Script) wizard.Session {
	w := wizard.Session{
		Probe: func(ctx context.Context) *detect.Facts {
			_ = s.gate(ctx, "probe")
			return &detect.Facts{Host: host.Facts{Account: host.Account{Name: "alice", UID: 1000}}}
		},
		Found:     func(*detect.Facts) []wizard.Row { return found(s) },
		Questions: func(_ *detect.Facts, a wizard.Answers) []wizard.Question { return questions(a) },
		Prepare: func(_ *detect.Facts, a wizard.Answers) (*wizard.Proposal, error) {
			if err := s.gate(context.Background(), "prepare"); err != nil || s.Blocked {
				return nil, ErrBlocked
			}
			s.log("answers " + fmt.Sprint(a))
			return proposal(s, a), nil
		},
		Apply: s.apply, Prove: s.prove, State: state, Explain: explain,
		Next: func(*wizard.Proposal, writers.Receipt) []string {
			return []string{
				"Keep a copy of the onion key: sudo cp -a /var/lib/tor/tahoe-pg6mmjiy SAFE-PLACE",
				"See how it stands at any time: tahoe-anon doctor",
				"Take everything back: tahoe-anon undo",
			}
		},
	}
	if !s.Ordinary {
		w.Elevate = s.elevate
	}
	return w
}

func (s Script) elevate(ctx context.Context, _ *wizard.Proposal, in io.Reader, out io.Writer) error {
	s.log("elevate")
	if s.Refused {
		fmt.Fprintln(out, "Sorry, try again.")
		return ErrRefused
	}
	fmt.Fprint(out, "[sudo] password for alice: ")
	line, err := readLine(ctx, in)
	if err != nil || line == "" {
		return ErrRefused
	}
	return nil
}

// readLine reads a line byte by byte: what follows it belongs to the screen.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	type answer struct {
		text string
		err  error
	}
	ch := make(chan answer, 1)
	go func() {
		var line []byte
		one := make([]byte, 1)
		for {
			if _, err := in.Read(one); err != nil {
				ch <- answer{"", err}
				return
			}
			if one[0] == '\n' || one[0] == '\r' {
				ch <- answer{string(line), nil}
				return
			}
			line = append(line, one[0])
		}
	}()
	select {
	case a := <-ch:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (s Script) apply(ctx context.Context, p *wizard.Proposal, report func(wizard.Progress)) (writers.Receipt, error) {
	var r writers.Receipt
	for i, step := range p.Plan.Steps {
		report(wizard.Progress{ID: step.ID, Title: step.Title})
		if i == 1 {
			if err := s.gate(ctx, "apply"); err != nil {
				return r, s.takeBack(fmt.Errorf("stopped: %w", err))
			}
			if s.Fails {
				return r, s.takeBack(ErrStep)
			}
			if s.Broken {
				return r, ErrBroken
			}
		}
		report(wizard.Progress{ID: step.ID, Title: step.Title, Done: true})
		r.Done = append(r.Done, step.ID)
	}
	s.log("applied")
	return r, nil
}

func (s Script) takeBack(cause error) error {
	if err := s.gate(context.Background(), "undo"); err != nil {
		return ErrBroken
	}
	s.log("taken back")
	return cause
}

func (s Script) prove(ctx context.Context, _ *wizard.Proposal, report func(wizard.Progress)) error {
	phases := []wizard.Progress{
		{ID: "descriptor", Title: "tor publishes the address", Note: "usually 2-30 s", Limit: 2 * time.Minute},
		{ID: "circuit", Title: "A fresh circuit to it through Tor", Note: "usually 1-10 s", Limit: time.Minute},
		{ID: "tub", Title: "The node shows its identity", Note: "usually under 2 s", Limit: 30 * time.Second},
	}
	for i, ph := range phases {
		report(ph)
		if i == 1 {
			if err := s.gate(ctx, "prove"); err != nil {
				return err
			}
			if s.Unproved {
				return ErrUnproved
			}
		}
		ph.Done, ph.Note = true, ""
		report(ph)
	}
	s.log("proved")
	return nil
}

func state(err error) wizard.State {
	if errors.Is(err, ErrBroken) {
		return wizard.Incomplete
	}
	return wizard.AsBefore
}

func explain(err error) (message, hint string) {
	switch {
	case errors.Is(err, ErrBlocked):
		return "tor is installed, but does not run.", "Start it: sudo systemctl enable --now tor"
	case errors.Is(err, ErrRefused):
		return "sudo did not accept a password for alice.", "Try again, or ask an administrator of this host."
	case errors.Is(err, ErrStep):
		return "tor rejected the new torrc: line 12, unknown option HiddenServiceDirr.", "Run tahoe-anon doctor to see what is in the way."
	case errors.Is(err, ErrBroken):
		return "The disk is full, and torrc could not be put back.", "Make room on the disk, then type: tahoe-anon undo"
	case errors.Is(err, ErrUnproved):
		return "No circuit to the onion address came up within 2 minutes.", "Tor's network may be slow today. Try again later: tahoe-anon doctor"
	}
	return strings.TrimSuffix(err.Error(), "."), ""
}
