package term

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

var env = []string{"PATH=/usr/bin:/bin", "TERM=xterm-256color", "LANG=C.UTF-8"}

func sh(t *testing.T, o Opt, script string) *Term {
	t.Helper()
	o.Env = env
	return Start(t, o, "sh", "-c", script)
}

func TestScreen(t *testing.T) {
	w := sh(t, Opt{}, `printf 'hello\033[3;5Hthere\033[31mred\033[0m'; read x; printf '\ngot %s\n' "$x"; exit 3`)
	w.See("hello", "    there")
	w.Press("abc", "enter")
	w.See("got abc")
	if got := w.Exit(); got != 3 {
		t.Errorf("exit status %d; want 3", got)
	}
	if !w.Restored() {
		t.Error("the terminal was not restored")
	}
	if svg := w.SVG(Dark); !strings.Contains(svg, `fill="#e05252"`) || !strings.Contains(svg, ">red</text>") {
		t.Errorf("the picture lacks the red word:\n%s", svg)
	}
}

func TestResize(t *testing.T) {
	w := sh(t, Opt{W: 60, H: 20}, `trap 'stty size' WINCH; stty size; while :; do read x; done`)
	w.See("20 60")
	w.Resize(100, 30)
	w.See("30 100")
}

// A line that is cut sends SIGHUP; one that is slow delays both ways.
func TestLine(t *testing.T) {
	w := sh(t, Opt{}, `echo ready; read x; sleep 100`)
	w.See("ready")
	w.Hangup()
	if got := w.Exit(); got != 128+int(syscall.SIGHUP) {
		t.Errorf("exit status %d", got)
	}

	const rtt = 80 * time.Millisecond
	w = sh(t, Opt{RTT: rtt}, `echo ready; read x; echo "got $x"; sleep 100`)
	w.See("ready")
	if took := w.Since(); took < rtt {
		t.Errorf("the first text came after %v on a line of %v", took, rtt)
	}
	sent := time.Now()
	w.Press("x", "enter")
	w.See("got x")
	if took := time.Since(sent); took < rtt {
		t.Errorf("an answer came after %v on a line of %v", took, rtt)
	}
}

func TestNotRestored(t *testing.T) {
	w := sh(t, Opt{}, `stty -echo; echo ready; read x`)
	w.See("ready")
	w.Press("enter")
	w.Exit()
	if w.Restored() {
		t.Error("a terminal without echo counts as restored")
	}
}

func TestPeak(t *testing.T) {
	w := sh(t, Opt{}, `echo ready; read x`)
	w.See("ready")
	if kib := w.PeakKiB(); kib < 100 || kib > 20<<10 {
		t.Errorf("a shell takes %d KiB", kib)
	}
}
