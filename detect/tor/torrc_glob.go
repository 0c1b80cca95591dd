package tor

import (
	"path"
	"slices"
	"strings"
)

// hasGlob says whether a path of %include is a pattern to tor: it has a * or ? that no backslash precedes.
func hasGlob(s string) bool {
	for i := range len(s) {
		if (s[i] == '*' || s[i] == '?') && (i == 0 || s[i-1] != '\\') {
			return true
		}
	}
	return false
}

// glob is glob(3) with the flags that tor gives it, sorted as tor sorts: by bytes. Without a match it is empty.
func glob(list func(string) ([]string, error), pattern string) []string {
	dirs := strings.HasSuffix(pattern, "/")
	var found []string
	for _, p := range expand(list, "", pattern) {
		p = strings.TrimRight(p, "/")
		if _, err := list(p); dirs && err != nil {
			continue
		}
		found = append(found, p)
	}
	slices.Sort(found)
	return found
}

// expand returns the paths that start with done and match pattern from there on.
func expand(list func(string) ([]string, error), done, pattern string) []string {
	rest := strings.TrimLeft(pattern, "/")
	done += pattern[:len(pattern)-len(rest)]
	if rest == "" {
		return []string{done}
	}
	part, rest := cutPart(rest)
	dir := done
	if dir == "" {
		dir = "."
	}
	names, err := list(dir)
	if err != nil {
		return nil
	}
	var found []string
	for _, name := range append([]string{".", ".."}, names...) { // which readdir(3) lists too
		if matches(part, name) {
			found = append(found, expand(list, done+name, rest)...)
		}
	}
	return found
}

func cutPart(s string) (part, rest string) {
	if i := strings.IndexByte(s, '/'); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// matches is fnmatch(3) for one name; a leading dot must be written out.
func matches(part, name string) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(part, ".") {
		return false
	}
	ok, err := path.Match(strings.ReplaceAll(part, "[!", "[^"), name)
	return ok && err == nil || err != nil && part == name
}
