package tahoeanon_test

import (
	"bytes"
	"os"
	"regexp"
	"testing"
)

// foreign are words that belong to one machine or to one day, and not into the project. They are in pieces here, so
// that this file does not hold them.
var foreign = []struct{ pattern, why string }{
	{`(^|[\s"'` + "`" + `=(:,])/(wo` + `rk/|ro` + `ot/(go|\.cache|\.pyenv)/)`, "is a path of the machine on which somebody wrote it"},
	{`(?i)proxy\.go` + `lang\.org|sum\.go` + `lang\.org|py` + `pi\.org|npm` + `js\.(com|org)|deb\.deb` + `ian\.org|go` + `proxy\.`, "is the address of a package registry: the machine's own settings name one"},
}

func TestNothingForeign(t *testing.T) {
	for _, f := range foreign {
		pattern := regexp.MustCompile(f.pattern)
		for _, name := range files(t) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.IndexByte(data, 0) >= 0 { // a compiled program that git ignores
				continue
			}
			for i, line := range bytes.Split(data, []byte("\n")) {
				if found := pattern.Find(line); found != nil {
					t.Errorf("%s:%d: %q %s", name, i+1, found, f.why)
				}
			}
		}
	}
}
