package writers

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tests here kill the program at each point that it reaches, and then look whether the next run brings the host
// to the old state or the new. What is to be killed runs in a process of its own, which is this test binary again:
// the coordinator with root's side in it, or root's side alone at the other end of two pipes, or each in its own.

const (
	jobVar  = "WRITERS_TEST_JOB"  // "apply", "undo", "finish", "root"
	dirVar  = "WRITERS_TEST_DIR"  // the world
	killVar = "WRITERS_TEST_KILL" // the n-th point that this process reaches is its last
)

// who is killed.
const (
	both        = "both sides"
	rootAlone   = "root's side"
	coordinates = "the coordinator" // root's side lives on, to its end of file
)

func TestMain(m *testing.M) {
	if job := os.Getenv(jobVar); job != "" {
		os.Exit(helper(job))
	}
	os.Exit(m.Run())
}

// helper is one process of the program. It never sees a *testing.T: what fails there fails here.
func helper(job string) int {
	w := &world{dir: os.Getenv(dirVar)}
	dieAt(os.Getenv(killVar))
	var err error
	switch job {
	case "root":
		err = serve(context.Background(), os.Stdin, os.Stdout, w.root(), allowAll, Caller{UID: coordinator})
	case both, coordinates:
		a := w.applier()
		if job == coordinates {
			a.Open = func(ctx context.Context) (*Remote, error) { return w.openProcess(ctx, "") }
		}
		err = w.work(a, os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// work does a job in this process.
func (w *world) work(a *Applier, job string) (err error) {
	ctx := context.Background()
	switch job {
	case "apply":
		p, secrets := w.plan()
		_, err = a.Apply(ctx, p, secrets)
	case "undo":
		_, err = a.Undo(ctx, "change-1")
	case "finish":
		_, err = a.Finish(ctx, "change-1")
	}
	return err
}

func dieAt(point string) {
	n, err := strconv.Atoi(point)
	if err != nil {
		return
	}
	testOnlyAt = func(string) {
		if n--; n == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
}

// openProcess starts root's side as sudo would, to be killed at a point ("": not at all).
func (w *world) openProcess(ctx context.Context, point string) (*Remote, error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), jobVar+"=root", dirVar+"="+w.dir, killVar+"="+point)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return NewRemote(ctx, process{wires{out, in}, cmd})
}

type process struct {
	wires
	cmd *exec.Cmd
}

// Close waits for the process, so that the journal is free when the coordinator ends.
func (p process) Close() error {
	err := p.wires.Close()
	_, _ = io.Copy(io.Discard, p.wires)
	_ = p.cmd.Wait()
	return err
}

// maxPoints is more than any run has: a loop over points that goes on is a test that went wrong.
const maxPoints = 400

// killed runs a job on the world, with a side to be killed at a point, and waits until all its processes have ended.
// It says whether the point was reached.
func (w *world) killed(job, who string, point int) bool {
	w.t.Helper()
	if point > maxPoints {
		w.t.Fatalf("%s never ends well", job)
	}
	if who == rootAlone {
		a := w.applier()
		a.Open = func(ctx context.Context) (*Remote, error) { return w.openProcess(ctx, strconv.Itoa(point)) }
		err := w.work(a, job)
		if err != nil && !is(func(*LostError) bool { return true })(err) {
			w.t.Fatal(err)
		}
		return err != nil
	}
	cmd := exec.Command(os.Args[0], job)
	cmd.Env = append(os.Environ(), jobVar+"="+who, dirVar+"="+w.dir, killVar+"="+strconv.Itoa(point))
	var out bytes.Buffer
	cmd.Stderr = &out // root's side has it too: Run waits for both
	err := cmd.Run()
	if err != nil && cmd.ProcessState.ExitCode() != -1 {
		w.t.Fatalf("%v: %s", err, out.String())
	}
	return err != nil
}

// TestKill kills applying at each point that it reaches. Undo must bring the old state, Finish the new.
func TestKill(t *testing.T) {
	after := applied(t)
	for who, atLeast := range map[string]int{both: 80, rootAlone: 40, coordinates: 40} {
		for _, recover := range []string{"undo", "finish"} {
			t.Run(who+"/"+recover, func(t *testing.T) {
				t.Parallel()
				point, every := 1, 1
				if who == coordinates {
					every = 6 // a process more for each, and little that the others do not show
				}
				for ; killOnce(t, who, point, recover, after); point += every {
				}
				if point < atLeast {
					t.Errorf("only %d points were reached", point)
				}
			})
		}
	}
}

// killOnce says whether the point was reached at all.
func killOnce(t *testing.T, who string, point int, recover string, after map[string]string) bool {
	t.Helper()
	w := newWorld(t)
	before := w.snapshot()
	if !w.killed("apply", who, point) {
		return false
	}
	w.recovers(recover, before, after, fmt.Sprintf("%s killed at %d", who, point))
	if t.Failed() {
		t.FailNow()
	}
	must(t, os.RemoveAll(w.dir))
	return true
}

// recovers takes the next start: the journal says what is open, and that is finished or undone.
func (w *world) recovers(job string, before, after map[string]string, when string) {
	w.t.Helper()
	a := w.applier()
	open, err := a.Unfinished()
	must(w.t, err)
	w.journalIsPrivate()
	w.noOrphans(when)
	want := after
	if job == "undo" {
		want = before
	}
	if len(open) == 0 {
		// Killed before anything began, or after all was done; the host must be just that.
		h, err := a.History()
		must(w.t, err)
		want = before
		if len(h) == 1 && h[0].Phase == Applied {
			want = after
		}
	} else if err := w.work(a, job); err != nil {
		w.t.Errorf("%s: %s says %v", when, job, err)
		return
	}
	if diff := cmp.Diff(want, w.snapshot()); diff != "" {
		w.t.Errorf("%s, then %s: %s", when, job, diff)
	}
	if open, err := a.Unfinished(); err != nil || len(open) > 0 {
		w.t.Errorf("%s, then %s: still unfinished: %v, %v", when, job, open, err)
	}
	w.keptOnce(when)
}

// noOrphans: a key on the host is never wider than 0600, whole or half, in place or not.
func (w *world) noOrphans(when string) {
	w.t.Helper()
	must(w.t, filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		must(w.t, err)
		info, err := d.Info()
		must(w.t, err)
		if bytes.Contains(b, []byte(key[:len(key)/2])) && info.Mode().Perm() != 0o600 {
			w.t.Errorf("%s: %s has a key and mode %v", when, path, info.Mode())
		}
		return nil
	}))
}

