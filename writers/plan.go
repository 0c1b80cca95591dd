// Package writers is the only code that changes the host: it applies a plan that somebody approved, keeps a
// journal of what was there before, and takes everything back. It knows nothing of Tor or Tahoe.
package writers

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"tahoe-anon/writers/edit"
)

// Schema is the version of plans and journals as they stand on disk; what an older one wrote stays undoable.
const Schema = 1

// Plan is a list of steps, in the order in which they run. It is plain JSON; what was approved is what runs.
type Plan struct {
	Schema int       `json:"schema"`
	ID     string    `json:"id"`  // names the change in the journal
	Sum    string    `json:"sum"` // of everything else; see Seal
	Title  string    `json:"title"`
	Made   time.Time `json:"made"`
	Steps  []Step    `json:"steps"`
}

// Step is one file to write or one command to run.
type Step struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Why   string `json:"why"`
	As    Actor  `json:"as"`
	Write *Write `json:"write,omitempty"`
	Run   *Run   `json:"run,omitempty"`
}

// Actor is who does a step: "user" (the account that plans), "root", or "uid:N" (root acting as account N).
type Actor string

const (
	User Actor = "user"
	Root Actor = "root"
)

// UID is the actor that root becomes to write where account n owns the directory.
func UID(n int) Actor { return Actor(fmt.Sprintf("uid:%d", n)) }

// Write is one file, from exact bytes to exact bytes.
type Write struct {
	Path string `json:"path"`
	// Was is what must be there now; nil means that nothing may be there.
	Was *Was `json:"was,omitempty"`
	// Content is the new text. Instead of it, Secret names one that travels apart from the plan,
	// and Changes are made to a file that an earlier step creates.
	Content []byte        `json:"content,omitempty"`
	Secret  string        `json:"secret,omitempty"`
	Changes []edit.Change `json:"changes,omitempty"`
	// Mode, UID and GID of a new file. One that exists keeps its own.
	Mode fs.FileMode `json:"mode,omitempty"`
	UID  int         `json:"uid"`
	GID  int         `json:"gid"`
	// MakeDir makes the parent directory with this mode when it is missing; 0 means that it must be there.
	MakeDir fs.FileMode `json:"make_dir,omitempty"`
	// Leaves names what a daemon is expected to add to a directory that MakeDir made: files, and directories
	// that it leaves empty. Undo keeps a copy and removes them with the directory; anything else stays.
	Leaves []string `json:"leaves,omitempty"`
	// Verify must accept the candidate file before it replaces the old one.
	Verify *Verify `json:"verify,omitempty"`
	// Notify tells a daemon of the new file, and again of the old one when it is put back.
	Notify *Notify `json:"notify,omitempty"`
	// Diff shows the change to people; the secret's is a description.
	Diff string `json:"diff,omitempty"`
}

// Was pins the file that a plan was made from.
type Was struct {
	Sum  string      `json:"sum"` // SHA-256, hex
	Mode fs.FileMode `json:"mode"`
	UID  int         `json:"uid"`
	GID  int         `json:"gid"`
}

// Candidate stands in a Verify's argv for the path of the file to judge.
const Candidate = "{candidate}"

// Verify is a command that judges a candidate by its exit status.
type Verify struct {
	Argv []string `json:"argv"`
	As   Actor    `json:"as"`
}

// Notify is a command that makes a daemon read its files again.
type Notify struct {
	Argv []string `json:"argv"`
	// Watch names a watcher (see Watches) that sees whether the daemon took it and lives; empty: none.
	Watch string `json:"watch,omitempty"`
	// Revive starts the daemon again, should it have died of the new file.
	Revive []string `json:"revive,omitempty"`
}

// Run is one command, without a shell.
type Run struct {
	Argv []string `json:"argv"`
	// Undo takes it back later; empty: there is nothing to take back.
	Undo []string `json:"undo,omitempty"`
	// Abort takes it back when this very plan fails or is interrupted before a later command was begun; empty:
	// as Undo.
	Abort []string `json:"abort,omitempty"`
	// Absent must not exist before the command runs: it is what the command makes.
	Absent string `json:"absent,omitempty"`
	// Limit bounds the command in time; 0 means 60 s.
	Limit time.Duration `json:"limit,omitempty"`
}

// Secrets are contents that never stand in a plan, by the name that Write.Secret gives them.
type Secrets map[string][]byte

// SecretName names a secret by its SHA-256, so that a plan's sum covers what it does not show.
func SecretName(b []byte) string { return "sha256:" + SumOf(b) }

// SumOf is the SHA-256 of b in hex, as Was has it.
func SumOf(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// Seal sets the plan's sum. Whoever changes a plan afterwards is found out by Check.
func (p *Plan) Seal() { p.Sum = p.sum() }

// Sealed says whether the plan is still what was sealed.
func (p *Plan) Sealed() bool { return p.Sum != "" && p.Sum == p.sum() }

func (p *Plan) sum() string {
	q := *p
	q.Sum = ""
	b, err := json.Marshal(q)
	if err != nil { // a plan is plain data: marshalling cannot fail
		panic(err)
	}
	return SumOf(b)
}

// Needs says whether any step is done by a.
func (p *Plan) Needs(a Actor) bool {
	for _, s := range p.Steps {
		if s.As == a {
			return true
		}
	}
	return false
}

// For is the plan as root runs it in the name of account uid: the account's own steps are done as that account.
// The result is sealed anew.
func (p Plan) For(uid int) Plan {
	as := func(a Actor) Actor {
		if a == User {
			return UID(uid)
		}
		return a
	}
	p.Steps = slices.Clone(p.Steps)
	for i := range p.Steps {
		s := &p.Steps[i]
		s.As = as(s.As)
		if s.Write != nil && s.Write.Verify != nil {
			w, v := *s.Write, *s.Write.Verify
			v.As = as(v.As)
			w.Verify = &v
			s.Write = &w
		}
	}
	p.Seal()
	return p
}

// Receipt is what became of a plan.
type Receipt struct {
	Plan    string    `json:"plan"` // its ID
	Done    []string  `json:"done"` // IDs of the steps that were done
	Ended   time.Time `json:"ended"`
	Pending []string  `json:"pending,omitempty"` // what the operator still has to do
}
