package main

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"tahoe-anon/detect"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/tor"
	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

// startLimit bounds the wait for a node that was just started; Python alone takes seconds on a small server.
const startLimit = 60 * time.Second

// bootstrapLimit bounds the wait for a tor that says it is not connected yet.
const bootstrapLimit = 30 * time.Second

// publishLimit bounds the wait for a new onion service to be found in the Tor network.
const publishLimit = 3 * time.Minute

// session is one run of setup: what was seen, and the root side once it is open. The screen, the plain prompter
// and setup's flags all drive the same one.
type session struct {
	app   *app
	facts *detect.Facts
	fresh wizard.Fresh
	apply *writers.Applier
	dir   string         // named on the command line
	given wizard.Answers // on the command line
	tubID string         // once the node has started
	prove bool
}

func (a *app) newSession(dir string) (*session, error) {
	key, err := tor.NewKey(crand.Reader)
	if err != nil {
		return nil, err
	}
	var seed [16]byte
	crand.Read(seed[:])
	return &session{
		app: a, dir: dir, prove: true, apply: a.applier(),
		fresh: wizard.Fresh{
			Key: key, Now: a.env.Now().UTC().Truncate(time.Second),
			Rand: rand.New(rand.NewPCG(binary.LittleEndian.Uint64(seed[:8]), binary.LittleEndian.Uint64(seed[8:]))),
			ID:   a.env.Now().UTC().Format("20060102-150405-") + hex.EncodeToString(seed[:2]),
		},
	}, nil
}

func (s *session) probe(ctx context.Context) *detect.Facts {
	s.facts = s.app.look(ctx, s.dir)
	return s.facts
}

// lookAt probes a node directory that was named after the probe, before anything is asked about it.
func (s *session) lookAt(f *detect.Facts, dir string) {
	if filepath.IsAbs(dir) && f.Node(dir) == nil {
		*f = *s.app.look(context.Background(), filepath.Clean(dir))
	}
}

// questions is the path without what the command line has answered.
func (s *session) questions(f *detect.Facts, answers wizard.Answers) []wizard.Question {
	s.lookAt(f, answers[wizard.NodeDir])
	return slices.DeleteFunc(wizard.Questions(f, answers), func(q wizard.Question) bool {
		_, given := s.given[q.ID]
		return given
	})
}

// prepare makes the plan.
func (s *session) prepare(f *detect.Facts, answers wizard.Answers) (*wizard.Proposal, error) {
	s.lookAt(f, wizard.Defaults(f, answers)[wizard.NodeDir])
	goal, err := wizard.Decide(f, answers, s.fresh)
	if err != nil {
		return nil, err
	}
	return wizard.Build(f, goal, s.fresh)
}

// applyPlan changes the host. The node's own process is started by the plan's last step.
func (s *session) applyPlan(ctx context.Context, p *wizard.Proposal, report func(wizard.Progress)) (writers.Receipt, error) {
	if len(p.Plan.Steps) == 0 {
		return writers.Receipt{}, nil
	}
	titles := map[string]string{}
	for _, step := range p.Plan.Steps {
		titles[step.ID] = step.Title
	}
	s.apply.Report = func(e writers.Event) {
		report(wizard.Progress{ID: e.Step, Title: titles[e.Step], Done: e.State == writers.Done, Note: e.Detail})
	}
	receipt, err := s.apply.Apply(ctx, p.Plan, p.Secrets)
	if err != nil {
		return receipt, err
	}
	if p.Goal.Start == detect.StartNone {
		start := s.facts.Tahoe.Path + " run " + p.Goal.Dir
		if unit := detect.UnitOf(s.facts, s.facts.Node(p.Goal.Dir)); unit != "" {
			start = "sudo systemctl enable --now " + unit
		}
		receipt.Pending = append(receipt.Pending, "start the node: "+start)
	}
	return receipt, nil
}

