package tor

import (
	"strconv"
	"strings"
)

// parseBootstrap reads the value of GETINFO status/bootstrap-phase (control-spec, "BOOTSTRAP"):
//
//	NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"
func parseBootstrap(text string) Bootstrap {
	b := Bootstrap{Progress: -1}
	_, args, ok := strings.Cut(text, "BOOTSTRAP ")
	if !ok {
		return b
	}
	for _, w := range words(args) {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "PROGRESS":
			if n, err := strconv.Atoi(value); err == nil && n >= 0 && n <= 100 {
				b.Progress = n
			}
		case "TAG":
			b.Tag = value
		case "SUMMARY":
			b.Summary = value
		case "WARNING":
			b.Warning = value
		case "REASON":
			b.Reason = value
		}
	}
	return b
}

// words splits at blanks that stand outside quotes and takes the quotes off (control-spec, QuotedString).
func words(text string) []string {
	var all []string
	var w strings.Builder
	begun, quoted, escaped := false, false, false
	for _, c := range []byte(text) {
		switch {
		case escaped:
			w.WriteByte(c)
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted, begun = !quoted, true
		case c == ' ' && !quoted:
			if begun {
				all = append(all, w.String())
				w.Reset()
			}
			begun = false
		default:
			w.WriteByte(c)
			begun = true
		}
	}
	if begun {
		all = append(all, w.String())
	}
	return all
}
