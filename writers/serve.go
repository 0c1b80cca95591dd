package writers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// Caller is the account on whose word root works, as sudo or doas names it (SUDO_UID), never as it says itself.
type Caller struct{ UID int }

// ServeRoot is root's side: it says hello, takes one whole plan, checks each of its own steps against the policy
// before anything is done, and then does and undoes them as it is told, until in ends. The step in hand is always
// finished: a closed terminal, Ctrl-C and a coordinator that is gone do not stop it. The journal is then as
// consistent as ever, and says what is unfinished. When ctx ends it stops between two steps.
func ServeRoot(ctx context.Context, in io.Reader, out io.Writer, a *Applier, policy Policy, caller Caller) error {
	return serve(ctx, in, out, a, policy.Check, caller)
}

// allows is a policy at work.
type allows func(Plan, Secrets, Caller) error

func serve(ctx context.Context, in io.Reader, out io.Writer, a *Applier, allowed allows, caller Caller) error {
	defer shield()()
	s := a.side(caller.UID, func(by Actor) bool { return by != User })
	defer s.close()
	if err := send(out, hello{Hello: greeting, Schema: Schema}); err != nil {
		return err
	}
	server := &server{side: s, allowed: allowed, caller: caller}
	requests, ended := receive(ctx, in)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b, ok := <-requests:
			if !ok {
				return <-ended
			}
			answer, fatal := server.handle(ctx, b)
			if err := send(out, answer); err != nil {
				return nil // the coordinator is gone, which is as good as its end of file
			}
			if fatal != nil {
				return fatal
			}
		}
	}
}

// shield keeps the process alive through what a terminal sends when it closes. The signals are caught rather than
// ignored: commands that we run would inherit that.
func shield() (stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGPIPE)
	return func() { signal.Stop(c) }
}

// receive reads lines until in ends or ctx does; ended then says why.
func receive(ctx context.Context, in io.Reader) (<-chan []byte, <-chan error) {
	requests, ended := make(chan []byte), make(chan error, 1)
	go func() {
		defer close(requests)
		s := lines(in)
		for s.Scan() {
			select {
			case requests <- append([]byte{}, s.Bytes()...):
			case <-ctx.Done():
				return
			}
		}
		if err := s.Err(); err != nil {
			ended <- fmt.Errorf("cannot read what to do: %w", err)
			return
		}
		ended <- nil
	}()
	return requests, ended
}

type server struct {
	side    *side
	allowed allows
	caller  Caller
	plan    bool // there is a plan
}

// handle answers one request. A request that the program does not make is the last one.
func (s *server) handle(ctx context.Context, b []byte) (reply, error) {
	var q request
	err := decode(b, &q)
	if err == nil && q.UID != s.caller.UID {
		err = errors.New("it comes from another account than the one that became root")
	}
	if err == nil && (q.Op == "begin" || q.Op == "take") == s.plan {
		err = errors.New("it is out of turn")
	}
	if err != nil {
		err = &RefusedError{Why: err.Error()}
		return reply{Fault: toFault(err)}, err
	}
	a, err := s.act(context.WithoutCancel(ctx), q)
	a.Fault = toFault(err)
	return a, nil
}

func (s *server) act(ctx context.Context, q request) (a reply, err error) {
	switch q.Op {
	case "begin":
		err = s.begin(ctx, q)
	case "take":
		err = s.take(ctx, q.ID, &a)
	case "do":
		err = s.side.do(ctx, q.Step)
	case "check":
		err = s.side.check(ctx)
	case "undo":
		a.Notes, err = s.side.undo(ctx, q.Step, q.Abort)
	case "mark":
		if !slices.Contains([]Phase{Applying, Applied, Reverting, Reverted, RolledBack}, q.Phase) {
			return a, &RefusedError{Why: "there is no such phase"}
		}
		err = s.side.mark(ctx, q.Phase)
	default:
		err = &RefusedError{Why: "there is no such request"}
	}
	return a, err
}

func (s *server) begin(ctx context.Context, q request) error {
	if q.Plan == nil {
		return &RefusedError{Why: "there is no plan in it"}
	}
	p := *q.Plan
	if err := p.valid(); err != nil {
		return err
	}
	if err := s.allowed(p, q.Secrets, s.caller); err != nil {
		return err
	}
	if err := s.side.journal.take(); err != nil {
		return err
	}
	mine, _ := split(&p, q.Secrets, s.side.owns)
	err := s.side.begin(ctx, p, mine)
	s.plan = err == nil
	if err != nil {
		s.side.journal.free()
	}
	return err
}

// take goes on with a plan that the policy allowed when it began; root's journal has it as it was then.
func (s *server) take(ctx context.Context, id string, a *reply) error {
	if err := s.side.journal.take(); err != nil {
		return err
	}
	c, err := s.side.take(ctx, id)
	if err != nil {
		s.side.close()
		return err
	}
	s.plan, a.Change = true, &c
	return nil
}
