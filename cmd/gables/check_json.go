package main

import (
	"encoding/json"
	"io"

	"gables/hdf5"
)

// checkDocument is what gables check --json prints of a file.
type checkDocument struct {
	File        text            `json:"file"`
	Sound       bool            `json:"sound"`
	Error       text            `json:"error,omitempty"`
	Log         text            `json:"log,omitempty"`
	Size        uint64          `json:"size"`
	Live        uint64          `json:"live"`
	Free        uint64          `json:"free"`
	Unaccounted uint64          `json:"unaccounted"`
	Used        []usedDocument  `json:"used,omitempty"`
	Lost        [][2]uint64     `json:"lost,omitempty"`
	Groups      uint64          `json:"groups"`
	Datasets    uint64          `json:"datasets"`
	Datatypes   uint64          `json:"datatypes"`
	Attributes  uint64          `json:"attributes"`
	Links       uint64          `json:"links"`
	Chunks      uint64          `json:"chunks"`
	Decoded     uint64          `json:"decoded_bytes"`
	Damages     uint64          `json:"damages"`
	Warnings    uint64          `json:"warnings"`
	Notes       uint64          `json:"notes"`
	Findings    []findingRecord `json:"findings"`
}

type usedDocument struct {
	Kind  string `json:"kind"`
	Bytes uint64 `json:"bytes"`
	Count uint64 `json:"count"`
}

type findingRecord struct {
	Severity  string  `json:"severity"`
	Path      text    `json:"path,omitempty"`
	Structure string  `json:"structure,omitempty"`
	Address   *uint64 `json:"address,omitempty"`
	Error     text    `json:"error"`
}

// document is a check's result for programs.
func (c *checked) document() *checkDocument {
	d := &checkDocument{File: text(c.file), Log: text(c.log), Findings: []findingRecord{}}
	for _, err := range c.warns {
		d.Findings = append(d.Findings, findingRecord{Severity: hdf5.Warning.String(), Error: text(err.Error())})
	}
	d.Warnings = uint64(len(c.warns))
	if c.err != nil {
		d.Error = text(c.err.Error())
		return d
	}
	r := c.report
	d.Sound = !r.Damaged()
	d.Size, d.Live, d.Free, d.Unaccounted = r.Size, r.Live, r.Free, r.Unaccounted
	d.Groups, d.Datasets, d.Datatypes, d.Attributes, d.Links = r.Groups, r.Datasets, r.Datatypes, r.Attributes, r.Links
	d.Chunks, d.Decoded, d.Damages, d.Notes = r.Chunks, r.Decoded, r.Damages, r.Notes
	d.Warnings += r.Warnings
	for _, u := range r.Used {
		d.Used = append(d.Used, usedDocument(u))
	}
	for _, l := range r.Lost {
		d.Lost = append(d.Lost, [2]uint64{l.Address, l.Size})
	}
	for _, x := range r.Findings {
		g := findingRecord{Severity: x.Severity.String(), Path: text(x.Path), Structure: x.Structure, Error: text(x.Err.Error())}
		if x.Located {
			g.Address = &x.Address
		}
		d.Findings = append(d.Findings, g)
	}
	return d
}

// writeLine prints one document in one line.
func writeLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
