// Package export writes the values of datasets and attributes as text: for
// people, as CSV (RFC 4180), as lines of JSON, and as NumPy's .npy. It takes
// elements as stored, in row-major order and in parts of any length, so its
// memory does not grow with the data. It opens no file and chooses no colours.
//
// Values are exact: a float is the shortest text that reads back as the same
// value of its own width, integers have all their digits.
//
// A Format, a Writer and a Context serve one goroutine; the functions are safe
// for any number.
package export
