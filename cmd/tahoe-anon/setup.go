package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"tahoe-anon/detect/env"
	"tahoe-anon/wizard"
	"tahoe-anon/wizard/plain"
	"tahoe-anon/wizard/ui"
	"tahoe-anon/writers"
)

type setupFlags struct {
	yes, dry, plain, noStart bool
	answers                  wizard.Answers
	dir                      string
}

// wizard is setup with everything open, on a terminal.
func (a *app) wizard(ctx context.Context, args []string) error {
	fs := flags("", "[--plain]", "The wizard. Without a terminal, use tahoe-anon setup.")
	line := fs.Bool("plain", false, "ask line by line, for screen readers and simple terminals")
	if err := a.parse(fs, args); err != nil {
		return err
	}
	if !*line && !a.onTerminal() {
		return errNoTerminal
	}
	return a.dialogue(ctx, setupFlags{plain: *line, answers: wizard.Answers{}})
}

func (a *app) setup(ctx context.Context, args []string) error {
	o, err := a.setupFlags(args)
	if err != nil {
		return err
	}
	if o.yes || o.dry || a.json {
		return a.batch(ctx, o)
	}
	if !o.plain && !a.onTerminal() {
		return errNoTerminal
	}
	return a.dialogue(ctx, o)
}

func (a *app) setupFlags(args []string) (setupFlags, error) {
	o := setupFlags{answers: wizard.Answers{}}
	fs := flags("setup", "[flags] [NODEDIR]", "Hides a storage server behind an onion service: asks what the flags leave open, shows\nwhat it will write, writes it, and proves that the node answers.")
	fs.BoolVar(&o.yes, "yes", false, "take defaults for what is open, and apply without asking")
	fs.BoolVar(&o.dry, "dry-run", false, "show the plan with its diffs, and change nothing")
	fs.BoolVar(&o.plain, "plain", false, "ask line by line, for screen readers and simple terminals")
	fs.BoolVar(&o.noStart, "no-start-checks", false, "do not wait for the node to start and answer at its onion address")
	fs.BoolVar(&a.json, "json", false, "print JSON; with a question still open, the question")
	values := map[string]*string{}
	for _, f := range []struct{ id, help string }{
		{wizard.RoleID, "server: storage, also a client (default server)"},
		{wizard.PrivacyID, "hidden: nobody learns the IP address (default hidden)"},
		{wizard.NetworkID, "tor (default tor)"},
		{wizard.OnionID, "torrc: tor keeps the onion service (default torrc)"},
		{wizard.PortID, "local `port` of the node (default free and random)"},
		{wizard.VirtualID, "advertised `port` (default random)"},
		{wizard.NicknameID, "`name` that everybody in the grid reads"},
		{wizard.WebPortID, "`port` of the node's web page on 127.0.0.1, or none"},
		{wizard.StartID, "service: a systemd unit starts the node; none: you do"},
	} {
		values[f.id] = fs.String(f.id, "", f.help)
	}
	furls := repeated{}
	fs.Var(&furls, wizard.IntroID, "introducer `FURL` of your grid; may be given several times")
	if err := a.parse(fs, args); err != nil {
		return o, err
	}
	fs.Visit(func(f *flag.Flag) {
		if v := values[f.Name]; v != nil {
			o.answers[f.Name] = *v
		}
	})
	if len(furls) > 0 {
		o.answers[wizard.IntroID] = strings.Join(furls, " ")
	}
	dir, err := nodeArg(fs)
	if dir != "" {
		o.answers[wizard.NodeDir] = dir
	}
	o.dir = dir
	return o, err
}

type repeated []string

func (r *repeated) String() string     { return strings.Join(*r, " ") }
func (r *repeated) Set(s string) error { *r = append(*r, s); return nil }

// dialogue asks on the screen, or line by line.
func (a *app) dialogue(ctx context.Context, o setupFlags) error {
	if err := a.offerUnfinished(ctx); err != nil {
		return err
	}
	if err := wizard.Check(o.answers); err != nil {
		return err
	}
	s, err := a.newSession(o.dir)
	if err != nil {
		return err
	}
	s.prove = !o.noStart
	run := s.forScreen(o.answers)
	if o.plain || a.dumb() {
		ctx, stop := withSignals(ctx)
		defer stop()
		outcome, err := plain.Run(ctx, run, a.in, a.out)
		return a.ended(s, outcome, err)
	}
	outcome, err := ui.Run(ctx, run, a.in, os.Stdout, os.Environ()) // it minds signals itself
	return a.ended(s, outcome, err)
}

