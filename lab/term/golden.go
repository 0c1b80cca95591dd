package term

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

var update = flag.Bool("update", false, "write golden screens anew")

// Golden waits until the screen is as testdata/golden/NAME.txt has it; with -update it writes that file. What a mask
// matches, such as a running clock, counts as blanks.
func (t *Term) Golden(name string, masks ...*regexp.Regexp) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name+".txt")
	seen := func(screen string) string {
		for _, m := range masks {
			screen = m.ReplaceAllString(screen, "")
		}
		return screen + "\n"
	}
	if *update {
		t.Settle(120 * time.Millisecond)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(seen(t.Screen())), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test -update writes it", err)
	}
	t.Until("the screen of "+file+":\n"+strings.TrimSuffix(string(want), "\n")+"\n", func(s string) bool { return seen(s) == string(want) })
}

// Fits fails the test when a line of the screen reaches the last column, or a row is drawn below the window.
func (t *Term) Fits(w, h int) {
	t.Helper()
	lines := strings.Split(t.Screen(), "\n")
	if len(lines) > h {
		t.Errorf("%d rows in a window of %d:\n%s", len(lines), h, t.Screen())
	}
	for _, l := range lines {
		if n := len([]rune(l)); n >= w {
			t.Errorf("a line of %d columns in a window of %d: %q", n, w, l)
		}
	}
}
