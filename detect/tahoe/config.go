package tahoe

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Config is tahoe.cfg as Tahoe reads it (allmydata.node.read_config): UTF-8, perhaps after a byte order mark, for
// Python's ConfigParser(strict=False). Sections of one name are one, the last of several keys counts, keys have
// no case but sections do, and every section inherits the keys of [DEFAULT]. A missing file is an empty one.
type Config struct {
	sections map[string]map[string]setting
	again    []Duplicate
}

const defaultSection = "DEFAULT"

// setting is the occurrence of a key that counts.
type setting struct {
	raw  string // before interpolation
	line int
}

// ConfigError is what Tahoe says of a tahoe.cfg that it cannot use.
type ConfigError struct {
	Line    int    // from 1; 0 when the fault has no place
	Message string // Python's own words, without the secrets of FURLs
	Err     error  // the cause, one of those below
}

func (e *ConfigError) Error() string { return e.Message }
func (e *ConfigError) Unwrap() error { return e.Err }

// Causes of a ConfigError. With the first three there is no Config, with the others the value of one key is of no use.
var (
	ErrNotUTF8       = errors.New("not UTF-8")
	ErrNoHeader      = errors.New("no section header")
	ErrNoDelimiter   = errors.New("a line without a delimiter")
	ErrInterpolation = errors.New("a % that stands for itself must be doubled")
	ErrNotBoolean    = errors.New("not a boolean")
	ErrHash          = errors.New("a FURL has no #")
)

// Duplicate is a key that is set several times; the last of Lines counts.
type Duplicate struct {
	Section, Key string
	Lines        []int
}

// Duplicates are the keys that are set more than once, in the order of the file. Tahoe says nothing of them.
func (c *Config) Duplicates() []Duplicate { return c.again }

// Get is the value that Tahoe sees: inherited from [DEFAULT] where the section lacks it, and interpolated. ok is
// false when the section or the key is missing. The error is a *ConfigError.
func (c *Config) Get(section, key string) (value string, ok bool, err error) {
	s, ok := c.setting(section, key)
	if !ok {
		return "", false, nil
	}
	i := interpolation{config: c, section: section, option: lowerKey(key), from: s}
	if err := i.expand(s.raw, 1); err != nil {
		return "", true, err
	}
	value = i.out.String()
	if strings.HasSuffix(lowerKey(key), ".furl") && strings.Contains(value, "#") {
		message := fmt.Sprintf("The configuration entry '[%s]%s = %s' contained an unescaped '#' character.", section, key, value)
		return "", true, &ConfigError{Line: s.line, Message: redact(message), Err: ErrHash}
	}
	return value, true, nil
}

// Raw is the value as it stands in the file, its lines joined, '%' not interpreted.
func (c *Config) Raw(section, key string) (string, bool) {
	s, ok := c.setting(section, key)
	return s.raw, ok
}

// Bool is a value that Tahoe takes for true or false; def where it is not set.
func (c *Config) Bool(section, key string, def bool) (bool, error) {
	value, ok, err := c.Get(section, key)
	if !ok || err != nil {
		return def, err
	}
	switch strings.ToLower(value) {
	case "1", "yes", "true", "on":
		return true, nil
	case "0", "no", "false", "off":
		return false, nil
	}
	return def, &ConfigError{Line: c.Line(section, key), Message: "Not a boolean: " + redact(value), Err: ErrNotBoolean}
}

// Line is where the value that counts starts, from 1; 0 when there is none.
func (c *Config) Line(section, key string) int {
	s, _ := c.setting(section, key)
	return s.line
}

func (c *Config) setting(section, key string) (setting, bool) {
	keys, ok := c.sections[section]
	if !ok {
		return setting{}, false
	}
	s, ok := keys[lowerKey(key)]
	if !ok {
		s, ok = c.sections[defaultSection][lowerKey(key)]
	}
	return s, ok
}

// set notes an occurrence of a key; a later one takes its place.
func (c *Config) set(section, key string, s setting) {
	if was, ok := c.sections[section][key]; ok {
		i := slices.IndexFunc(c.again, func(d Duplicate) bool { return d.Section == section && d.Key == key })
		if i < 0 {
			i = len(c.again)
			c.again = append(c.again, Duplicate{section, key, []int{was.line}})
		}
		c.again[i].Lines = append(c.again[i].Lines, s.line)
	}
	c.sections[section][key] = s
}
