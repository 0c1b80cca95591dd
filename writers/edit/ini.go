package edit

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const utf8BOM = "\ufeff"

// INI sets and removes keys of a tahoe.cfg and changes no other byte. What it writes, Python's
// ConfigParser(strict=False) reads back as the values asked for; '%' is doubled for its BasicInterpolation.
//
// A key that exists changes in its last occurrence, the one that counts, and loses the continuation lines of its
// old value. A new key goes below its commented-out line, else below the last key of its section's last occurrence;
// a new section goes to the end. Removing takes every occurrence. Comments stay, also between continuation lines.
//
// Errors are *SyntaxError for a file that Tahoe refuses, and *ChangeError. Values that mention a changed key as
// %(key)s follow it.
func INI(src []byte, changes []Change) ([]byte, error) {
	if err := checkChanges(changes); err != nil {
		return nil, err
	}
	body, bom := bytes.CutPrefix(src, []byte(utf8BOM))
	if at := invalidUTF8(body); at >= 0 {
		return nil, &SyntaxError{Line: 1 + bytes.Count(body[:at], []byte("\n")), Err: ErrEncoding}
	}
	text, added := endLine(string(body))
	for _, c := range changes {
		lines, err := scanINI(text)
		if err != nil {
			return nil, err
		}
		text = join(apply(lines, c))
	}
	if err := checkGone(text, changes); err != nil {
		return nil, err
	}
	text = unendLine(text, added)
	if bom {
		text = utf8BOM + text
	}
	return []byte(text), nil
}

func apply(lines []iniLine, c Change) []iniLine {
	key := lowerKey(c.Key)
	if c.Remove {
		for i := lastOption(lines, c.Section, key); i >= 0; i = lastOption(lines, c.Section, key) {
			lines = slices.Delete(dropContinuations(lines, i), i, i+1)
		}
		return lines
	}
	value := strings.ReplaceAll(c.Value, "%", "%%")
	if i := lastOption(lines, c.Section, key); i >= 0 {
		return setValue(lines, i, value)
	}
	return insert(lines, c, value)
}

func lastOption(lines []iniLine, section, key string) int {
	for i, l := range slices.Backward(lines) {
		if l.kind == option && l.section == section && l.key == key {
			return i
		}
	}
	return -1
}

// valueEnd is the index after the last line of the value that starts at line i.
func valueEnd(lines []iniLine, i int) int {
	end := i + 1
	for j := end; j < len(lines) && lines[j].kind != option && lines[j].kind != header; j++ {
		if lines[j].kind == continuation {
			end = j + 1
		}
	}
	return end
}

// dropContinuations takes out the further lines of a value, blank ones too, and leaves comments.
func dropContinuations(lines []iniLine, i int) []iniLine {
	end := valueEnd(lines, i)
	kept := slices.DeleteFunc(slices.Clone(lines[i+1:end]), func(l iniLine) bool { return l.kind != comment })
	return slices.Concat(lines[:i+1], kept, lines[end:])
}

func setValue(lines []iniLine, i int, value string) []iniLine {
	l := &lines[i]
	if valueEnd(lines, i) == i+1 && l.value == value {
		return lines
	}
	before, after := l.text[:l.start], l.text[l.start+len(l.value):]
	if l.value == "" && value != "" {
		before, after = openValue(l.text)
	}
	l.text = before + value + after
	return dropContinuations(lines, i)
}

// openValue splits an option line without a value where one would stand, with the blank that people write.
func openValue(text string) (before, after string) {
	before = strings.TrimRight(text, "\r\n")
	after = text[len(before):]
	switch trimmed := strings.TrimRightFunc(before, pySpace); {
	case trimmed != before: // there is a blank already
	case strings.HasSuffix(before, ":"), strings.HasSuffix(before, " ="), strings.HasSuffix(before, "\t="):
		before += " "
	}
	return before, after
}

func insert(lines []iniLine, c Change, value string) []iniLine {
	at := place(lines, c)
	if at < 0 {
		return newSection(lines, c, value)
	}
	indent, sep := style(lines, at)
	text := strings.TrimRight(indent+c.Key+sep+value, " ") + lineEnding(lines[at-1].text)
	return slices.Insert(lines, at, iniLine{text: text})
}