// ended turns the outcome of a dialogue, which the dialogue has told already, into the program's.
func (a *app) ended(s *session, o wizard.Outcome, err error) error {
	switch {
	case o.Signal == syscall.SIGHUP:
		return statusError(exitHangUp)
	case o.Signal != nil:
		return statusError(exitTerminated)
	case o.Cancelled:
		return a.nothingChanged(s, o, err)
	case err != nil:
		return err
	case o.Proved:
		return nil
	case o.State == wizard.Incomplete:
		return statusError(exitIncomplete)
	case o.Applied, o.Err == nil:
		return statusError(exitPending) // not proved
	}
	return statusError(exitCode(o.Err))
}

// nothingChanged is the end of a dialogue before anything was done. One that ended for want of the right to become
// root leaves the plan to an administrator.
func (a *app) nothingChanged(s *session, o wizard.Outcome, err error) error {
	if o.Err != nil && exitCode(o.Err) == exitNeeds && s.facts.Host.MayElevate != env.Yes {
		return a.needsAdministrator(o.Proposal, o.Err)
	}
	fmt.Fprintln(a.err, "Nothing was changed.")
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return statusError(exitCancelled)
}

// batch is setup without a dialogue: --yes, --dry-run and --json.
func (a *app) batch(ctx context.Context, o setupFlags) error {
	if !o.dry {
		if err := a.stopAtUnfinished(); err != nil {
			return err
		}
	}
	s, err := a.newSession(o.dir)
	if err != nil {
		return err
	}
	s.prove = !o.noStart
	f := s.probe(ctx)
	if err := wizard.Check(o.answers); err != nil {
		return err
	}
	if q := wizard.Next(f, o.answers); q != nil && a.json && !o.yes {
		a.printJSON(struct {
			Schema   int              `json:"schema"`
			Question *wizard.Question `json:"question"`
		}{1, q})
		return nil
	}
	p, err := s.prepare(f, o.answers)
	if err != nil {
		return err
	}
	if o.dry || !o.yes {
		a.showPlan(p, s, nil)
		return nil
	}
	ctx, stop := withSignals(ctx)
	defer stop()
	return a.carryOut(ctx, s, p)
}

func (a *app) carryOut(ctx context.Context, s *session, p *wizard.Proposal) error {
	report := printProgress(a.out)
	if a.json {
		report = func(wizard.Progress) {}
	}
	receipt, err := s.applyPlan(ctx, p, report)
	if err != nil {
		return a.needsAdministrator(p, err)
	}
	unproved := s.proveNode(ctx, p, report)
	switch {
	case errors.Is(unproved, wizard.ErrNotProved):
		receipt.Pending = append(receipt.Pending, "see that it answers: tahoe-anon doctor --prove "+p.Goal.Dir)
	case unproved != nil:
		e := explain(unproved)
		receipt.Pending = append(receipt.Pending, "the node was not seen at its onion address: "+e.Message, e.Hint)
	}
	if a.json {
		a.showPlan(p, s, &receipt)
	} else {
		fmt.Fprintf(a.out, "The node's address: %s.onion:%d\n", p.Goal.Onion, p.Goal.VirtualPort)
		for _, l := range s.next(p, receipt) {
			fmt.Fprintln(a.out, l)
		}
	}
	if len(receipt.Pending) > 0 {
		return statusError(exitPending)
	}
	return nil
}

// needsAdministrator saves a plan that we may not carry out, and names the command that does.
func (a *app) needsAdministrator(p *wizard.Proposal, cause error) error {
	if p == nil || exitCode(cause) != exitNeeds {
		return cause
	}
	if saved := (*adminError)(nil); errors.As(cause, &saved) {
		return cause
	}
	plans := filepath.Join(filepath.Dir(a.journal()), "plans")
	if err := os.RemoveAll(plans); err != nil { // the one before holds the key of an address that nobody will have
		return err
	}
	file, err := writers.SavePlan(plans, p.Plan, p.Secrets)
	if err != nil {
		return err
	}
	return &adminError{command: "sudo " + selfPath() + " apply " + file, cause: cause}
}
