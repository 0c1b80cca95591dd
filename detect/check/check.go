// Package check holds the rules that a node and its host must keep. It is pure: facts in, findings out.
package check

import (
	"slices"
	"time"

	"tahoe-anon/detect"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/tahoe"
)

// Check is one rule. Its ID is for ever; where failures are known by a name, it has that name.
type Check struct {
	ID     string
	Title  string // what is so when the rule is kept
	Broken string // what is so when it is not
	Impact Impact
	// Needs are the checks without which this one fails as well: of a broken chain, the first is the cause.
	Needs []string
	Eval  func(*Subject) Result
}

// Subject is one node on its host, held against what it declares to be.
type Subject struct {
	Facts *detect.Facts
	Node  *tahoe.Node
	Goal  detect.Goal
	Proof Proof
	Now   time.Time
}

// Proof is the outcome of asking for the node at its onion address; Unknown when nobody asked.
type Proof struct {
	Answers env.Answer
	Detail  string
}

// Level says how a rule stands. What could not be seen is unknown, never ok.
type Level string

const (
	Fail    Level = "fail"
	Warn    Level = "warn"
	Unknown Level = "unknown"
	Info    Level = "info"
	Skipped Level = "skipped"
	OK      Level = "ok"
)

// Impact says what a broken rule costs.
type Impact string

const (
	Privacy Impact = "privacy" // somebody may learn what is hidden
	Safety  Impact = "safety"  // keys or files are at risk
	Works   Impact = "works"   // the node cannot be reached, or does not start
)

// Result is what Eval saw.
type Result struct {
	Level    Level
	Evidence []string // what was read where
	Hint     string   // the next command, or what would tell
}

// Finding is a result with its rule, as people and programs see it.
type Finding struct {
	ID       string   `json:"id"`
	Level    Level    `json:"level"`
	Impact   Impact   `json:"impact"`
	Title    string   `json:"title"`
	Evidence []string `json:"evidence,omitempty"`
	Hint     string   `json:"hint,omitempty"`
	// Because is the finding that this one follows from; empty for a cause.
	Because string `json:"because"`
}

// Run evaluates every check and returns the causes first: leaks before breakage, failures before doubts.
func Run(s *Subject) []Finding {
	broken := map[string]string{} // check -> the cause at the end of its chain
	var all []Finding
	for _, c := range Checks {
		r := c.Eval(s)
		f := Finding{ID: c.ID, Level: r.Level, Impact: c.Impact, Title: c.Title, Evidence: r.Evidence, Hint: r.Hint}
		switch r.Level {
		case Fail, Warn, Info:
			f.Title = c.Broken
		case Unknown:
			f.Title = "whether " + c.Title
		}
		for _, need := range c.Needs {
			if cause, bad := broken[need]; bad && f.Because == "" && f.Level != OK && f.Level != Info {
				f.Because = cause
			}
		}
		if r.Level == Fail || f.Because != "" {
			broken[c.ID] = c.ID
			if f.Because != "" {
				broken[c.ID] = f.Because
			}
		}
		all = append(all, f)
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return rank(a) - rank(b) })
	return all
}

// Verdict is "fail", "warn" or "ok". What follows from a cause adds nothing to it.
func Verdict(all []Finding) string {
	verdict := "ok"
	for _, f := range all {
		switch {
		case f.Because != "":
		case f.Level == Fail:
			return "fail"
		case f.Level == Warn, f.Level == Unknown && (f.Impact == Privacy || f.ID == "node-not-running" || f.ID == "tub-port-in-use-silent"):
			verdict = "warn" // what must be seen and was not is not healthy
		}
	}
	return verdict
}

var (
	levels  = []Level{Fail, Warn, Unknown, Info, Skipped, OK}
	impacts = []Impact{Privacy, Safety, Works}
)

func rank(f Finding) int {
	r := slices.Index(levels, f.Level)*10 + slices.Index(impacts, f.Impact)
	if f.Because != "" {
		r += 5
	}
	return r
}

func ok(evidence ...string) Result { return Result{Level: OK, Evidence: evidence} }

func fail(hint string, evidence ...string) Result {
	return Result{Level: Fail, Hint: hint, Evidence: evidence}
}

func warn(hint string, evidence ...string) Result {
	return Result{Level: Warn, Hint: hint, Evidence: evidence}
}

func unknown(hint string, evidence ...string) Result {
	return Result{Level: Unknown, Hint: hint, Evidence: evidence}
}

func skipped(why string) Result { return Result{Level: Skipped, Hint: why} }
