package writers

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// saved is a plan on its way to an administrator, with its secrets.
type saved struct {
	Schema  int     `json:"schema"`
	Plan    Plan    `json:"plan"`
	Secrets Secrets `json:"secrets,omitempty"`
}

// SavePlan writes a plan and its secrets into dir, which becomes 0700, for an administrator to apply, and returns
// the file's path. The file is 0600: root reads it anyway.
func SavePlan(dir string, p Plan, secrets Secrets) (string, error) {
	if err := p.valid(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return "", err
	}
	b, err := json.MarshalIndent(saved{Schema: Schema, Plan: p, Secrets: secrets}, "", "\t")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, p.ID+".json")
	return path, keep(path, append(b, '\n'), 0o600)
}

// LoadPlan reads what SavePlan wrote, and says whose it is: in that account's name it is to be applied. It refuses a
// file that others than its owner could have written or read.
func LoadPlan(path string) (p Plan, secrets Secrets, owner Caller, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return p, nil, owner, err
	}
	defer f.Close()
	if owner.UID, err = trusted(f); err != nil {
		return p, nil, owner, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxLine))
	if err != nil {
		return p, nil, owner, err
	}
	var s saved
	if err := decode(b, &s); err != nil {
		return p, nil, owner, &RefusedError{Why: path + " is not a plan of this program"}
	}
	if s.Schema != Schema {
		return p, nil, owner, &SchemaError{What: path, Schema: s.Schema}
	}
	if err := s.Plan.valid(); err != nil {
		return p, nil, owner, err
	}
	return s.Plan, s.Secrets, owner, s.Plan.complete(s.Secrets, func(Actor) bool { return true })
}

// trusted says whose file it is, if it is that account's alone. A second name could be a trick: somebody's link, in
// a directory of his, to a plan of somebody else.
func trusted(f *os.File) (uid int, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	why := ""
	switch stat := info.Sys().(*syscall.Stat_t); {
	case !info.Mode().IsRegular():
		why = "it is not a regular file"
	case info.Mode().Perm()&0o077 != 0:
		why = fmt.Sprintf("others may read or write it (mode %v, not 0600)", info.Mode().Perm())
	case stat.Nlink != 1:
		why = "it has a second name"
	}
	if why != "" {
		return 0, &UntrustedError{Path: f.Name(), Why: why}
	}
	return uidOf(info), nil
}