func newSection(lines []iniLine, c Change, value string) []iniLine {
	eol, gap := "\n", ""
	if n := len(lines); n > 0 {
		eol = lineEnding(lines[n-1].text)
		if lines[n-1].kind != blank {
			gap = eol
		}
	}
	text := gap + "[" + c.Section + "]" + eol + strings.TrimRight(c.Key+" = "+value, " ") + eol
	return append(lines, iniLine{text: text})
}

// place is the index where a new key goes, -1 when its section is missing.
func place(lines []iniLine, c Change) int {
	at := -1
	for i, l := range lines {
		if l.section != c.Section {
			continue
		}
		switch l.kind {
		case header, option, continuation:
			at = i + 1
		}
	}
	for i, l := range slices.Backward(lines) {
		if l.kind == comment && l.section == c.Section && at >= 0 && mentions(l.text, c.Key) && !insideValue(lines, i) {
			return i + 1
		}
	}
	return at
}

// mentions says whether a comment is the commented-out line of key.
func mentions(text, key string) bool {
	name, _, ok := strings.Cut(strings.TrimLeft(text, "#; \t"), "=")
	return ok && lowerKey(strings.TrimFunc(name, pySpace)) == lowerKey(key)
}

// insideValue says whether a continuation line follows a comment, so that the comment stands within a value.
func insideValue(lines []iniLine, i int) bool {
	next := significant(lines[i:])
	return next != nil && next.kind == continuation
}

func significant(lines []iniLine) *iniLine {
	for i := range lines {
		if lines[i].kind != blank && lines[i].kind != comment {
			return &lines[i]
		}
	}
	return nil
}

// style is the indentation and the separator of a new key at index at. With the indentation of the key above it
// (or below it, for the first of a section) neither it nor the line below becomes a continuation.
func style(lines []iniLine, at int) (indent, sep string) {
	near := significant(lines[at:])
	for _, l := range slices.Backward(lines[:at]) {
		if l.kind == header {
			break
		}
		if l.kind == option {
			near = &l
			break
		}
	}
	if near == nil {
		return "", " = "
	}
	indent = near.text[:len(near.text)-len(strings.TrimLeftFunc(near.text, pySpace))]
	if near.kind == option && slices.Contains([]string{"=", ":", ": ", " : "}, near.sep()) {
		return indent, near.sep()
	}
	return indent, " = "
}

// checkGone finds keys that were removed and are seen nevertheless, because [DEFAULT] has them.
func checkGone(text string, changes []Change) error {
	lines, err := scanINI(text)
	if err != nil {
		return err
	}
	for _, c := range changes {
		there := slices.ContainsFunc(lines, func(l iniLine) bool { return l.kind == header && l.section == c.Section })
		if c.Remove && there && lastOption(lines, "DEFAULT", lowerKey(c.Key)) >= 0 {
			return &ChangeError{c.Section, c.Key, ErrInherited}
		}
	}
	return nil
}

func checkChanges(changes []Change) error {
	seen := map[[2]string]bool{}
	for _, c := range changes {
		id := [2]string{c.Section, lowerKey(c.Key)}
		switch {
		case !validName(c.Section, "[]") || c.Section == "DEFAULT", !validName(c.Key, "=:") || strings.ContainsRune("#;[", rune(c.Key[0])):
			return &ChangeError{c.Section, c.Key, ErrName}
		case !c.Remove && !validValue(c.Value):
			return &ChangeError{c.Section, c.Key, ErrValue}
		case seen[id]:
			return &ChangeError{c.Section, c.Key, ErrTwice}
		}
		seen[id] = true
	}
	return nil
}

// validName is narrower than Python's rules: every name that Tahoe knows is of printable ASCII.
func validName(s, without string) bool {
	odd := func(r rune) bool { return r < ' ' || r > '~' }
	return s != "" && strings.TrimSpace(s) == s && !strings.ContainsAny(s, without) && !strings.ContainsFunc(s, odd)
}

func validValue(s string) bool {
	odd := func(r rune) bool { return unicode.IsControl(r) && r != '\t' }
	return utf8.ValidString(s) && !strings.ContainsFunc(s, odd) && strings.TrimFunc(s, pySpace) == s
}

func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

func join(lines []iniLine) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.text)
	}
	return b.String()
}
