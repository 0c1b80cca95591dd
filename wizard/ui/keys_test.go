package ui_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"tahoe-anon/lab/canned"
	"tahoe-anon/lab/term"
)

// Keys that are typed ahead, all in one packet, land in the fields that they were typed for, and what is typed
// ahead of the review starts nothing.
func TestTypeAhead(t *testing.T) {
	for _, hold := range []string{"", "probe", "prepare"} {
		t.Run("held at "+hold, func(t *testing.T) {
			t.Parallel()
			w := run(t, canned.Script{}, hold, term.Opt{})
			w.See("What is on this host")
			w.Press("enter", "down", "enter", "ctrl+u", "/srv/node", "enter", "pb://furl", "enter", "ctrl+u", "plain", "enter", "a", "yes", "enter", "y", "enter")
			if hold != "" {
				w.open()
			}
			w.See("a apply")
			if !w.did("answers map[introducer:pb://furl nickname:plain nodedir:/srv/node privacy:mixed]") {
				t.Error("a key landed in another field")
			}
			if w.did("elevate") || w.did("apply") || strings.Contains(w.Screen(), "Type yes") {
				t.Error("keys that were typed ahead led to a change")
			}
			w.apply()
			w.See("enter finish")
		})
	}
}

// What was typed before the wizard had the terminal is for nobody: the line discipline has changed it already.
func TestTypedBeforeStart(t *testing.T) {
	t.Parallel()
	w := &wizard{gate: filepath.Join(t.TempDir(), "gate")}
	if err := syscall.Mkfifo(w.gate, 0o600); err != nil {
		t.Fatal(err)
	}
	w.Term = term.Start(t, term.Opt{Env: []string{"PATH=/usr/bin:/bin", "TERM=xterm-256color", "LANG=C.UTF-8"}},
		"sh", "-c", fmt.Sprintf("cat %s; exec %s/canned", w.gate, bin))
	w.Press("r", "enter", "rest")
	w.See("rest") // the echo: it waits in the line discipline
	w.open()
	w.See("enter next")
	w.Press("enter", "down")
	w.See("step 2 of 6", "> Some:")
}

// Only the word yes, typed out after a, starts the work.
func TestOnlyYes(t *testing.T) {
	t.Parallel()
	w := run(t, canned.Script{}, "", term.Opt{})
	w.toReview()
	for _, keys := range [][]string{{"enter"}, {"y"}, {"yes", "enter"}, {"a", "enter"}, {"a", "y", "enter"}, {"a", "yess", "enter"}, {"a", "no", "enter"}, {"a", "yes", "esc"}, {"a", "YES", "enter"}} {
		w.Press(keys...)
	}
	w.Press("a")
	w.See("Type yes, then Enter:")
	w.Paste("yes\n")
	w.Press("enter")
	w.Gone("Type yes")
	w.Press("?")
	w.See("Help: the review")
	if w.did("elevate") {
		t.Error("something else than yes started the work")
	}
}

// Esc goes back, page by page; what was answered, and what was only typed, is still there.
func TestBack(t *testing.T) {
	t.Parallel()
	w := run(t, canned.Script{}, "", term.Opt{})
	w.toReview()
	w.Press("esc")
	w.See("Nickname", "> storage")
	w.Press("s", "esc")
	w.See("Introducer FURL")
	w.Press("esc")
	w.See("Which node")
	w.Press("ctrl+u", "/srv/other", "esc")
	w.See("Who may learn")
	w.Press("down", "esc")
	w.See("Found on this host", "step 1 of 6")
	w.Press("enter")
	w.See("> Some:")
	w.Press("enter")
	w.See("> /srv/other")
	w.Press("enter", "enter")
	w.See("> storages")
	w.Press("enter")
	w.See("the nickname storages")
	if !w.did("answers map[introducer: nickname:storages nodedir:/srv/other privacy:mixed]") {
		t.Error("an answer was lost")
	}
}

