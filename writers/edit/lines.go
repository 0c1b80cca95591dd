package edit

import "strings"

// lineEnding is the ending of the last line of text that has one, "\n" when none has.
func lineEnding(text string) string {
	if i := strings.LastIndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// endLine gives the last line an ending when it has none, and returns what it added.
func endLine(text string) (ended, added string) {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text, ""
	}
	added = lineEnding(text)
	return text + added, added
}

// unendLine takes the last ending away again, if endLine added one.
func unendLine(text, added string) string {
	if added == "" {
		return text
	}
	if short, ok := strings.CutSuffix(text, added); ok {
		return short
	}
	return strings.TrimSuffix(text, "\n")
}
