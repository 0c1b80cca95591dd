package edit

import (
	"bytes"
	"strings"
)

// entry is one option of a torrc with its place in the file. Offsets are in the file's bytes.
type entry struct {
	key      string // lower-case, without the magic
	magic    byte   // '+', '/' or 0
	value    string
	from     int  // start of the first physical line
	val, end int  // the value as written: from its first byte to after its last, blanks and comments excluded
	next     int  // start of the line after
	open     bool // the file ends within a continued value
}

// torrc is a file that tor can read.
type torrc struct {
	src     []byte
	entries []entry
}

// scanTorrc reads a file as tor does (parse_config_line_from_str_verbose in its confline.c): it drops every
// carriage return, then takes entries one after the other. Once a value is continued by a backslash, comments in
// it are skipped with their line end, so that they end neither the value nor the continuation.
func scanTorrc(src []byte) (*torrc, error) {
	if bytes.HasPrefix(src, []byte(utf8BOM)) {
		return nil, &SyntaxError{Line: 1, Err: ErrBOM}
	}
	if i := bytes.IndexByte(src, 0); i >= 0 {
		return nil, &SyntaxError{Line: 1 + bytes.Count(src[:i], []byte("\n")), Err: ErrNUL}
	}
	s := &torrcScanner{src: src, text: make([]byte, 0, len(src)), at: make([]int, 0, len(src))}
	for i, c := range src {
		if c != '\r' {
			s.text, s.at = append(s.text, c), append(s.at, i)
		}
	}
	t := &torrc{src: src}
	for s.skipBlank(); s.i < len(s.text); s.skipBlank() {
		e, err := s.entry()
		if err != nil {
			return nil, &SyntaxError{Line: 1 + bytes.Count(src[:e.from], []byte("\n")), Err: err}
		}
		t.entries = append(t.entries, e)
	}
	return t, nil
}

type torrcScanner struct {
	src  []byte
	text []byte // src without carriage returns
	at   []int  // where each byte of text is in src
	i    int    // in text
}

func (s *torrcScanner) peek() byte {
	if s.i < len(s.text) {
		return s.text[s.i]
	}
	return 0 // as in C; there is no NUL in text
}

func (s *torrcScanner) escapedEnd() bool { return bytes.HasPrefix(s.text[s.i:], []byte("\\\n")) }

func (s *torrcScanner) skip(set string) {
	for s.i < len(s.text) && strings.IndexByte(set, s.text[s.i]) >= 0 {
		s.i++
	}
}

func (s *torrcScanner) skipLine() {
	for s.i < len(s.text) && s.text[s.i] != '\n' {
		s.i++
	}
}

func (s *torrcScanner) skipBlank() {
	for {
		s.skip(" \t\n\v\f")
		if s.peek() != '#' {
			return
		}
		s.skipLine()
	}
}

func (s *torrcScanner) entry() (entry, error) {
	e := entry{from: s.lineStart()}
	start := s.i
	for s.i < len(s.text) && strings.IndexByte(" \t\n\v\f#", s.text[s.i]) < 0 && !s.escapedEnd() {
		s.i++
	}
	e.key = strings.Map(lowerASCII, string(s.text[start:s.i]))
	if strings.HasPrefix(e.key, "+") || strings.HasPrefix(e.key, "/") {
		e.magic, e.key = e.key[0], e.key[1:]
	}
	s.skip(" \t")
	start = s.i
	var err error
	if s.peek() == '"' {
		e.value, err = s.quoted()
		e.val, e.end = s.span(start, s.i)
		s.skip(" \t")
		if c := s.peek(); err == nil && c != 0 && c != '#' && c != '\n' {
			err = ErrExcess
		}
	} else {
		var end int
		e.value, end, e.open = s.plain()
		e.val, e.end = s.span(start, end)
	}
	s.skipLine()
	e.next = len(s.src)
	if s.i < len(s.text) {
		e.next = s.at[s.i] + 1
	}
	return e, err
}

// lineStart is where the physical line of the next byte starts in the file.
func (s *torrcScanner) lineStart() int {
	return bytes.LastIndexByte(s.src[:s.at[s.i]], '\n') + 1
}

func (s *torrcScanner) span(from, to int) (start, end int) {
	if from == to {
		end = len(s.src)
		if from > 0 {
			end = s.at[from-1] + 1
		}
		return end, end
	}
	return s.at[from], s.at[to-1] + 1
}

// plain reads a value without quotes and leaves the scanner at the line end or comment that ends it.
func (s *torrcScanner) plain() (value string, end int, open bool) {
	start, continued := s.i, false
	for s.i < len(s.text) && s.peek() != '\n' && (continued || s.peek() != '#') {
		switch {
		case s.escapedEnd():
			continued = true
			s.i += 2
		case s.peek() == '#':
			s.skipLine()
			s.i = min(s.i+1, len(s.text))
		default:
			s.i++
		}
	}
	raw := bytes.TrimRight(s.text[start:s.i], " \t\n\v\f")
	end = start + len(raw)
	if continued {
		raw = joinContinued(raw)
	}
	return string(raw), end, continued && s.i == len(s.text)
}

// joinContinued takes the backslashes with their line ends, and the comments with theirs, out of a value.
func joinContinued(raw []byte) []byte {
	var out []byte
	for i := 0; i < len(raw); i++ {
		switch {
		case raw[i] == '#':
			for i < len(raw) && raw[i] != '\n' {
				i++
			}
		case bytes.HasPrefix(raw[i:], []byte("\\\n")):
			i++
		default:
			out = append(out, raw[i])
		}
	}
	return out
}

// quoted reads a C string as unescape_string in tor's cstring.c does. It may not span lines.
func (s *torrcScanner) quoted() (string, error) {
	var out []byte
	for s.i++; ; s.i++ {
		switch c := s.peek(); c {
		case 0, '\n':
			return "", ErrEscape
		case '"':
			s.i++
			text, _, _ := strings.Cut(string(out), "\x00") // a C string ends there
			return text, nil
		case '\\':
			c, n := unescape(s.text[s.i+1:])
			if n == 0 {
				return "", ErrEscape
			}
			out = append(out, c)
			s.i += n
		default:
			out = append(out, c)
		}
	}
}

// unescape decodes what follows a backslash; n is how many bytes it took, 0 for a wrong escape.
func unescape(b []byte) (c byte, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	if i := strings.IndexByte(`nrt"\'`, b[0]); i >= 0 {
		return "\n\r\t\"\\'"[i], 1
	}
	if b[0] == 'x' || b[0] == 'X' {
		if len(b) < 3 || digit(b[1], 16) < 0 || digit(b[2], 16) < 0 {
			return 0, 0
		}
		return byte(digit(b[1], 16)<<4 | digit(b[2], 16)), 3
	}
	value := 0
	for n < min(len(b), 3) && digit(b[n], 8) >= 0 {
		value = value*8 + digit(b[n], 8)
		n++
	}
	if value > 255 {
		return 0, 0
	}
	return byte(value), n
}

func digit(c byte, base int) int {
	i := strings.IndexByte("0123456789abcdef", c|0x20)
	if c < '0' || i >= base {
		return -1
	}
	return i
}

// lowerASCII is strcasecmp's idea of case.
func lowerASCII(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}