// A later question depends on an earlier answer; what was answered on another path does not count.
func TestPathChanges(t *testing.T) {
	t.Parallel()
	w := run(t, canned.Script{}, "", term.Opt{})
	w.toReview()
	for _, page := range []string{"Nickname", "Introducer", "Which node"} {
		w.Press("esc") // two at once are another key
		w.See(page)
	}
	w.Press("ctrl+u", "/srv/old", "enter")
	w.See("Introducer FURL", "step 4 of 5")
	w.Press("enter")
	w.See("step 5 of 5: Review")
	if !w.did("answers map[introducer: nodedir:/srv/old privacy:hidden]") {
		t.Error("the nickname of the other path counts")
	}
}

// A FURL comes by paste.
func TestPaste(t *testing.T) {
	t.Parallel()
	w := run(t, canned.Script{}, "", term.Opt{W: 60, H: 20})
	toQuestion(3)(w)
	furl := "pb://" + strings.Repeat("x", 32) + "@tor:" + canned.Onion + ".onion:3000/introducer"
	w.Paste(furl + "\n")
	w.See("/introducer")
	w.Press("enter")
	w.See("Nickname")
	w.Press("enter")
	w.See("a apply")
	if !w.did("answers map[introducer:"+furl+"  nickname:storage nodedir:/home/alice/.tahoe privacy:hidden]") &&
		!w.did("answers map[introducer:"+furl+" nickname:storage nodedir:/home/alice/.tahoe privacy:hidden]") {
		t.Error("the FURL was changed on its way")
	}
}

// "?" belongs to the text of a text field, and opens the help elsewhere.
func TestQuestionMark(t *testing.T) {
	t.Parallel()
	w := run(t, canned.Script{}, "", term.Opt{})
	toQuestion(1)(w)
	w.Press("?")
	w.See("Help: Who may learn", "Hidden is the reason")
	w.Press("esc")
	w.See("> Nobody")
	w.Press("enter")
	w.See("Which node")
	w.Press("?")
	w.See("> /home/alice/.tahoe?")
	w.Press("f1")
	w.See("Help: Which node")
	w.Press("enter")
	w.See("> /home/alice/.tahoe?")
}

// After what stands in the way was cured elsewhere, r looks again.
func TestLookAgain(t *testing.T) {
	t.Parallel()
	w := run(t, canned.Script{Blocked: true}, "", term.Opt{})
	toQuestion(4)(w)
	w.Press("enter")
	w.See("tor is installed, but does not run.", "sudo systemctl enable --now tor")
	w.Press("r")
	w.See("Found on this host", "! tor")
	w.Press("ctrl+c")
	if got := w.Exit(); got != 130 {
		t.Errorf("exit status %d", got)
	}
}

// Where nothing is to be changed nothing is applied, and nobody is asked for a password.
func TestNothingToChange(t *testing.T) {
	t.Parallel()
	w := run(t, canned.Script{Nothing: true}, "", term.Opt{})
	toQuestion(4)(w)
	w.Press("enter")
	w.See("already set up as you asked", "enter prove")
	w.Press("enter")
	w.See("Done. The node answers", "Nothing had to be changed on this host.")
	w.Press("enter")
	if got := w.Exit(); got != 0 || w.did("apply") || w.did("elevate") || !w.did("proved") {
		t.Errorf("exit status %d", got)
	}
}

// A plan without root's steps asks for no password.
func TestOrdinary(t *testing.T) {
	t.Parallel()
	w := run(t, canned.Script{Ordinary: true}, "", term.Opt{})
	w.toReview()
	w.Press("a", "yes", "enter")
	w.See("Done.")
	if w.did("elevate") {
		t.Error("a password was asked for")
	}
}

var query = regexp.MustCompile(`\x1b\[\??[0-9;]*(n|c|\$p)|\x1b\[\?u|\x1b\][0-9;]*;?\?|\x1bP|\x1b\[>[0-9]*q`)

