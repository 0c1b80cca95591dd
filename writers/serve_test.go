package writers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// talk is root's side on pipes, as a stranger would use it.
type talk struct {
	t     *testing.T
	in    io.WriteCloser
	out   *bufio.Reader
	ended chan error
}

func newTalk(t *testing.T, w *world, allowed allows) *talk {
	t.Helper()
	in, toRoot := io.Pipe()
	fromRoot, out := io.Pipe()
	k := &talk{t: t, in: toRoot, out: bufio.NewReaderSize(fromRoot, maxLine), ended: make(chan error, 1)}
	go func() {
		err := serve(context.Background(), in, out, w.root(), allowed, Caller{UID: coordinator})
		out.Close()
		in.Close()
		k.ended <- err
	}()
	t.Cleanup(func() { toRoot.Close() })
	var h hello
	must(t, json.Unmarshal(k.line(), &h))
	if h.Hello != greeting || h.Schema != Schema {
		t.Fatalf("it says %+v", h)
	}
	return k
}

func (k *talk) line() []byte {
	k.t.Helper()
	b, err := k.out.ReadBytes('\n')
	must(k.t, err)
	return b
}

// ask sends a request, raw or not, and returns the error of the answer.
func (k *talk) ask(q any) error {
	k.t.Helper()
	b, raw := q.([]byte)
	if !raw {
		var err error
		b, err = json.Marshal(q)
		must(k.t, err)
	}
	go k.in.Write(append(b, '\n'))
	var a reply
	must(k.t, json.Unmarshal(k.line(), &a))
	return a.Fault.err()
}

// end waits for root's side to end.
func (k *talk) end() error {
	k.t.Helper()
	select {
	case err := <-k.ended:
		return err
	case <-time.After(10 * time.Second):
		k.t.Fatal("root's side does not end")
		return nil
	}
}

func TestRootRefusesNonsense(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	begin := func(change func(*request)) any {
		q := request{Op: "begin", Plan: &p, Secrets: secrets, UID: coordinator}
		change(&q)
		return q
	}
	tampered := p
	tampered.Title = "Something else"
	before := w.snapshot()
	for name, row := range map[string]struct {
		message any
		fatal   bool
	}{
		"garbage":          {[]byte("GET / HTTP/1.1"), true},
		"nothing":          {[]byte(""), true},
		"a number":         {[]byte("7"), true},
		"two messages":     {[]byte(`{"op":"check","uid":4242}{"op":"check","uid":4242}`), true},
		"an unknown key":   {[]byte(`{"op":"check","uid":4242,"sudo":true}`), true},
		"not UTF-8":        {[]byte("\xff\xfe\x00"), true},
		"deep":             {[]byte(strings.Repeat("[", 100000)), true},
		"another account":  {begin(func(q *request) { q.UID++ }), true},
		"root":             {begin(func(q *request) { q.UID = 0 }), true},
		"do before begin":  {request{Op: "do", Step: "torrc", UID: coordinator}, true},
		"mark before":      {request{Op: "mark", Phase: Applied, UID: coordinator}, true},
		"no plan":          {request{Op: "begin", UID: coordinator}, false},
		"a changed plan":   {begin(func(q *request) { q.Plan = &tampered }), false},
		"no secrets":       {begin(func(q *request) { q.Secrets = nil }), false},
		"another secret":   {begin(func(q *request) { q.Secrets = Secrets{SecretName([]byte(key)): []byte("other")} }), false},
		"an unknown past":  {request{Op: "take", ID: "nothing", UID: coordinator}, false},
		"a path as a past": {request{Op: "take", ID: "../../etc", UID: coordinator}, false},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, w, allowAll)
			err := k.ask(row.message)
			if err == nil {
				t.Fatal("it was accepted")
			}
			noSecrets(t, "error", err.Error())
			k.in.Close()
			if err := k.end(); (err != nil) != row.fatal {
				t.Errorf("it ended with %v", err)
			}
		})
	}
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		t.Error(diff)
	}
	if h, err := w.root().History(); err != nil || len(h) > 0 {
		t.Errorf("root's journal has %v, %v", h, err)
	}
}

func TestRootEndsOnHugeMessage(t *testing.T) {
	k := newTalk(t, newWorld(t), allowAll)
	go func() {
		chunk := []byte(strings.Repeat("x", 1<<20))
		for {
			if _, err := k.in.Write(chunk); err != nil {
				return
			}
		}
	}()
	if err := k.end(); !errors.Is(err, bufio.ErrTooLong) {
		t.Errorf("got %v", err)
	}
}

// Root's side does its own steps only, and only of the plan that it has.
func TestRootSteps(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	before := w.snapshot()
	k := newTalk(t, w, allowAll)
	must(t, k.ask(request{Op: "begin", Plan: &p, Secrets: secrets, UID: coordinator}))
	for name, q := range map[string]request{
		"an account's step": {Op: "do", Step: "node"},
		"no step":           {Op: "do", Step: "nothing"},
		"undo of another's": {Op: "undo", Step: "furl"},
		"no phase":          {Op: "mark", Phase: "x"},
		"no request":        {Op: "reboot"},
	} {
		q.UID = coordinator
		if err := k.ask(q); !is(func(*RefusedError) bool { return true })(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, k.ask(request{Op: "undo", Step: "torrc", UID: coordinator})) // not done: nothing to take back
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		t.Error(diff)
	}
	if err := k.ask(request{Op: "begin", Plan: &p, Secrets: secrets, UID: coordinator}); err == nil {
		t.Error("a second plan was taken")
	}
	if err := k.end(); err == nil {
		t.Error("it goes on after that")
	}
}

