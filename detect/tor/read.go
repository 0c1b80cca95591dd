package tor

import (
	"errors"
	"io/fs"
	"strings"

	"tahoe-anon/detect/env"
)

// seen turns the error of a stat(2) into an answer: what we may not look at is unknown.
func seen(err error) env.Answer {
	switch {
	case err == nil:
		return env.Yes
	case errors.Is(err, fs.ErrNotExist):
		return env.No
	}
	return env.Unknown
}

// parseHostname reads the hostname file that tor writes: the address in one line.
func parseHostname(b []byte) string {
	name, ok := strings.CutSuffix(strings.TrimSpace(string(b)), ".onion")
	if !ok || ValidAddress(name) != nil {
		return ""
	}
	return name
}

// readTorrc reads the configuration as tor does, and adds who owns each file, and where tor could not read on.
func readTorrc(e env.Env, defaults, torrc string) ([]Line, []File) {
	lines, files, err := ReadTorrc(e.ReadFile, e.ReadDir, defaults, torrc)
	broken, _ := errors.AsType[*TorrcError](err)
	for i := range files {
		f := &files[i]
		if info, err := e.Stat(f.Path); err == nil {
			f.Mode, f.UID, f.GID = info.Mode, info.UID, info.GID
		}
		if broken != nil && broken.File == f.Path && f.Err == "" {
			f.Err = broken.Error()
		}
	}
	return lines, files
}

// value is what Option finds, without its line.
func value(lines []Line, key string) string {
	l, _ := Option(lines, key)
	return l.Value
}
