package tahoe

import (
	"path/filepath"

	"gopkg.in/yaml.v3"

	"tahoe-anon/detect/env"
)

// introducers are those of private/introducers.yaml and of [client] introducer.furl, which Tahoe calls "default".
// What is not a FURL is left out.
func introducers(e env.Env, dir string, c *Config) map[string]FURL {
	found := map[string]FURL{}
	if b, err := e.ReadFile(filepath.Join(dir, "private/introducers.yaml")); err == nil {
		found = parseIntroducers(b)
	}
	if c != nil {
		if value, set, err := c.Get("client", "introducer.furl"); err == nil && set {
			if f, err := ParseFURL(value); err == nil {
				found["default"] = f
			}
		}
	}
	return found
}

// parseIntroducers reads {introducers: {PETNAME: {furl: FURL}}}.
func parseIntroducers(b []byte) map[string]FURL {
	found := map[string]FURL{}
	var file struct {
		Introducers map[string]struct {
			FURL string `yaml:"furl"`
		} `yaml:"introducers"`
	}
	if yaml.Unmarshal(b, &file) != nil {
		return found
	}
	for petname, i := range file.Introducers {
		if f, err := ParseFURL(i.FURL); err == nil {
			found[petname] = f
		}
	}
	return found
}
