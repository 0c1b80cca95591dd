package tor

import (
	"bytes"
	"strings"
)

// torrcScanner takes the options of one file, one after the other: parse_config_line_from_str_verbose in tor's
// confline.c.
type torrcScanner struct {
	text   string // without carriage returns, up to the first NUL, as read_file_to_str leaves it
	i      int
	number int // lines before i, from 1
	line   Line
	err    error
}

func newTorrcScanner(b []byte) *torrcScanner {
	b, _, _ = bytes.Cut(b, []byte{0})
	return &torrcScanner{text: strings.ReplaceAll(string(b), "\r", ""), number: 1}
}

const (
	horizontal = " \t"
	white      = " \t\n\v\f" // TOR_ISSPACE; carriage returns are gone
)

// next reads an option into line and says whether there was one.
func (s *torrcScanner) next() bool {
	start := s.i
	s.skipBlank()
	s.number += strings.Count(s.text[start:s.i], "\n")
	if s.i == len(s.text) || s.err != nil {
		return false
	}
	start = s.i
	s.line = Line{Number: s.number}
	s.key()
	s.skip(horizontal)
	if strings.HasPrefix(s.text[s.i:], `"`) {
		s.quoted()
	} else {
		s.plain()
	}
	if s.line.Magic == '/' { // it clears; tor drops the value
		s.line.Value = ""
	}
	s.number += strings.Count(s.text[start:s.i], "\n")
	return s.err == nil
}

func (s *torrcScanner) skip(set string) {
	s.i = len(s.text) - len(strings.TrimLeft(s.text[s.i:], set))
}

func (s *torrcScanner) skipLine() {
	if n := strings.IndexByte(s.text[s.i:], '\n'); n >= 0 {
		s.i += n
		return
	}
	s.i = len(s.text)
}

func (s *torrcScanner) skipBlank() {
	for s.skip(white); strings.HasPrefix(s.text[s.i:], "#"); s.skip(white) {
		s.skipLine()
	}
}

func (s *torrcScanner) key() {
	start := s.i
	for s.i < len(s.text) && strings.IndexByte(white+"#", s.text[s.i]) < 0 && !strings.HasPrefix(s.text[s.i:], "\\\n") {
		s.i++
	}
	key := s.text[start:s.i]
	if strings.HasPrefix(key, "+") || strings.HasPrefix(key, "/") {
		s.line.Magic, key = key[0], key[1:]
	}
	s.line.Key = key
}

// plain reads a value without quotes. A backslash at a line's end continues it, and from then on comments are
// skipped with their line end, which so does not end the value either.
func (s *torrcScanner) plain() {
	start, continued := s.i, false
	for ; s.i < len(s.text) && s.text[s.i] != '\n'; s.i++ {
		switch {
		case strings.HasPrefix(s.text[s.i:], "\\\n"):
			continued = true
			s.i++
		case s.text[s.i] == '#' && !continued:
			s.line.Value = strings.TrimRight(s.text[start:s.i], white)
			s.skipLine()
			return
		case s.text[s.i] == '#':
			s.skipLine()
		}
	}
	s.i = min(s.i, len(s.text))
	value := strings.TrimRight(s.text[start:s.i], white)
	if continued {
		value = uncontinued(value)
	}
	s.line.Value = value
}

// uncontinued takes comments and backslashes out of a continued value, with their line ends.
func uncontinued(value string) string {
	var b strings.Builder
	for value != "" {
		if rest, ok := strings.CutPrefix(value, "\\\n"); ok {
			value = rest
			continue
		}
		if value[0] == '#' {
			_, value, _ = strings.Cut(value, "\n")
			continue
		}
		b.WriteByte(value[0])
		value = value[1:]
	}
	return b.String()
}

// quoted reads a C string, which may not span lines: unescape_string in tor's cstring.c.
func (s *torrcScanner) quoted() {
	value, rest, ok := unescape(s.text[s.i:])
	if !ok {
		s.err = ErrEscape
		return
	}
	s.line.Value = value
	s.i = len(s.text) - len(rest)
	s.skip(horizontal)
	if s.i < len(s.text) && s.text[s.i] != '#' && s.text[s.i] != '\n' {
		s.err = ErrExcess
		return
	}
	s.skipLine()
}

// unescape decodes the C string that text starts with.
func unescape(text string) (value, rest string, ok bool) {
	var b strings.Builder
	for text = text[1:]; text != "" && text[0] != '\n'; {
		switch {
		case text[0] == '"':
			value, _, _ = strings.Cut(b.String(), "\x00") // a C string ends there
			return value, text[1:], true
		case text[0] != '\\':
			b.WriteByte(text[0])
			text = text[1:]
		default:
			c, n := escape(text[1:])
			if n == 0 {
				return "", "", false
			}
			b.WriteByte(c)
			text = text[1+n:]
		}
	}
	return "", "", false
}

// escape decodes what follows a backslash; n is the number of bytes that it takes, 0 for a wrong one.
func escape(s string) (c byte, n int) {
	if s == "" {
		return 0, 0
	}
	if i := strings.IndexByte(`nrt"'\`, s[0]); i >= 0 {
		return "\n\r\t\"'\\"[i], 1
	}
	base, most := 8, 3
	if s[0] == 'x' || s[0] == 'X' {
		base, most, s = 16, 2, s[1:]
	}
	value, digits := 0, 0
	for digits < min(most, len(s)) && digitOf(s[digits]) < base {
		value = value*base + digitOf(s[digits])
		digits++
	}
	if digits == 0 || base == 16 && digits < 2 || value > 255 {
		return 0, 0
	}
	return byte(value), digits + (base-8)/8 // the x
}

func digitOf(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return 99
}
