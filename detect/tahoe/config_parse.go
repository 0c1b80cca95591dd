package tahoe

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParseConfig reads a tahoe.cfg. Its error is a *ConfigError.
func ParseConfig(b []byte) (*Config, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if err := decode(b); err != nil {
		return nil, err
	}
	p := configParser{config: &Config{sections: map[string]map[string]setting{defaultSection: {}}}}
	for raw := range strings.Lines(string(b)) {
		p.number++
		if err := p.line(raw); err != nil {
			return nil, err
		}
	}
	p.finish()
	if p.bad != nil {
		return nil, p.bad
	}
	return p.config, nil
}

// configParser is RawConfigParser._read: the lines end at \n alone, what it strips is what str.strip() strips, and a
// line that is indented more than the key above it continues that key's value.
type configParser struct {
	config  *Config
	number  int
	section string
	inside  bool // of a section
	key     string
	first   int // line of key
	value   []string
	depth   int // indentation of the key, in characters
	bad     *ConfigError
}

func (p *configParser) line(raw string) error {
	value := strings.TrimFunc(raw, pySpace)
	depth := utf8.RuneCountInString(raw[:len(raw)-len(strings.TrimLeftFunc(raw, pySpace))])
	switch {
	case value == "":
		if p.key != "" {
			p.value = append(p.value, "")
		}
	case value[0] == '#' || value[0] == ';': // they interrupt no value
	case p.key != "" && depth > p.depth:
		p.value = append(p.value, value)
	default:
		p.depth = depth
		return p.start(raw, value)
	}
	return nil
}

// start takes a line that continues nothing: a section's header or a key.
func (p *configParser) start(raw, value string) error {
	if name, ok := header(value); ok {
		p.finish()
		p.section, p.inside, p.key = name, true, ""
		if p.config.sections[name] == nil {
			p.config.sections[name] = map[string]setting{}
		}
		return nil
	}
	if !p.inside {
		message := fmt.Sprintf("File contains no section headers.\nfile: '<string>', line: %d\n%s", p.number, pyRepr(raw))
		return &ConfigError{Line: p.number, Message: redact(message), Err: ErrNoHeader}
	}
	i := strings.IndexAny(value, "=:")
	if i <= 0 {
		p.complain(raw)
	}
	if i >= 0 {
		p.finish()
		p.key = lowerKey(strings.TrimRightFunc(value[:i], pySpace))
		p.first, p.value = p.number, []string{strings.TrimLeftFunc(value[i+1:], pySpace)}
	}
	return nil
}

// complain adds to the error that Python raises at the end of the file, with all wrong lines in one text.
func (p *configParser) complain(raw string) {
	if p.bad == nil {
		p.bad = &ConfigError{Line: p.number, Message: "Source contains parsing errors: '<string>'", Err: ErrNoDelimiter}
	}
	p.bad.Message += fmt.Sprintf("\n\t[line %2d]: %s", p.number, redact(pyRepr(raw)))
}

// finish stores the value whose lines were read.
func (p *configParser) finish() {
	if p.key != "" {
		raw := strings.TrimRightFunc(strings.Join(p.value, "\n"), pySpace)
		p.config.set(p.section, p.key, setting{raw, p.first})
		p.key = ""
	}
}

// header is configparser's SECTCRE, `\[(.+)\]`: up to the last bracket, what follows is ignored.
func header(value string) (string, bool) {
	end := strings.LastIndexByte(value, ']')
	if value[0] != '[' || end < 2 {
		return "", false
	}
	return value[1:end], true
}

// decode refuses what Python's UTF-8 decoder refuses, in its words.
func decode(b []byte) error {
	for i := 0; i < len(b); {
		_, n := utf8.DecodeRune(b[i:])
		if !utf8.Valid(b[i : i+n]) {
			reason, n := undecodable(b[i:])
			where := fmt.Sprintf("byte 0x%02x in position %d", b[i], i)
			if n > 1 {
				where = fmt.Sprintf("bytes in position %d-%d", i, i+n-1)
			}
			return &ConfigError{
				Line:    1 + bytes.Count(b[:i], []byte("\n")),
				Message: fmt.Sprintf("'utf-8' codec can't decode %s: %s", where, reason),
				Err:     ErrNotUTF8,
			}
		}
		i += n
	}
	return nil
}

// undecodable says why b does not start with a character, and how many bytes are to blame: the longest start of
// one (Unicode 3.9, "maximal subpart").
func undecodable(b []byte) (reason string, n int) {
	size, low, high := 0, byte(0x80), byte(0xbf)
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		size = 2
	case c >= 0xe0 && c <= 0xef:
		size = 3
	case c >= 0xf0 && c <= 0xf4:
		size = 4
	default:
		return "invalid start byte", 1
	}
	switch b[0] {
	case 0xe0:
		low = 0xa0
	case 0xed:
		high = 0x9f
	case 0xf0:
		low = 0x90
	case 0xf4:
		high = 0x8f
	}
	for n = 1; n < size; n++ {
		if n == len(b) {
			return "unexpected end of data", n
		}
		if b[n] < low || b[n] > high {
			break
		}
		low, high = 0x80, 0xbf
	}
	return "invalid continuation byte", n
}

// lowerKey is Python's str.lower(), which makes two characters of İ where Go's makes a plain i.
func lowerKey(s string) string { return strings.ToLower(strings.ReplaceAll(s, "İ", "i\u0307")) }

// pySpace is Python's str.isspace(); the information separators are not blank to Go.
func pySpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// pyRepr is Python's repr() of a string.
func pyRepr(s string) string {
	quote := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = `"`
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\\' || string(r) == quote:
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return quote + b.String() + quote
}
