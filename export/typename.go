package export

import (
	"fmt"

	"gables/hdf5/datatype"
)

// TypeName is the word by which people know what t stands for, where it is not
// t's own description: bool, complex64, float80; empty for all others.
func TypeName(t *datatype.Datatype) string {
	switch {
	case isBoolEnum(t):
		return "bool"
	case t.Class == datatype.Float && t.Precision == 80 && t.ExpPos == 64 && t.Norm == datatype.NormNone:
		return fmt.Sprintf("float80[%d]", t.Size)
	}
	re, _, ok := complexParts(t)
	if t.Class == datatype.Complex {
		re.Type, ok = t.Base, true
	}
	if !ok {
		return ""
	}
	switch s := re.Type.String(); s {
	case "float16le", "float32le", "float64le":
		return fmt.Sprintf("complex%dle", 16*re.Type.Size)
	case "float16be", "float32be", "float64be":
		return fmt.Sprintf("complex%dbe", 16*re.Type.Size)
	}
	return ""
}
