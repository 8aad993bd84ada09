package digest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// clean gives a name as UTF-8: each byte that isn't valid stands as \xHH.
func clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// cText is s before its first NUL.
func cText(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}
