package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// text is a string that may hold bytes that are not UTF-8. Each such byte becomes the lone surrogate U+DC80 to
// U+DCFF, as Python's "surrogateescape" does, so that both sides compare the same value.
type text string

// MarshalJSON implements json.Marshaler.
func (t text) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('"')
	s := string(t)
	start := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r != utf8.RuneError || size > 1 {
			i += size
			continue
		}
		if err := writeValid(&out, s[start:i]); err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, `\udc%02x`, s[i])
		i++
		start = i
	}
	if err := writeValid(&out, s[start:]); err != nil {
		return nil, err
	}
	out.WriteByte('"')
	return out.Bytes(), nil
}

func writeValid(out *bytes.Buffer, s string) error {
	quoted, err := json.Marshal(s)
	if err != nil {
		return err
	}
	out.Write(quoted[1 : len(quoted)-1])
	return nil
}

func texts(in []string) []text {
	out := make([]text, 0, len(in))
	for _, s := range in {
		out = append(out, text(s))
	}
	return out
}
