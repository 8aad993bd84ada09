package export

import "bytes"

// appendCSV adds one field, quoted as RFC 4180 wants it: where it holds a
// comma, a quote or a line break. White space at its ends and an empty text
// that stands alone are quoted too, as readers differ about them.
func appendCSV(dst, s []byte) []byte {
	if len(s) > 0 && !bytes.ContainsAny(s, ",\"\r\n") && s[0] != ' ' && s[len(s)-1] != ' ' {
		return append(dst, s...)
	}
	if len(s) == 0 {
		return dst
	}
	dst = append(dst, '"')
	for _, c := range s {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
