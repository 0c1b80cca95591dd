package writers

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTorrcChangeAgainstTor puts torrcs together at random, adds and removes lines, and asks tor what it reads in
// both. Whatever change is allowed, tor must find the same options before and after, but for onion services.
func TestTorrcChangeAgainstTor(t *testing.T) {
	tor, err := inSystemPath("tor")
	if err != nil {
		t.Fatalf("%v: apt-get install tor", err)
	}
	data := t.TempDir()
	must(t, os.Chmod(data, 0o700))
	stanza := fmt.Sprintf("HiddenServiceDir %s/x\nHiddenServicePort 1 127.0.0.1:2", data)
	others := []string{`ContactInfo a \`, `ContactInfo b`, `# c \`, `ControlPort 9051`, `SocksPort 0`, `  # d`}
	added := []string{stanza, "HiddenServicePort 3 127.0.0.1:4", "# c", "", "\t"}
	r := rand.New(rand.NewPCG(1, 2))
	allowed, refused := 0, 0
	for range 150 {
		var before, after []string
		for range 1 + r.IntN(8) {
			l := slices.Concat(others, added)[r.IntN(len(others)+len(added))]
			before, after = append(before, l), append(after, l)
		}
		if i := r.IntN(len(after)); r.IntN(2) == 0 {
			after = slices.Insert(after, i, added[r.IntN(len(added))])
		} else if slices.Contains(added, after[i]) {
			after = slices.Delete(after, i, i+1)
		}
		one, two := strings.Join(before, "\n")+"\n", strings.Join(after, "\n")+"\n"
		if torrcChange(data, []byte(one), []byte(two)) != nil {
			refused++
			continue
		}
		old, ok := dump(t, tor, one)
		now, ok2 := dump(t, tor, two)
		if !ok || !ok2 {
			continue // tor refuses it, as the judge will
		}
		allowed++
		if !slices.Equal(old, now) {
			t.Errorf("%q became %q: tor reads %q, and before %q", one, two, now, old)
		}
	}
	if allowed < 40 || refused < 5 {
		t.Errorf("%d changes were compared, %d refused: too few to say anything", allowed, refused)
	}
}

// dump is what tor reads, but for onion services.
func dump(t *testing.T, tor, torrc string) ([]string, bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "torrc")
	must(t, os.WriteFile(path, []byte(torrc), 0o600))
	out, err := exec.Command(tor, "--dump-config", "short", "--defaults-torrc", "/dev/null", "-f", path, "--hush").Output()
	var options []string
	for l := range strings.Lines(string(out)) {
		if !strings.HasPrefix(l, "HiddenService") {
			options = append(options, l)
		}
	}
	return options, err == nil
}