// The policy is asked before anything is registered, let alone done.
func TestRootAsksPolicy(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	before := w.snapshot()
	a := w.applier()
	a.Open = func(ctx context.Context) (*Remote, error) {
		return connect(ctx, w.root(), func(_ Plan, _ Secrets, c Caller) error {
			if c.UID != coordinator {
				t.Errorf("asked for %d", c.UID)
			}
			return &RefusedError{Step: "torrc", Why: "no"}
		})
	}
	if _, err := a.Apply(t.Context(), p, secrets); !is(func(e *RefusedError) bool { return e.Step == "torrc" })(err) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		t.Error(diff)
	}
	for _, a := range []*Applier{w.applier(), w.root()} {
		if h, err := a.History(); err != nil || len(h) > 0 {
			t.Errorf("history %v, %v", h, err)
		}
	}
}

// The coordinator is gone in the middle: root's side ends, and its journal says how far it is.
func TestCoordinatorGone(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	k := newTalk(t, w, allowAll)
	must(t, k.ask(request{Op: "begin", Plan: &p, Secrets: secrets, UID: coordinator}))
	must(t, k.ask(request{Op: "do", Step: "secret-key", UID: coordinator}))
	k.in.Close()
	must(t, k.end())
	open, err := w.root().Unfinished()
	must(t, err)
	if len(open) != 1 || open[0].state("secret-key") != Done || open[0].state("torrc") != Pending {
		t.Errorf("journal %+v", open)
	}
	// The account's journal was lost as well; root's part can still be taken back.
	if _, err := w.applier().Undo(t.Context(), p.ID); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(w.path("data/tahoe")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the key is still there")
	}
}

func TestRootIsGone(t *testing.T) {
	for name, said := range map[string]string{
		"nothing": "", "garbage": "hello\n", "another program": "{\"hello\":\"x\",\"schema\":1}\n", "newer": "{\"hello\":\"tahoe-anon root\",\"schema\":2}\n",
	} {
		_, err := NewRemote(t.Context(), wires{strings.NewReader(said), nopCloser{}})
		lost, newer := is(func(*LostError) bool { return true })(err), is(func(e *SchemaError) bool { return e.Schema == 2 })(err)
		if name == "newer" && !newer || name != "newer" && !lost {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	silent, _ := io.Pipe()
	if _, err := NewRemote(ctx, wires{silent, nopCloser{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

type nopCloser struct{}

func (nopCloser) Write(b []byte) (int, error) { return len(b), nil }
func (nopCloser) Close() error                { return nil }

// Signals of a terminal that closes do not stop the step in hand.
func TestRootIgnoresHangup(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	k := newTalk(t, w, allowAll)
	must(t, k.ask(request{Op: "begin", Plan: &p, Secrets: secrets, UID: coordinator}))
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGPIPE} {
		must(t, syscall.Kill(os.Getpid(), s))
		must(t, k.ask(request{Op: "check", UID: coordinator}))
	}
}

func TestFaultsTravel(t *testing.T) {
	for _, err := range []error{
		&ChangedError{"a", "/b", "c"}, &RejectedError{"a", "/b", []string{"c"}, "d"}, &DaemonError{"a", []string{"b"}, "c"},
		&CommandError{"a", []string{"b"}, 1, "c", "d"}, &ConflictError{"a", "/b", "c"}, &UnreplaceableError{"a", "/b", "c"},
		&UntrustedError{"/a", "b"}, &RefusedError{"a", "b"}, &LockedError{"/a"}, &NeedsRootError{"a"}, &NotFoundError{"a"},
		&UnfinishedError{"a", "b"}, &ForeignError{"a", 1}, &SchemaError{"a", 2},
	} {
		got := toFault(errors.Join(err, nil)).err()
		if diff := cmp.Diff(err, got); diff != "" {
			t.Error(diff)
		}
	}
	full := toFault(&fs.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC}).err()
	if !errors.Is(full, syscall.ENOSPC) || full.Error() != "write /x: no space left on device" {
		t.Errorf("got %v", full)
	}
	if toFault(nil).err() != nil {
		t.Error("nothing became something")
	}
	if err := (&fault{Kind: "from the future"}).err(); err == nil || reflect.TypeOf(err) != reflect.TypeFor[*plain]() {
		t.Errorf("got %v", err)
	}
}

// FuzzRoot: whatever a stranger writes to root's side, it does not crash, and does nothing.
func FuzzRoot(f *testing.F) {
	f.Add([]byte(`{"op":"take","id":"x","uid":4242}` + "\n"))
	f.Add([]byte(`{"op":"begin","uid":4242,"plan":{"schema":1,"id":"x","sum":"y","steps":[{"id":"a","as":"root","run":{"argv":["touch","/x"]}}]}}` + "\n"))
	f.Add([]byte("\n\n{}\n"))
	refuse := func(Plan, Secrets, Caller) error { return &RefusedError{Why: "no"} }
	f.Fuzz(func(t *testing.T, b []byte) {
		w := &world{dir: t.TempDir()}
		_ = serve(t.Context(), strings.NewReader(string(b)), io.Discard, w.root(), refuse, Caller{UID: coordinator})
		if h, err := w.root().History(); err != nil || len(h) > 0 {
			t.Fatalf("%q: %v, %v", b, h, err)
		}
	})
}
