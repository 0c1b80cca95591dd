package wizard

import (
	"strings"
	"testing"

	"tahoe-anon/detect"
	"tahoe-anon/detect/host"
	"tahoe-anon/writers"
)

// Everything that a step touches or runs stands in the review, with who does it.
func TestReviewShowsEverything(t *testing.T) {
	p := Proposal{
		Before: []Exposure{{Who: "everybody", Sees: "your IP address", Bad: true}},
		After:  []Exposure{{Who: "everybody", Sees: "an onion address"}},
		Notes:  []string{"a note"},
	}
	p.Plan.Steps = []writers.Step{
		{ID: "w", Title: "Write it", Why: "because", As: writers.Root, Write: &writers.Write{
			Path: "/etc/x", Diff: "@@ -1 +1 @@\n-old\n+new",
			Verify: &writers.Verify{Argv: []string{"verify", writers.Candidate}, As: writers.UID(105)},
			Notify: &writers.Notify{Argv: []string{"reload", "it"}, Revive: []string{"start", "it"}},
		}},
		{ID: "r", Title: "Run it", As: writers.UID(1000), Run: &writers.Run{Argv: []string{"run", "a b"}, Undo: []string{"stop", "it"}, Abort: []string{"drop", "it"}}},
		{ID: "u", Title: "Mine", As: writers.User, Run: &writers.Run{Argv: []string{"mine"}}},
	}
	f := &detect.Facts{Host: host.Facts{Account: host.Account{Name: "alice", UID: 1000}}}
	text := Text(p.Review(f), true)
	for _, want := range []string{
		"! everybody: your IP address", "  everybody: an onion address", "? a note", "3 steps",
		" 1. Write it [root]\n", "because", "checks: verify THE-NEW-FILE [root, as account 105]", "writes: /etc/x\n", "runs:   reload it\n", "or else: start it\n",
		" 2. Run it [root, as alice]\n", "runs:   run 'a b'\n", "undo:   stop it\n", "if it fails: drop it\n",
		" 3. Mine [you]\n", "/etc/x (step 1)\n@@ -1 +1 @@\n-old\n+new\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}

func TestReviewOfNothing(t *testing.T) {
	text := Text((&Proposal{}).Review(nil), true)
	if !strings.Contains(text, "Nothing to change") || strings.Contains(text, "step") {
		t.Errorf("got:\n%s", text)
	}
}