// keptOnce: what was recovered can be undone once more without harm.
func (w *world) keptOnce(when string) {
	w.t.Helper()
	a := w.applier()
	if h, err := a.History(); err != nil || len(h) == 0 {
		return
	}
	p, _ := w.plan()
	if _, err := a.Undo(w.t.Context(), p.ID); err != nil {
		w.t.Errorf("%s: a further undo says %v", when, err)
	}
}

// TestKillUndo kills undo itself, of a plan that was applied and of one that was interrupted.
func TestKillUndo(t *testing.T) {
	after := applied(t)
	for _, first := range []int{0, 70} { // where applying was killed; 0: not at all
		for _, who := range []string{both, rootAlone} {
			t.Run(fmt.Sprintf("%s/%d", who, first), func(t *testing.T) {
				t.Parallel()
				point := 1
				for ; killUndoOnce(t, who, first, point, after); point++ {
				}
				if point < 20 {
					t.Errorf("only %d points were reached", point)
				}
			})
		}
	}
}

func killUndoOnce(t *testing.T, who string, first, point int, after map[string]string) bool {
	t.Helper()
	w := newWorld(t)
	before := w.snapshot()
	if first == 0 {
		must(t, w.work(w.applier(), "apply"))
	} else if !w.killed("apply", both, first) {
		t.Fatalf("there is no point %d", first)
	}
	if !w.killed("undo", who, point) {
		return false
	}
	recover := []string{"undo", "finish"}[point%2]
	w.recovers(recover, before, after, fmt.Sprintf("applying killed at %d, undo of %s at %d", first, who, point))
	if t.Failed() {
		t.FailNow()
	}
	must(t, os.RemoveAll(w.dir))
	return true
}
