package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gables/hdf5"
)

// damaged is a copy of a file in which one byte is other.
func damaged(t *testing.T, name string, at int) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 0x20
	path := filepath.Join(t.TempDir(), "damaged.h5")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const sample = "../../hdf5/testdata/check_new.h5"

func TestCheckTellsWhatIsDamagedAndWhere(t *testing.T) {
	if out, _, code := command("check", sample); code != exitOK || !strings.Contains(out, "sound") {
		t.Errorf("a sound file: %q, exit %d", out, code)
	}
	out, _, code := command("check", "--json", sample)
	var d checkDocument
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitOK {
		t.Fatalf("%v, exit %d: %q", err, code, out)
	}
	if !d.Sound || d.Live+d.Free+d.Unaccounted != d.Size || d.Free == 0 || d.Unaccounted != 0 {
		t.Errorf("%+v", d)
	}
	out, _, code = command("check", damaged(t, sample, 0xcc+20))
	if code != exitDiffers || !strings.Contains(out, "object header at 0xcc") {
		t.Errorf("a damaged root group: %q, exit %d", out, code)
	}
	if _, _, code = command("check", "check.go"); code != exitUnread {
		t.Errorf("no HDF5 file: exit %d", code)
	}
}

// chunkOffset is a byte of the first chunk of /gzip in the sample.
func chunkOffset(t *testing.T) int {
	t.Helper()
	f, err := hdf5.Open(sample)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := f.Dataset("/gzip")
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	if err := d.Chunks(t.Context(), func(c hdf5.Chunk) error {
		if at == 0 {
			at = int(c.Address) + 12
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return at
}

func TestRepairSavesWhatIsReadable(t *testing.T) {
	broken := damaged(t, sample, chunkOffset(t))
	if out, _, code := command("repair", broken); code != exitDiffers || !strings.Contains(out, "nothing was changed") {
		t.Errorf("without -o: %q, exit %d", out, code)
	}
	saved := filepath.Join(t.TempDir(), "saved.h5")
	out, _, code := command("repair", broken, "-o", saved)
	if code != exitDiffers || !strings.Contains(out, "1 things were lost") {
		t.Errorf("%q, exit %d", out, code)
	}
	if out, _, code := command("check", saved); code != exitOK {
		t.Errorf("the saved file: %q, exit %d", out, code)
	}
	out, _, code = command("diff", sample, saved)
	if code != exitDiffers || !strings.HasPrefix(out, "/gzip: value: [0, 1] 1, 0") || !strings.Contains(out, "14 more of 24") {
		t.Errorf("%q, exit %d", out, code)
	}
	if _, _, code = command("repair", broken, "-o", saved); code == exitOK {
		t.Error("a file that is there was written over")
	}
}

func TestDiffExitCodes(t *testing.T) {
	old := "../../hdf5/testdata/check_old.h5"
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"diff", sample, sample}, exitOK},
		{[]string{"diff", sample, old}, exitDiffers},
		{[]string{"diff", "--no-attributes", sample, old}, exitOK},
		{[]string{"diff", sample + ":/gzip", old + ":/gzip"}, exitOK},
		{[]string{"diff", sample + ":/gzip", old + ":/both"}, exitDiffers},
		{[]string{"diff", "--quiet", sample, old}, exitDiffers},
		{[]string{"diff", sample, "nowhere.h5"}, exitUsage},
		{[]string{"diff", sample, damaged(t, sample, chunkOffset(t))}, exitUsage},
	} {
		if out, errs, code := command(c.args...); code != c.want {
			t.Errorf("%q: exit %d, want %d: %s%s", c.args, code, c.want, out, errs)
		}
	}
}

func TestInfoTellsWhatTheSpaceIsUsedFor(t *testing.T) {
	out, _, code := command("info", "--space", sample)
	if code != exitOK || !strings.Contains(out, "declared free") || !strings.Contains(out, "unaccounted    0 bytes") {
		t.Errorf("%q, exit %d", out, code)
	}
}
