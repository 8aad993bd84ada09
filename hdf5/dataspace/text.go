package dataspace

// textRule is a text that was not understood.
type textRule struct{ err error }

func (r textRule) bind([]uint64) (*Bound, error) { return nil, r.err }

// Text is Parse for a selection that is used at once: a fault in the text is
// the error of Bind.
func Text(text string) Selection {
	s, err := Parse(text)
	if err != nil {
		return Selection{textRule{err}}
	}
	return s
}
