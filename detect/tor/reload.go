package tor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cretz/bine/control"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
)

// A reload answers nothing by itself: SIGNAL RELOAD says 250 and systemctl exits 0 before tor has read a line.
// tor ends on a configuration that it cannot use (torrc-invalid-kills-on-reload), and replaces a key that it
// cannot read without a word. So the reload is watched from before it is asked for until tor has taken it.

// reloadLimit bounds the wait for tor after a reload; it needs some milliseconds.
const reloadLimit = 15 * time.Second

// DiedError says that tor ended instead of taking its new configuration.
type DiedError struct {
	Words []string // its last warnings, oldest first; empty where they could not be heard
}

func (e *DiedError) Error() string {
	if len(e.Words) == 0 {
		return "tor stopped at the reload"
	}
	return "tor stopped at the reload: " + strings.Join(e.Words, "; ")
}

// OtherAddressError says that tor serves another address from a directory than it was given the key of. Its text
// names no address.
type OtherAddressError struct{ Dir, Want, Got string }

func (e *OtherAddressError) Error() string {
	if e.Got == "" {
		return fmt.Sprintf("tor took the configuration, and there is no %s/hostname", e.Dir)
	}
	return fmt.Sprintf("tor serves another address from %s than it was given the key of", e.Dir)
}

var (
	// ErrNoTor is returned before a reload when no tor runs that could take it.
	ErrNoTor = errors.New("no running tor was found")
	// ErrReloadUnseen is a tor that lives and did not say within 15 s that it took its configuration.
	ErrReloadUnseen = errors.New("tor did not confirm the reload within 15 seconds")
)

// WatchReload prepares for a reload that the caller asks for right after it. settled waits, at most 15 s, until tor has
// taken its configuration, and then compares serviceDir/hostname with onion (56 characters), where this process may
// read it: tor replaces a key that it cannot read, without a word. An empty serviceDir skips that. control is the
// address of the control port; where this process may not use it, tor's process itself is watched. settled
// must be called once; the watch ends with ctx too.
func WatchReload(ctx context.Context, e env.Env, control, onion, serviceDir string) (settled func() error, err error) {
	wait, err := watch(ctx, e, control)
	if err != nil {
		return nil, err
	}
	return func() error {
		if err := wait(); err != nil {
			return err
		}
		return hostname(e, onion, serviceDir)
	}, nil
}

func watch(ctx context.Context, e env.Env, control string) (wait func() error, err error) {
	if s := subscribe(ctx, e, control, "SIGNAL WARN ERR"); s != nil {
		return func() error {
			defer s.close()
			return s.awaitReload(ctx)
		}, nil
	}
	d := findDaemon(ctx, e, host.Probe(ctx, e))
	born, alive := startOf(e, d.pid)
	if !alive {
		return nil, ErrNoTor
	}
	return func() error { return watchProcess(ctx, e, d.pid, born) }, nil
}

// subscribe opens a session that hears these events; nil when it cannot.
func subscribe(ctx context.Context, e env.Env, address, events string) *session {
	if address == "" {
		return nil
	}
	s, a := openSession(ctx, e, host.Facts{}, address, time.Now().Add(portLimit))
	if s == nil {
		return nil
	}
	if a.Cause == "" {
		if _, err := s.bine.SendRequest("SETEVENTS %s", events); err == nil {
			// From here on tor may be silent for as long as the caller needs before it asks for the wait.
			s.conn.SetDeadline(time.Time{})
			return s
		}
	}
	s.close()
	return nil
}

const keptWords = 20

// awaitReload reads events until tor says that it took its configuration (650 SIGNAL RELOAD), or is gone.
// Bine's own event loop sends to channels, blocking; reading the replies here does without.
func (s *session) awaitReload(ctx context.Context) error {
	s.conn.SetDeadline(time.Now().Add(reloadLimit))
	died := &DiedError{}
	for {
		event, err := s.bine.ReadResponse()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case timedOut(err):
			return ErrReloadUnseen
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
			return died
		case err != nil:
			return fmt.Errorf("%w: its control port says %.80q", ErrReloadUnseen, err)
		}
		if event.Reply == "SIGNAL RELOAD" {
			return nil
		}
		died.Words = hear(died.Words, event)
	}
}

// hear keeps the last warnings of tor.
func hear(words []string, event *control.Response) []string {
	for _, severity := range []string{"WARN", "ERR"} {
		text, ok := strings.CutPrefix(event.Reply, severity+" ")
		if !ok && len(event.Data) > 0 { // a message of several lines
			text, ok = strings.CutPrefix(event.Data[0], severity+"\r\n")
		}
		if ok {
			words = append(words, fmt.Sprintf("%.300s", text))
		}
	}
	if len(words) > keptWords {
		words = words[1:]
	}
	return words
}

// hostname compares what tor wrote with what it was given the key of.
func hostname(e env.Env, onion, dir string) error {
	if dir == "" {
		return nil
	}
	b, err := e.ReadFile(filepath.Join(dir, "hostname"))
	if seen(err) == env.Unknown {
		return nil // not ours to read; the proof has the last word
	}
	if got := strings.TrimSuffix(strings.TrimSpace(string(b)), ".onion"); got != onion {
		return &OtherAddressError{Dir: dir, Want: onion, Got: got}
	}
	return nil
}

// watchProcess stands in for the control port: tor has to live for aliveFor after the reload. It ends within
// milliseconds of a configuration that it cannot use.
func watchProcess(ctx context.Context, e env.Env, pid int, born string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	lived := time.NewTimer(aliveFor)
	defer lived.Stop()
	for {
		if now, alive := startOf(e, pid); !alive || now != born {
			return &DiedError{}
		}
		select {
		case <-lived.C:
			return nil
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

const aliveFor = time.Second

// startOf is what tells a process from another one with the same number: its start time, field 22 of
// proc_pid_stat(5), whose second field is in brackets and may hold anything.
func startOf(e env.Env, pid int) (string, bool) {
	b, err := e.ReadFile(proc(pid, "stat"))
	if err != nil {
		return "", false
	}
	text := string(b)
	p := strings.Fields(text[strings.LastIndex(text, ")")+1:]) // from field 3
	if len(p) < 20 || p[0] == "Z" {
		return "", false
	}
	return p[19], true
}
