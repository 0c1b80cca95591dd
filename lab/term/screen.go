package term

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// Keys by name, as xterm sends them.
var names = map[string]string{
	"enter": "\r", "esc": "\x1b", "tab": "\t", "backtab": "\x1b[Z", "space": " ", "backspace": "\x7f",
	"up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F",
	"pgup": "\x1b[5~", "pgdown": "\x1b[6~", "f1": "\x1bOP",
	"ctrl+c": "\x03", "ctrl+g": "\x07", "ctrl+u": "\x15", "ctrl+z": "\x1a",
}

// Press sends keys by name; any other word is typed as it is. All of them go out in one packet, as from
// somebody who types ahead.
func (t *Term) Press(words ...string) {
	var b []byte
	for _, w := range words {
		if seq, ok := names[w]; ok {
			w = seq
		}
		b = append(b, w...)
	}
	t.keys.send(b)
}

// Paste sends text as a terminal with bracketed paste does.
func (t *Term) Paste(text string) { t.keys.send([]byte("\x1b[200~" + text + "\x1b[201~")) }

// Screen is the text of the screen, without blanks at the ends of lines and empty lines at the bottom.
func (t *Term) Screen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.screen()
}

func (t *Term) screen() string {
	lines := strings.Split(t.em.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \r")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// Raw is everything that the program wrote.
func (t *Term) Raw() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.raw.Bytes())
}

// Until waits until the screen's text is as ok wants it.
func (t *Term) Until(what string, ok func(screen string) bool) {
	t.Helper()
	limit := time.NewTimer(t.limit)
	defer limit.Stop()
	for {
		t.mu.Lock()
		now, changed := t.screen(), t.changed
		t.mu.Unlock()
		if ok(now) {
			return
		}
		select {
		case <-changed:
		case <-limit.C:
			t.Fatalf("%s did not come within %v; the screen is:\n%s", what, t.limit, now)
		}
	}
}

// See waits for each text on the screen, all of them at once.
func (t *Term) See(texts ...string) {
	t.Helper()
	t.Until(fmt.Sprintf("%q", texts), func(s string) bool {
		for _, text := range texts {
			if !strings.Contains(s, text) {
				return false
			}
		}
		return true
	})
}

// Gone waits until text is not on the screen.
func (t *Term) Gone(text string) {
	t.Helper()
	t.Until("a screen without "+text, func(s string) bool { return !strings.Contains(s, text) })
}

// Settle waits until nothing has been written for d. Only what has no text to wait for needs it.
func (t *Term) Settle(d time.Duration) {
	t.Helper()
	limit := time.NewTimer(t.limit)
	defer limit.Stop()
	for {
		t.mu.Lock()
		changed := t.changed
		t.mu.Unlock()
		select {
		case <-changed:
		case <-time.After(d):
			return
		case <-limit.C:
			t.Fatalf("the program never paused for %v", d)
		}
	}
}

// Since is the time from typing the command at this end of the line until now: half a round trip before the
// program started, its running time, and what the line took, which is in what the screen shows.
func (t *Term) Since() time.Duration { return time.Since(t.start) + t.rtt/2 }

// Exit waits for the end and returns the exit status, or 128 and the signal that killed it.
func (t *Term) Exit() int {
	t.Helper()
	limit := time.NewTimer(t.limit)
	defer limit.Stop()
	select {
	case <-t.exit:
	case <-limit.C:
		t.Fatalf("still running after %v; the screen is:\n%s", t.limit, t.Screen())
	}
	select {
	case <-t.ended: // what it wrote last has been seen
	case <-limit.C: // a child of it still has the terminal
	}
	if w := t.Cmd.ProcessState.Sys().(syscall.WaitStatus); w.Signaled() {
		return 128 + int(w.Signal())
	}
	return t.Cmd.ProcessState.ExitCode()
}

// PeakKiB is the largest resident size that the program, which still runs, has had. What wait(2) tells counts what the test had
// when it forked.
func (t *Term) PeakKiB() (kib int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.Cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}