// proveNode waits for the node and asks for it at its onion address. A node that nobody starts is not waited for.
func (s *session) proveNode(ctx context.Context, p *wizard.Proposal, report func(wizard.Progress)) error {
	node := s.facts.Node(p.Goal.Dir)
	if !s.prove || p.Goal.Start == detect.StartNone && (node == nil || node.Running != env.Yes) {
		return wizard.ErrNotProved
	}
	phases := []struct {
		wizard.Progress
		done string
		run  func(ctx context.Context, note func(string)) error
	}{
		{
			wizard.Progress{ID: "tor", Title: "tor connects to its network", Limit: bootstrapLimit},
			"tor is connected",
			func(ctx context.Context, note func(string)) error { return s.app.awaitBootstrap(ctx, s.facts, note) },
		},
		{
			wizard.Progress{ID: "start", Title: "The node starts", Note: "usually 2-10 s", Limit: startLimit},
			"The node has started",
			func(ctx context.Context, _ func(string)) (err error) {
				s.tubID, err = s.app.awaitNode(ctx, p.Goal.Dir)
				return err
			},
		},
		{
			wizard.Progress{ID: "prove", Title: "Asking for it at its onion address, through tor", Note: "usually 5-60 s", Limit: publishLimit},
			"It answered with its own identity",
			func(ctx context.Context, note func(string)) error {
				return s.app.prove(ctx, s.facts, p.Goal, s.tubID, note)
			},
		},
	}
	if s.facts.Tor.Control.Bootstrap.Progress < 0 { // nobody may ask tor: nothing is claimed
		phases = phases[1:]
	}
	for _, ph := range phases {
		ctx, stop := context.WithTimeout(ctx, ph.Limit)
		report(ph.Progress)
		err := ph.run(ctx, func(note string) {
			ph.Note = note
			report(ph.Progress)
		})
		stop()
		if err != nil {
			return err
		}
		report(wizard.Progress{ID: ph.ID, Title: ph.done, Done: true})
	}
	return nil
}

// next is what to do after success.
func (s *session) next(p *wizard.Proposal, r writers.Receipt) []string {
	var lines []string
	for _, todo := range r.Pending {
		lines = append(lines, "Still to do: "+todo)
	}
	if len(p.Goal.Introducers) == 0 && len(s.facts.Node(p.Goal.Dir).Introducers) == 0 {
		lines = append(lines, "It is in no grid yet: put the introducer's FURL into "+p.Goal.Dir+"/private/introducers.yaml")
	}
	if slices.Contains(r.Done, "torrc") {
		lines = append(lines, "Keep a copy of the onion key, which is the address: sudo cp -a "+p.Goal.ServiceDir+" SAFE-PLACE")
	}
	lines = append(lines, "See how it is doing: tahoe-anon doctor "+p.Goal.Dir)
	if len(r.Done) > 0 {
		lines = append(lines, "Take everything back: tahoe-anon undo "+r.Plan)
	}
	return lines
}

// forScreen is this session as a front end drives it.
func (s *session) forScreen(given wizard.Answers) wizard.Session {
	s.given = given
	return wizard.Session{
		Given: given, Probe: s.probe, Found: wizard.Found, Questions: s.questions, Prepare: s.prepare,
		Elevate: s.elevate, Apply: s.applyPlan, Prove: s.proveNode, State: stateAfter, Next: s.next,
		Explain: func(err error) (string, string) { e := explain(err); return e.Message, e.Hint },
	}
}

// elevate opens the root side before anything changes, if any step needs it.
func (s *session) elevate(ctx context.Context, p *wizard.Proposal, in io.Reader, out io.Writer) error {
	if _, euid := s.app.env.UID(); euid == 0 || !p.Plan.Needs(writers.Root) {
		return nil
	}
	remote, err := s.app.openRoot(ctx, in, out)
	if err != nil && s.facts.Host.MayElevate != env.Yes {
		return s.app.needsAdministrator(p, err)
	}
	if err != nil {
		return err
	}
	s.apply.Open = func(context.Context) (*writers.Remote, error) { return remote, nil }
	return nil
}

// stateAfter says what an error of Apply left behind.
func stateAfter(err error) wizard.State {
	var incomplete *writers.IncompleteError
	var lost *writers.LostError
	if errors.As(err, &incomplete) || errors.As(err, &lost) {
		return wizard.Incomplete
	}
	return wizard.AsBefore
}
