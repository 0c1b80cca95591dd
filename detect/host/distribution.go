package host

import (
	"strings"

	"tahoe-anon/detect/env"
)

func distribution(e env.Env) Distribution {
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} { // the order of os-release(5)
		if b, err := e.ReadFile(path); err == nil {
			return parseRelease(string(b))
		}
	}
	return Distribution{}
}

// parseRelease reads os-release(5): assignments as a shell would take them, without expansion.
func parseRelease(text string) Distribution {
	var d Distribution
	for l := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(l), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		value = unquote(value)
		switch key {
		case "ID":
			d.ID = value
		case "ID_LIKE":
			d.Like = strings.Fields(value)
		case "VERSION_ID":
			d.Version = value
		case "PRETTY_NAME":
			d.Name = value
		}
	}
	return d
}

// unquote takes off a shell word's quotes and backslashes.
func unquote(word string) string {
	if len(word) < 2 || word[0] != '"' && word[0] != '\'' || word[len(word)-1] != word[0] {
		return word
	}
	inner := word[1 : len(word)-1]
	if word[0] == '\'' {
		return inner
	}
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\$`, `$`, "\\`", "`").Replace(inner)
}
