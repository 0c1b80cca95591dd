package tor

import (
	"io/fs"
	"path/filepath"
	"slices"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
)

// groupCause says why path is closed to this process: it, or a directory above it, is open to a group that
// the account is not in, or that this login does not have yet. need are the group's mode bits that path asks
// for. The cause is empty when no group would help.
func groupCause(e env.Env, h host.Facts, path string, need fs.FileMode) (cause Cause, group string) {
	info, err := e.Stat(path)
	for err != nil {
		parent := filepath.Dir(path)
		if parent == path {
			return "", ""
		}
		path, need = parent, 0o010 // a directory above keeps us out: its group would need to search it
		info, err = e.Stat(path)
	}
	if info.Mode&need != need {
		return "", ""
	}
	group = host.Group(e, info.GID)
	switch {
	case slices.Contains(h.Process.Groups, group):
		return "", ""
	case slices.Contains(h.Account.Groups, group):
		return GroupNotEffective, group
	}
	return GroupMissing, group
}
