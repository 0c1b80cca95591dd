package ui_test

import (
	"fmt"
	"regexp"
	"testing"

	"tahoe-anon/lab/canned"
	"tahoe-anon/lab/term"
)

var (
	clock = regexp.MustCompile(` {2,}\d+ s(\n|$)`) // how long a phase takes
	turn  = regexp.MustCompile(`[-|/\\](\n|$)`)    // the spinner
)

// place is a page, and how to get there.
type place struct {
	name   string
	script canned.Script
	hold   string
	walk   func(w *wizard)
	sees   string // when the page is there
}

func (p place) open(t testing.TB, o term.Opt) *wizard {
	t.Helper()
	w := run(t, p.script, p.hold, o)
	p.walk(w)
	w.See(p.sees)
	return w
}

func nowhere(*wizard) {}

func toQuestion(n int) func(*wizard) {
	return func(w *wizard) {
		w.See("enter next", "Found on this host")
		for i, q := range []string{"Who may learn", "Which node", "Introducer FURL", "Nickname"}[:n] {
			w.Press("enter")
			w.See(q, fmt.Sprintf("step %d of 6", i+2))
		}
	}
}

func then(f func(*wizard), keys ...string) func(*wizard) {
	return func(w *wizard) {
		f(w)
		w.Press(keys...)
	}
}

func toReview(w *wizard) { w.toReview() }
func toApply(w *wizard)  { w.toReview(); w.apply() }

func stopAt(phase string) func(*wizard) {
	return func(w *wizard) {
		toApply(w)
		w.See(phase)
		w.Press("ctrl+c")
	}
}

func toRefusal(w *wizard) {
	w.toReview()
	w.Press("a", "yes", "enter")
	w.See("sudo did not accept")
}

// before are the pages on which nothing has changed yet.
var before = []place{
	{"looking", canned.Script{}, "probe", nowhere, "Looking"},
	{"found", canned.Script{}, "", nowhere, "enter next"},
	{"choice", canned.Script{}, "", toQuestion(1), "Nobody"},
	{"text", canned.Script{}, "", toQuestion(2), "> /home/alice/.tahoe"},
	{"help", canned.Script{}, "", then(toQuestion(2), "ctrl+g"), "esc close"},
	{"waiting", canned.Script{}, "prepare", then(toQuestion(4), "enter"), "Working out"},
	{"blocked", canned.Script{Blocked: true}, "", then(toQuestion(4), "enter"), "cannot be set up"},
	{"review", canned.Script{}, "", toReview, "a apply"},
	{"confirm", canned.Script{}, "", then(toReview, "a", "ye"), "Type yes, then Enter: ye"},
	{"nothing", canned.Script{Nothing: true}, "", then(toQuestion(4), "enter"), "enter prove"},
}

// others are looked at only.
var others = []place{
	{"exposed", canned.Script{}, "", then(toQuestion(1), "down"), "Everybody in the grid learns"},
	{"error", canned.Script{}, "", then(toQuestion(2), "ctrl+u", "x", "enter"), "whole path"},
	{"empty-text", canned.Script{}, "", toQuestion(3), "It begins with pb://"},
	{"review-help", canned.Script{}, "", then(toReview, "?"), "Help: the review"},
	{"review-steps", canned.Script{}, "", then(toReview, "pgdown"), "5. Start the node"},
	{"review-end", canned.Script{}, "", then(toReview, "end"), "+tcp = tor"},
	{"review-odd", canned.Script{Long: true}, "", then(toReview, "end"), "bidi"},
	{"refused", canned.Script{Refused: true}, "", toRefusal, "a apply"},
	{"applying", canned.Script{}, "apply", toApply, "> Add the onion service"},
	{"stop", canned.Script{}, "apply", stopAt("> Add the onion service"), "[y/N]"},
	{"proving", canned.Script{}, "prove", toApply, "> A fresh circuit"},
	{"stop-proof", canned.Script{}, "prove", stopAt("> A fresh circuit"), "[y/N]"},
	{"done", canned.Script{}, "", toApply, "enter finish"},
	{"failed", canned.Script{Fails: true}, "", toApply, "enter finish"},
	{"broken", canned.Script{Broken: true}, "", toApply, "enter finish"},
	{"unproved", canned.Script{Unproved: true}, "", toApply, "enter finish"},
	{"long", canned.Script{Long: true}, "prove", toApply, "> A fresh circuit"},
}

// Every page as a person sees it, at the design size and at the smallest.
func TestPages(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {60, 20}} {
		for _, p := range append(before, others...) {
			name := fmt.Sprintf("%s-%dx%d", p.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if size[0] == 60 && p.name == "review-steps" {
					p.sees = "Add the onion service"
				}
				w := p.open(t, term.Opt{W: size[0], H: size[1]})
				w.Golden(name, clock, turn)
				w.Fits(size[0], size[1])
			})
		}
	}
}

// A page that was resized is as one that was opened at that size; too small a window says so and forgets nothing.
func TestResize(t *testing.T) {
	for _, p := range append(before, others...) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			if p.name == "review-steps" || p.name == "review-end" || p.name == "review-odd" {
				p.walk, p.sees = toReview, "a apply" // a scrolled text keeps its first line instead
				p.name = map[bool]string{true: "review-long", false: "review"}[p.script.Long]
			}
			w := p.open(t, term.Opt{})
			w.Resize(40, 10)
			w.See("The window is 40x10", "Please make it at least 60x20")
			w.Resize(200, 50)
			w.Gone("Please make it")
			w.See("tahoe-anon   ", "\n")
			w.Fits(200, 50)
			w.Resize(60, 20)
			if p.name != "review-long" {
				w.Golden(p.name+"-60x20", clock, turn)
			}
			w.Resize(80, 24)
			if p.name != "review-long" {
				w.Golden(p.name+"-80x24", clock, turn)
			}
		})
	}
}