// A terminal that answers nothing is no slower, and one that does gets no question: answers that come late are typed
// into the shell.
func TestAsksTheTerminalNothing(t *testing.T) {
	for _, env := range []string{"TERM=xterm-256color", "TERM=xterm-kitty", "TERM=linux", "TERM=screen", "TERM=tmux-256color", "TMUX=/tmp/none,1,0", "TERM_PROGRAM=Apple_Terminal"} {
		t.Run(env, func(t *testing.T) {
			t.Parallel()
			w := run(t, canned.Script{}, "probe", term.Opt{Mute: true, Env: []string{env}})
			w.See("What is on this host")
			w.open()
			w.See("enter next")
			w.Press("ctrl+c")
			w.Exit()
			if q := query.Find(w.Raw()); q != nil {
				t.Errorf("the terminal is asked %q", q)
			}
		})
	}
}

// The signs and colours follow the locale, the terminal and NO_COLOR with any value.
func TestLooks(t *testing.T) {
	colour := regexp.MustCompile("\x1b\\[([0-9;:]*[;:])?(3[0-8]|4[0-8]|9[0-7]|10[0-7])([;:][0-9;:]*)?m")
	many := regexp.MustCompile("\x1b\\[([0-9;:]*[;:])?[34]8[;:]")
	for _, c := range []struct {
		env           string
		colour, ascii bool
	}{
		{"X=", true, false},
		{"NO_COLOR=yes", false, false},
		{"NO_COLOR=1", false, false},
		{"NO_COLOR=0", false, false},
		{"NO_COLOR=", true, false},
		{"LANG=C", true, true},
		{"LC_ALL=de_DE.ISO-8859-1", true, true},
		{"TERM=linux", true, true},
		{"COLORTERM=truecolor", true, false},
	} {
		t.Run(c.env, func(t *testing.T) {
			t.Parallel()
			w := run(t, canned.Script{}, "", term.Opt{Env: []string{c.env}})
			w.toReview()
			w.Press("end")
			w.See("+tcp = tor")
			w.apply()
			w.See("enter finish")
			raw := w.Raw()
			if got := colour.Match(raw); got != c.colour {
				t.Errorf("colour: %v; want %v", got, c.colour)
			}
			if m := many.Find(raw); m != nil {
				t.Errorf("more than 16 colours: %q", m)
			}
			if got := strings.IndexFunc(string(raw), func(r rune) bool { return r > 126 }) < 0; got != c.ascii {
				t.Errorf("ASCII alone: %v; want %v", got, c.ascii)
			}
		})
	}
}

// What files say cannot move the cursor or hide a line of the review.
func TestHostileText(t *testing.T) {
	t.Parallel()
	w := run(t, canned.Script{Long: true}, "", term.Opt{W: 200, H: 50})
	w.toReview()
	w.Press("end")
	w.See("+clear ^[[2J^[[31mred^[[0m^M", "+bidi <U+202E>txet<U+202C>")
}

// An idle screen sends nothing: no blinking cursor, no spinner.
func TestIdle(t *testing.T) {
	for _, p := range before {
		if p.hold != "" {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			w := p.open(t, term.Opt{})
			w.Settle(100 * time.Millisecond)
			n := len(w.Raw())
			w.Settle(700 * time.Millisecond) // a blink takes 500 ms
			if sent := len(w.Raw()) - n; sent > 0 {
				t.Errorf("%d bytes were sent for nothing", sent)
			}
		})
	}
}

// The shell behind a wizard that was left at once gets no key that was not typed.
func TestNothingLeftForTheShell(t *testing.T) {
	t.Parallel()
	w := &wizard{Term: term.Start(t, term.Opt{
		Kitty: true, RTT: 100 * time.Millisecond,
		Env: []string{"PATH=/usr/bin:/bin", "TERM=xterm-256color", "LANG=C.UTF-8"},
	}, "bash", "-c", fmt.Sprintf(`%s/canned; read -rs -t 0.5 -n 80 left; printf 'left=[%%q]\n' "$left"`, bin))}
	w.See("tahoe-anon   ")
	w.Press("ctrl+c")
	w.See("left=['']")
}
