package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"tahoe-anon/detect"
	"tahoe-anon/detect/check"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/tahoe"
	"tahoe-anon/wizard"
)

// proveLimit bounds the doctor's proof: a published service answers in seconds, a fresh one within a minute.
const proveLimit = 60 * time.Second

type nodeReport struct {
	Dir      string          `json:"dir"`
	Verdict  string          `json:"verdict"`
	Findings []check.Finding `json:"findings"`
}

func (a *app) doctor(ctx context.Context, args []string) error {
	fs := flags("doctor", "[flags] [NODEDIR]", "Says what is wrong with a node, the cause first; without NODEDIR, with every node found.\nNothing is changed.")
	fs.BoolVar(&a.json, "json", false, "print JSON")
	prove := fs.Bool("prove", false, "ask for the node at its onion address too, through tor (up to a minute)")
	if err := a.parse(fs, args); err != nil {
		return err
	}
	dir, err := nodeArg(fs)
	if err != nil {
		return err
	}
	f := a.look(ctx, dir)
	reports := a.examine(ctx, f, dir, *prove)
	verdict := "ok"
	for _, r := range reports {
		if r.Verdict == "fail" || verdict == "ok" {
			verdict = r.Verdict
		}
	}
	if a.json {
		a.printJSON(struct {
			Schema  int          `json:"schema"`
			Verdict string       `json:"verdict"`
			Nodes   []nodeReport `json:"nodes"`
		}{1, verdict, reports})
	} else {
		for _, r := range reports {
			printReport(a.out, r)
		}
	}
	if err := a.warnUnfinished(); err != nil {
		return err
	}
	if verdict == "fail" {
		return statusError(exitBroken)
	}
	return nil
}

// examine checks the node in dir, or every node that was found. Where there is none, the host is checked alone.
func (a *app) examine(ctx context.Context, f *detect.Facts, dir string, prove bool) []nodeReport {
	var nodes []*tahoe.Node
	for i := range f.Nodes {
		if n := &f.Nodes[i]; n.Dir == dir || dir == "" && n.Exists && !n.Empty {
			nodes = append(nodes, n)
		}
	}
	if len(nodes) == 0 {
		nodes = append(nodes, &tahoe.Node{Dir: cmp.Or(dir, wizard.DefaultDir(f))})
	}
	reports := make([]nodeReport, 0, len(nodes))
	for _, n := range nodes {
		s := &check.Subject{Facts: f, Node: n, Goal: detect.Declared(f, n), Now: a.env.Now()}
		if prove {
			s.Proof = a.doctorProof(ctx, f, n, s.Goal)
		}
		all := check.Run(s)
		reports = append(reports, nodeReport{n.Dir, check.Verdict(all), all})
	}
	return reports
}

func (a *app) doctorProof(ctx context.Context, f *detect.Facts, n *tahoe.Node, g detect.Goal) check.Proof {
	if g.Onion == "" || n.TubID == "" {
		return check.Proof{Answers: env.Unknown}
	}
	ctx, stop := context.WithTimeout(ctx, proveLimit)
	defer stop()
	begin := time.Now()
	if err := a.prove(ctx, f, g, n.TubID, func(string) {}); err != nil {
		e := explain(err)
		return check.Proof{Answers: env.No, Detail: e.Message}
	}
	return check.Proof{
		Answers: env.Yes,
		Detail:  fmt.Sprintf("it answered as %s after %.1f s, through tor", n.TubID, time.Since(begin).Seconds()),
	}
}

// printReport shows causes with what follows from them folded below, and what is right as a count.
func printReport(w io.Writer, r nodeReport) {
	fmt.Fprintf(w, "%s: %s\n", r.Dir, map[string]string{
		"ok": "healthy", "warn": "works, with a warning", "fail": "something is wrong",
	}[r.Verdict])
	fine, skipped := 0, 0
	for _, f := range r.Findings {
		switch {
		case f.Because != "":
			continue
		case f.Level == check.OK:
			fine++
			continue
		case f.Level == check.Skipped:
			skipped++
			continue
		}
		fmt.Fprintf(w, "\n%-7s %s  (%s)\n", f.Level, f.Title, f.ID)
		for _, e := range f.Evidence {
			fmt.Fprintf(w, "        seen: %s\n", e)
		}
		if f.Hint != "" {
			fmt.Fprintf(w, "        do:   %s\n", f.Hint)
		}
		printFollows(w, r.Findings, f.ID)
	}
	fmt.Fprintf(w, "\n%d checks are content, %d do not apply.\n", fine, skipped)
}

func printFollows(w io.Writer, all []check.Finding, cause string) {
	for _, f := range all {
		if f.Because == cause && (f.Level == check.Fail || f.Level == check.Warn) {
			fmt.Fprintf(w, "        because of it: %s  (%s)\n", f.Title, f.ID)
		}
	}
}
