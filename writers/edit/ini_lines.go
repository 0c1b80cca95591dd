package edit

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	blank kind = iota
	comment
	header
	option
	continuation // of the value of the option above
)

// iniLine is one physical line with what Python's configparser makes of it.
type iniLine struct {
	text    string // with its line ending
	kind    kind
	section string
	key     string // of an option and its continuations, lower-case
	value   string // of an option or a continuation, on this line
	keyEnd  int    // where the key ends in text, and
	start   int    // where the value starts, for an option
}

// sep is the delimiter of an option with the blanks around it.
func (l iniLine) sep() string { return l.text[l.keyEnd:l.start] }

// scanINI reads text as RawConfigParser._read does with strict=False and every other default, which is how Tahoe
// opens tahoe.cfg: the lines end at \n alone, and blanks are what str.strip() strips.
func scanINI(text string) ([]iniLine, error) {
	var lines []iniLine
	var section, key string
	depth, inSection := 0, false
	for raw := range strings.Lines(text) {
		l := iniLine{text: raw, section: section}
		value := strings.TrimFunc(raw, pySpace)
		left := len(raw) - len(strings.TrimLeftFunc(raw, pySpace))
		indent := utf8.RuneCountInString(raw[:left])
		switch {
		case value == "":
			l.kind = blank
		case value[0] == '#' || value[0] == ';':
			l.kind = comment
		case key != "" && indent > depth:
			l.kind, l.key, l.value = continuation, key, value
		default:
			depth, key = indent, ""
			if name, ok := sectionName(value); ok {
				section, inSection = name, true
				l.kind, l.section = header, name
				break
			}
			if !inSection {
				return nil, &SyntaxError{Line: len(lines) + 1, Err: ErrNoHeader}
			}
			name, rest, ok := cutOption(value)
			if !ok {
				return nil, &SyntaxError{Line: len(lines) + 1, Err: ErrNoDelimiter}
			}
			key = lowerKey(name)
			l.kind, l.key, l.value = option, key, rest
			l.keyEnd, l.start = left+len(name), left+len(value)-len(rest)
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// sectionName is configparser's SECTCRE, `\[(.+)\]`: up to the last bracket, what follows is ignored.
func sectionName(value string) (string, bool) {
	end := strings.LastIndexByte(value, ']')
	if value[0] != '[' || end < 2 {
		return "", false
	}
	return value[1:end], true
}

func cutOption(value string) (key, rest string, ok bool) {
	i := strings.IndexAny(value, "=:")
	if i < 0 {
		return "", "", false
	}
	key = strings.TrimRightFunc(value[:i], pySpace)
	return key, strings.TrimLeftFunc(value[i+1:], pySpace), key != ""
}

// lowerKey is Python's str.lower(), which makes two characters of İ where Go's makes a plain i.
func lowerKey(s string) string {
	return strings.ToLower(strings.ReplaceAll(s, "İ", "i\u0307"))
}

// pySpace is Python's str.isspace(); the information separators are not blank to Go.
func pySpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
