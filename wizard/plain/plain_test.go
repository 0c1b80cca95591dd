package plain_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tahoe-anon/lab/canned"
	"tahoe-anon/wizard"
	"tahoe-anon/wizard/plain"
)

var update = flag.Bool("update", false, "write golden transcripts anew")

// lines is an input of those lines; the password comes by another way.
func lines(s ...string) string { return strings.Join(s, "\n") + "\n" }

// defaults keeps every default.
var defaults = []string{"", "", "", ""}

type result struct {
	wizard.Outcome
	text string
	log  []string
	err  error
}

func run(t *testing.T, ctx context.Context, s canned.Script, input string) result {
	t.Helper()
	var r result
	s.Log = func(e string) { r.log = append(r.log, e) }
	session := canned.Session(s)
	if session.Elevate != nil && !s.Refused {
		session.Elevate = func(context.Context, *wizard.Proposal, io.Reader, io.Writer) error {
			r.log = append(r.log, "elevate")
			return nil
		}
	}
	var out bytes.Buffer
	r.Outcome, r.err = plain.Run(ctx, session, strings.NewReader(input), &out)
	r.text = out.String()
	for _, c := range []byte(r.text) {
		if c > 126 || c < ' ' && c != '\n' {
			t.Fatalf("the byte %#x is not plain ASCII", c)
		}
	}
	return r
}

func (r result) did(event string) bool {
	for _, e := range r.log {
		if e == event {
			return true
		}
	}
	return false
}

// Each transcript is the whole dialogue as somebody hears it from a screen reader.
func TestTranscripts(t *testing.T) {
	for _, c := range []struct {
		name   string
		script canned.Script
		input  string
	}{
		{"defaults", canned.Script{}, lines(append(defaults, "yes")...)},
		{"answers", canned.Script{Ordinary: true}, lines("?", "4", "2", "srv", "/srv/node", "back", "-", "", "furl", "pb://furl", "?", "plain", "no", "y", "back", "", "yes")},
		{"nothing", canned.Script{Nothing: true}, lines(defaults...)},
		{"refused", canned.Script{Refused: true}, lines(append(defaults, "yes")...)},
		{"blocked", canned.Script{Blocked: true}, lines(append(defaults, "")...)},
		{"failed", canned.Script{Fails: true}, lines(append(defaults, "yes")...)},
		{"broken", canned.Script{Broken: true}, lines(append(defaults, "yes")...)},
		{"unproved", canned.Script{Unproved: true}, lines(append(defaults, "yes")...)},
		{"odd", canned.Script{Long: true}, lines(append(defaults, "yes")...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := run(t, t.Context(), c.script, c.input).text
			file := filepath.Join("testdata", c.name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v; go test -update writes it", err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("the dialogue is another one (-want +got):\n%s", diff)
			}
		})
	}
}

// Wherever the input ends, even in the middle of the last line, nothing is begun and no default is taken.
func TestInputEnds(t *testing.T) {
	whole := lines(append(defaults, "yes")...)
	for n := range whole {
		r := run(t, t.Context(), canned.Script{}, whole[:n])
		if !errors.Is(r.err, plain.ErrEnded) || !r.Cancelled || r.Finished || r.State != wizard.AsBefore {
			t.Errorf("%q: %+v, %v", whole[:n], r.Outcome, r.err)
		}
		if r.did("elevate") || r.did("apply") {
			t.Errorf("%q: something was begun", whole[:n])
		}
	}
	if r := run(t, t.Context(), canned.Script{}, whole); r.err != nil || !r.Proved || !r.Finished {
		t.Errorf("%+v, %v", r.Outcome, r.err)
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name  string
		input []string
		want  wizard.Answers
	}{
		{"defaults", defaults, wizard.Answers{"privacy": "hidden", "nodedir": "/home/alice/.tahoe", "introducer": "", "nickname": "storage"}},
		{"other", []string{"2", "/srv/x", "pb://a pb://b", "me"}, wizard.Answers{"privacy": "mixed", "nodedir": "/srv/x", "introducer": "pb://a pb://b", "nickname": "me"}},
		{"by name", []string{"public", "", "", ""}, wizard.Answers{"privacy": "public", "nodedir": "/home/alice/.tahoe", "introducer": "", "nickname": "storage"}},
		{"no nickname on this path", []string{"", "/srv/old", ""}, wizard.Answers{"privacy": "hidden", "nodedir": "/srv/old", "introducer": ""}},
		{"back keeps", []string{"3", "/srv/x", "back", "", "pb://a", "back", "", "me"}, wizard.Answers{"privacy": "public", "nodedir": "/srv/x", "introducer": "pb://a", "nickname": "me"}},
		{"emptied", []string{"", "", "pb://a", "back", "-", ""}, wizard.Answers{"privacy": "hidden", "nodedir": "/home/alice/.tahoe", "introducer": "", "nickname": "storage"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, t.Context(), canned.Script{}, lines(append(c.input, "yes")...))
			if diff := cmp.Diff(c.want, r.Outcome.Answers); diff != "" || !r.Proved {
				t.Errorf("proved %v, answers (-want +got):\n%s", r.Proved, diff)
			}
		})
	}
}

// Only the word yes applies.
func TestOnlyYes(t *testing.T) {
	for _, word := range []string{"", "y", "Y", "YES", "yes please", "yes yes", "1", "ok"} {
		if r := run(t, t.Context(), canned.Script{}, lines(append(defaults, word)...)); r.did("elevate") || r.did("apply") {
			t.Errorf("%q applied the plan", word)
		}
	}
}

// An end of the context before the changes leaves all as it was; one in the midst takes it back.
func TestInterrupted(t *testing.T) {
	asleep, wake := io.Pipe()
	defer wake.Close()
	ctx, stop := context.WithCancel(t.Context())
	s := canned.Session(canned.Script{Gate: func(context.Context, string) error { stop(); return nil }})
	o, err := plain.Run(ctx, s, asleep, io.Discard)
	if !errors.Is(err, context.Canceled) || !o.Cancelled {
		t.Errorf("%+v, %v", o, err)
	}

	ctx, stop = context.WithCancel(t.Context())
	r := run(t, ctx, canned.Script{Ordinary: false, Gate: func(ctx context.Context, at string) error {
		if at != "apply" {
			return nil
		}
		stop()
		return ctx.Err()
	}}, lines(append(defaults, "yes")...))
	if r.err != nil || r.Cancelled || r.Applied || r.State != wizard.AsBefore || !r.did("taken back") {
		t.Errorf("%+v, %v", r.Outcome, r.err)
	}
}

// What cannot be read cannot be agreed to.
func TestBrokenOutput(t *testing.T) {
	whole := lines(append(defaults, "yes")...)
	applied := false
	s := canned.Session(canned.Script{Ordinary: true, Log: func(e string) { applied = applied || e == "apply" }})
	o, err := plain.Run(t.Context(), s, strings.NewReader(whole), &full{room: 2000})
	if !errors.Is(err, errFull) || !o.Cancelled || applied {
		t.Errorf("%+v, %v, applied %v", o, err, applied)
	}
}

var errFull = errors.New("full")

// full takes so many bytes.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestLongLine(t *testing.T) {
	if r := run(t, t.Context(), canned.Script{}, strings.Repeat("x", 1<<20)); r.err == nil || !r.Cancelled {
		t.Errorf("%+v, %v", r.Outcome, r.err)
	}
}
