package writers

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// maxSteps bounds a plan; the longest that we make has a dozen.
const maxSteps = 64

// planID and stepID become file names in the journal, so they are words and nothing else.
var (
	planID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)
	stepID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
)

// modeBits are what chmod(2) sets.
const modeBits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// valid says whether the plan is whole: sealed, and each step one thing that can be done.
func (p *Plan) valid() error {
	switch {
	case p.Schema != Schema:
		return &SchemaError{What: "the plan", Schema: p.Schema}
	case !planID.MatchString(p.ID):
		return &RefusedError{Why: "the plan's ID is not a word"}
	case !p.Sealed():
		return &RefusedError{Why: "the plan is not what was reviewed: its sum differs"}
	case len(p.Steps) > maxSteps:
		return &RefusedError{Why: fmt.Sprintf("the plan has %d steps, more than %d", len(p.Steps), maxSteps)}
	}
	seen := map[string]bool{}
	for i := range p.Steps {
		s := &p.Steps[i]
		if !stepID.MatchString(s.ID) || seen[s.ID] {
			return &RefusedError{Step: s.ID, Why: "its ID is not a word, or is there twice"}
		}
		seen[s.ID] = true
		if err := s.valid(); err != nil {
			return &RefusedError{Step: s.ID, Why: err.Error()}
		}
	}
	return nil
}

// complete says whether the secrets of the steps that owns picks came with the plan.
func (p *Plan) complete(secrets Secrets, owns func(Actor) bool) error {
	for _, s := range p.Steps {
		if s.Write == nil || s.Write.Secret == "" || !owns(s.As) {
			continue
		}
		if b, ok := secrets[s.Write.Secret]; !ok || SecretName(b) != s.Write.Secret {
			return &RefusedError{Step: s.ID, Why: "its secret did not come with it"}
		}
	}
	return nil
}

func (s *Step) valid() error {
	if _, err := s.As.account(); err != nil {
		return err
	}
	switch {
	case s.Write != nil && s.Run == nil:
		return s.Write.valid()
	case s.Run != nil && s.Write == nil:
		return s.Run.valid()
	}
	return fmt.Errorf("it is not one file or one command")
}

func (w *Write) valid() error {
	kinds := 0
	// An empty file is nothing that we make: a node with an empty tahoe.cfg goes public (cfg-missing-file-goes-public).
	for _, is := range []bool{len(w.Content) > 0, w.Secret != "", len(w.Changes) > 0} {
		if is {
			kinds++
		}
	}
	switch {
	case !absolute(w.Path):
		return fmt.Errorf("its path is not absolute and clean")
	case kinds != 1:
		return fmt.Errorf("it has not exactly one of content, secret and changes")
	case (w.Mode|w.MakeDir)&^fs.ModePerm != 0:
		return fmt.Errorf("it has a mode of more than permissions")
	case w.Secret != "" && w.Was == nil && w.Mode&^0o600 != 0:
		return fmt.Errorf("others could read its secret")
	case w.Secret != "" && w.Was != nil && w.Was.Mode&0o077 != 0:
		return fmt.Errorf("others can read the file that is to take its secret")
	}
	for _, leaf := range w.Leaves {
		if leaf == "." || leaf == ".." || leaf == "" || strings.ContainsRune(leaf, '/') {
			return fmt.Errorf("what a daemon leaves there is not a name")
		}
	}
	return w.validCommands()
}

func (w *Write) validCommands() error {
	if v := w.Verify; v != nil {
		if _, err := v.As.account(); err != nil || len(v.Argv) == 0 || v.Argv[0] == "" {
			return fmt.Errorf("its judge is no command")
		}
	}
	if n := w.Notify; n != nil && (len(n.Argv) == 0 || n.Argv[0] == "") {
		return fmt.Errorf("it tells a daemon by no command")
	}
	return nil
}

func (r *Run) valid() error {
	for i, argv := range [][]string{r.Argv, r.Undo, r.Abort} {
		if len(argv) == 0 && i > 0 {
			continue
		}
		if len(argv) == 0 || argv[0] == "" {
			return fmt.Errorf("it is no command")
		}
		for _, arg := range argv {
			if strings.ContainsRune(arg, 0) {
				return fmt.Errorf("a word of its command has a zero byte")
			}
		}
	}
	if r.Absent != "" && !absolute(r.Absent) {
		return fmt.Errorf("the path that it makes is not absolute and clean")
	}
	if r.Limit < 0 || r.Limit > maxLimit {
		return fmt.Errorf("its limit is not between 0 and %s", maxLimit)
	}
	return nil
}

func absolute(path string) bool {
	return filepath.IsAbs(path) && filepath.Clean(path) == path && path != "/" && !strings.ContainsRune(path, 0)
}

// account is N of "uid:N", 0 of "root", and -1 of "user".
func (a Actor) account() (int, error) {
	switch a {
	case User:
		return -1, nil
	case Root:
		return 0, nil
	}
	digits, ok := strings.CutPrefix(string(a), "uid:")
	n, err := strconv.ParseUint(digits, 10, 31)
	if !ok || err != nil || UID(int(n)) != a {
		return 0, fmt.Errorf("nobody is called %q", a)
	}
	return int(n), nil
}
