package tahoe

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
)

// FindNodes finds the node directories of the account: where `tahoe` makes one when not told otherwise, those
// of running nodes, and those of our units. Root sees every account's.
func FindNodes(e env.Env, h host.Facts) []string {
	var dirs []string
	add := func(dir string) {
		if filepath.IsAbs(dir) && !slices.Contains(dirs, filepath.Clean(dir)) {
			dirs = append(dirs, filepath.Clean(dir))
		}
	}
	if usual := filepath.Join(h.Account.Home, ".tahoe"); h.Account.Home != "" && isDir(e, usual) {
		add(usual)
	}
	for _, u := range h.Units {
		if dir := unitDir(string(u.Bytes)); isDir(e, dir) && (h.Process.EUID == 0 || ownedBy(e, dir, h.Account.UID)) {
			add(dir)
		}
	}
	for _, dir := range runningDirs(e, h) {
		add(dir)
	}
	return dirs
}

func isDir(e env.Env, path string) bool {
	info, err := e.Stat(path)
	return err == nil && info.Mode.IsDir()
}

func ownedBy(e env.Env, path string, uid int) bool {
	info, err := e.Stat(path)
	return err == nil && info.UID == uid
}

// unitDir is the node directory that a unit's ExecStart names.
func unitDir(unit string) string {
	for l := range strings.Lines(unit) {
		if argv, ok := strings.CutPrefix(strings.TrimSpace(l), "ExecStart="); ok {
			return runDir(strings.Fields(argv))
		}
	}
	return ""
}

// runningDirs are the directories of `tahoe run` processes, of the account or, for root, of anybody.
func runningDirs(e env.Env, h host.Facts) []string {
	names, err := e.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var dirs []string
	for _, name := range names {
		if _, err := strconv.Atoi(name); err != nil {
			continue
		}
		path := filepath.Join("/proc", name)
		b, err := e.ReadFile(filepath.Join(path, "cmdline"))
		if err != nil || !strings.Contains(string(b), "tahoe\x00") {
			continue
		}
		if h.Process.EUID != 0 && !ownedBy(e, path, h.Account.UID) {
			continue
		}
		dir := runDir(strings.Split(strings.TrimRight(string(b), "\x00"), "\x00"))
		if dir != "" && !filepath.IsAbs(dir) {
			cwd, err := e.Readlink(filepath.Join(path, "cwd")) // Tahoe changes to the node directory itself
			if err != nil {
				continue
			}
			dir = cwd
		}
		if dir != "" {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// runDir finds DIR in `[python3] tahoe [-d DIR] run [options] [DIR]`; without one it is empty (then it is ~/.tahoe).
func runDir(argv []string) string {
	i := slices.IndexFunc(argv, func(a string) bool { return filepath.Base(a) == "tahoe" })
	if i < 0 {
		return ""
	}
	dir, run := "", false
	for j := i + 1; j < len(argv); j++ {
		a := argv[j]
		switch {
		case a == "-d" || a == "-C" || a == "--node-directory" || a == "--basedir":
			if j++; j < len(argv) {
				dir = argv[j]
			}
		case strings.HasPrefix(a, "--node-directory=") || strings.HasPrefix(a, "--basedir="):
			_, dir, _ = strings.Cut(a, "=")
		case strings.HasPrefix(a, "-"):
		case !run && a == "run":
			run = true
		case !run:
			return "" // another command
		default:
			return a
		}
	}
	if !run {
		return ""
	}
	return dir
}
