package writers

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCommand(t *testing.T) {
	for _, row := range []struct {
		argv   []string
		status int
		output string
		cause  string
	}{
		{[]string{"true"}, 0, "", ""},
		{[]string{"sh", "-c", "echo out; echo err >&2; exit 3"}, 3, "out\nerr", "exit status 3"},
		{[]string{"sh", "-c", `printf '\033[2Jred\007\r\n'; exit 1`}, 1, "[2Jred", "exit status 1"},
		{[]string{"sh", "-c", "sleep 60 & exit 0"}, 0, "", ""}, // what it starts and leaves does not hold us
		{[]string{"no-such-command-anywhere"}, -1, "", "not found"},
		{[]string{"sh", "-c", "kill -9 $$"}, -1, "", "killed"},
	} {
		err := command(t.Context(), nil, row.argv, 0)
		if row.status == 0 && row.cause == "" {
			if err != nil {
				t.Errorf("%q: %v", row.argv, err)
			}
			continue
		}
		if !is(func(e *CommandError) bool {
			return e.Status == row.status && e.Output == row.output && strings.Contains(e.Cause, row.cause)
		})(err) {
			t.Errorf("%q: %#v", row.argv, err)
		}
	}
}

// A command and all it started end at the limit.
func TestCommandLimit(t *testing.T) {
	pid := t.TempDir() + "/pid"
	start := time.Now()
	err := command(t.Context(), nil, []string{"sh", "-c", `sleep 300 & echo $! >"$1"; wait`, "sh", pid}, 300*time.Millisecond)
	if !is(func(e *CommandError) bool { return e.Cause == "no end within 300ms" })(err) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	b, err := os.ReadFile(pid)
	must(t, err)
	for range 1000 { // the kernel takes a moment to end it
		stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(b)) + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("its child lives on")
}

func TestCommandOutputIsBounded(t *testing.T) {
	err := command(t.Context(), nil, []string{"sh", "-c", "seq 100000; exit 1"}, 0)
	if !is(func(e *CommandError) bool {
		return len(e.Output) <= maxOutput && strings.HasSuffix(e.Output, "\n100000")
	})(err) {
		t.Errorf("got %.100v", err)
	}
}

// A command has a session of its own: what a terminal sends to us does not reach it.
func TestCommandSession(t *testing.T) {
	err := command(t.Context(), nil, []string{"sh", "-c", `test "$(cut -d' ' -f6 /proc/$$/stat)" = $$`}, 0)
	if err != nil {
		t.Error(err)
	}
}

func replaceOnce(t *testing.T, s, old, text string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("%q is not there", old)
	}
	return strings.Replace(s, old, text, 1)
}

// What an earlier command made may be in use once a later one was begun, so it is set aside, not deleted.
func TestLaterCommandSpares(t *testing.T) {
	dir := t.TempDir()
	made := filepath.Join(dir, "made")
	plan := Plan{Schema: Schema, ID: "spared", Title: "two commands", Steps: []Step{
		{ID: "make", As: User, Run: &Run{
			Argv: []string{"mkdir", made}, Absent: made,
			Undo: []string{"mv", "-nT", made, made + ".aside"}, Abort: []string{"rm", "-rf", made},
		}},
		{ID: "use", As: User, Run: &Run{Argv: []string{"false"}}},
	}}
	plan.Seal()
	_, err := (&Applier{Journal: filepath.Join(dir, "journal")}).Apply(t.Context(), plan, nil)
	if _, ok := errors.AsType[*RolledBackError](err); !ok {
		t.Fatalf("got %v; want a rollback", err)
	}
	if _, err := os.Stat(made + ".aside"); err != nil {
		t.Errorf("what the first command made was not set aside: %v", err)
	}
	if _, err := os.Stat(made); err == nil {
		t.Error("it is still there")
	}
}
