package export

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// Escape gives s without anything that could steer a terminal or confuse the
// eye: control and formatting characters become \n, \x1b or \u202e, bytes that
// are not UTF-8 become \xHH, a backslash is doubled only where another
// character is escaped, so that most names stay as they are.
func Escape(s string) string {
	if isPlain(s) {
		return s
	}
	return string(appendEscaped(nil, []byte(s)))
}

func isPlain[S string | []byte](s S) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == 0x7f {
			return isPrintable(string(s[i:]))
		}
	}
	return true
}

func isPrintable(s string) bool {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return false
			}
		}
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// appendEscaped is Escape for bytes.
func appendEscaped(dst, s []byte) []byte {
	if isPlain(s) {
		return append(dst, s...)
	}
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, '\\', 'x', hexDigits[s[0]>>4], hexDigits[s[0]&15])
		case r == '\\':
			dst = append(dst, '\\', '\\')
		case unicode.IsPrint(r):
			dst = append(dst, s[:n]...)
		default:
			q := strconv.AppendQuoteRune(nil, r)
			dst = append(dst, q[1:len(q)-1]...)
		}
		s = s[n:]
	}
	return dst
}

// appendQuoted is appendEscaped in quotes, with those inside escaped.
func appendQuoted(dst, s []byte) []byte {
	dst = append(dst, '"')
	for i := bytes.IndexByte(s, '"'); i >= 0; i = bytes.IndexByte(s, '"') {
		dst = append(appendEscaped(dst, s[:i]), '\\', '"')
		s = s[i+1:]
	}
	return append(appendEscaped(dst, s), '"')
}

// appendJSONString gives s as a JSON string. Bytes that are not UTF-8 become
// \xHH as text, as names are shown elsewhere; everything that could steer a
// terminal is \uHHHH.
func appendJSONString(dst, s []byte) []byte {
	dst = append(dst, '"')
	for len(s) > 0 {
		if c := s[0]; c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			dst, s = append(dst, c), s[1:]
			continue
		}
		r, n := utf8.DecodeRune(s)
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, '\\', '\\', 'x', hexDigits[s[0]>>4], hexDigits[s[0]&15])
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case unicode.IsPrint(r):
			dst = append(dst, s[:n]...)
		default:
			dst = appendUnicode(dst, r)
		}
		s = s[n:]
	}
	return append(dst, '"')
}

// appendUnicode gives \uHHHH, or a surrogate pair beyond 16 bits.
func appendUnicode(dst []byte, r rune) []byte {
	if r > 0xffff {
		r -= 0x10000
		dst = appendUnicode(dst, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// AppendJSON gives s as a JSON string that is safe to show: bytes that are not
// UTF-8 become \xHH as text, control characters \uHHHH.
func AppendJSON(dst []byte, s string) []byte { return appendJSONString(dst, []byte(s)) }
