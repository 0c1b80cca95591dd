package writers

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// torrc allows a torrc that differs from the one that is there in lines of onion services alone, and only after
// tor itself has judged it as tor's own account.
func (c *checker) torrc(s *Step, content []byte) error {
	w := s.Write
	if w.Secret != "" {
		return fmt.Errorf("a torrc is no secret")
	}
	if err := c.judge(w.Verify); err != nil {
		return err
	}
	if len(w.Leaves) > 0 || w.MakeDir != 0 {
		return fmt.Errorf("tor's directory of settings is not ours to make")
	}
	var before []byte
	if w.Was == nil {
		if w.Mode != 0o644 || w.UID != 0 || w.GID != 0 {
			return fmt.Errorf("a new torrc is root's, and 0644")
		}
		if _, err := os.Lstat(w.Path); err == nil {
			return &ChangedError{Step: s.ID, Path: w.Path, Why: differs(&Was{}, nil)}
		}
	} else {
		var err error
		if before, err = readRegular(w.Path); err != nil {
			return err
		}
		if SumOf(before) != w.Was.Sum {
			return &ChangedError{Step: s.ID, Path: w.Path, Why: "its content differs"}
		}
	}
	if err := torrcChange(c.TorData, before, content); err != nil {
		return err
	}
	return c.othersKept(before, content)
}

// torrcChange says whether two torrcs are the same but for lines that are ours to add and remove: what is left of
// them without these must be the same, line by line.
func torrcChange(data string, before, after []byte) error {
	if bytes.IndexByte(after, 0) >= 0 {
		return fmt.Errorf("a torrc ends at its first zero byte")
	}
	if !slices.Equal(foreign(data, before), foreign(data, after)) {
		return fmt.Errorf("it changes more of the torrc than lines of onion services on this host")
	}
	return nil
}

// foreign are the lines of a torrc that are not ours to add or remove. A line of the right form that continues one
// before it is part of that one: "\" at the end of a line joins the next, across comments (tor(1)).
func foreign(data string, torrc []byte) []string {
	var kept []string
	joined := false
	for _, l := range torrcLines(torrc) {
		comment := strings.HasPrefix(strings.TrimLeft(l, " \t"), "#")
		ends := strings.HasSuffix(strings.TrimRight(l, " \t\r"), `\`)
		if joined || ends || !ours(data, l) {
			kept = append(kept, l)
		}
		joined = ends || joined && comment
	}
	return kept
}

// torrcLines splits at newlines, and only there, as tor does; the last newline is a matter of taste.
func torrcLines(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

var (
	serviceDir  = regexp.MustCompile(`^HiddenServiceDir[ \t]+(/.+)$`)
	servicePort = regexp.MustCompile(`^HiddenServicePort[ \t]+([0-9]{1,5})[ \t]+127\.0\.0\.1:([0-9]{1,5})$`)
)

// ours says whether a line is of a form that we add and remove: an onion service that leads to this host, a comment,
// nothing.
func ours(data, l string) bool {
	l = strings.TrimRight(strings.TrimSuffix(l, "\r"), " \t")
	if !text([]byte(l)) {
		return false
	}
	if l == "" || l[0] == '#' {
		return true
	}
	if m := serviceDir.FindStringSubmatch(l); m != nil {
		dir, ok := strings.CutPrefix(strings.TrimSuffix(m[1], "/"), data+"/")
		return ok && serviceName.MatchString(dir)
	}
	m := servicePort.FindStringSubmatch(l)
	return m != nil && port(m[1]) && port(m[2])
}

func port(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= 65535 && s[0] != '0'
}

var defaultsFile = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,80}$`)

// judge allows tor to read its defaults and the candidate, and nothing else, as its own account.
func (c *checker) judge(v *Verify) error {
	switch {
	case v == nil:
		return fmt.Errorf("no torrc is replaced before tor has judged it")
	case c.tor == nil || v.As != UID(c.tor.UID):
		return fmt.Errorf("tor judges as its own account")
	case !slices.Contains(c.Judges, v.Argv[0]):
		return fmt.Errorf("%q is not tor", v.Argv[0])
	}
	args := v.Argv[1:]
	if len(args) > 2 && args[0] == "--defaults-torrc" {
		file, ok := strings.CutPrefix(args[1], c.Shared+"/")
		if !ok || !defaultsFile.MatchString(file) {
			return fmt.Errorf("%q is not one of tor's defaults", args[1])
		}
		args = args[2:]
	}
	if !slices.Equal(args, []string{"-f", Candidate, "--User", "", "--verify-config"}) {
		return fmt.Errorf("tor does not judge by %q", v.Argv)
	}
	return nil
}
