package main

import (
	"encoding/json"
	"io"

	"gables/export"
)

// text is a string that came from a file: in JSON it keeps no byte that could
// steer a terminal.
type text string

// MarshalJSON gives the string with control characters escaped.
func (t text) MarshalJSON() ([]byte, error) { return export.AppendJSON(nil, string(t)), nil }

// writeJSON prints one document.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
