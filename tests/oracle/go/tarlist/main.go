// Command tarlist lists a tar stream as Go's archive/tar reads it, which is what Docker, containerd and BuildKit
// unpack layers with: one JSON request {"id", "path" or "data" (base64), "gzip", "hash"} a line on standard input,
// one JSON answer a line on standard output. Entries read before an error are in the answer too.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

const maxEntries = 1_000_000

type request struct {
	ID   json.RawMessage `json:"id"`
	Path string          `json:"path"`
	Data []byte          `json:"data"`
	Gzip bool            `json:"gzip"`
	Hash bool            `json:"hash"` // add the SHA-256 of every regular file's content
}

type response struct {
	ID      json.RawMessage `json:"id"`
	Error   *failure        `json:"error,omitempty"` // the request itself failed
	Refused *text           `json:"refused"`         // why reading stopped before the end of the archive
	Entries []entry         `json:"entries"`
}

type failure struct {
	Message string `json:"message"`
}

type entry struct {
	Name     text          `json:"name"`
	Typeflag string        `json:"typeflag"`
	Mode     int64         `json:"mode"`
	UID      int           `json:"uid"`
	GID      int           `json:"gid"`
	Uname    text          `json:"uname"`
	Gname    text          `json:"gname"`
	Size     int64         `json:"size"`
	Linkname text          `json:"linkname"`
	Devmajor int64         `json:"devmajor"`
	Devminor int64         `json:"devminor"`
	PAX      map[text]text `json:"pax"`
	Format   string        `json:"format"`
	SHA256   string        `json:"sha256,omitempty"`
}

// text is a string that may hold bytes that are not UTF-8: each becomes U+DC80 to U+DCFF, as Python's
// "surrogateescape" does. Keys of maps cannot: there such a byte becomes U+FFFD.
type text string

// MarshalJSON implements json.Marshaler.
func (t text) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('"')
	for i := 0; i < len(t); {
		r, size := utf8.DecodeRuneInString(string(t[i:]))
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&out, `\udc%02x`, t[i])
		} else {
			quoted, err := json.Marshal(string(r))
			if err != nil {
				return nil, err
			}
			out.Write(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	out.WriteByte('"')
	return out.Bytes(), nil
}

func answer(line []byte) (res response) {
	res.Entries = []entry{}
	defer func() {
		if reason := recover(); reason != nil {
			res.Error = &failure{Message: fmt.Sprintf("panic: %v", reason)}
		}
	}()
	var req request
	if err := json.Unmarshal(line, &req); err != nil {
		res.Error = &failure{Message: "request: " + err.Error()}
		return res
	}
	res.ID = req.ID
	if err := list(&req, &res); err != nil {
		message := text(err.Error())
		res.Refused = &message
	}
	return res
}

func list(req *request, res *response) error {
	var stream io.Reader = bytes.NewReader(req.Data)
	if req.Path != "" {
		file, err := os.Open(req.Path)
		if err != nil {
			return err
		}
		defer file.Close()
		stream = bufio.NewReader(file)
	}
	if req.Gzip {
		unpacked, err := gzip.NewReader(stream)
		if err != nil {
			return err
		}
		stream = unpacked
	}
	reader := tar.NewReader(stream)
	for len(res.Entries) < maxEntries {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		found := describe(header)
		if req.Hash && header.Typeflag == tar.TypeReg {
			digest := sha256.New()
			if _, err := io.Copy(digest, reader); err != nil {
				res.Entries = append(res.Entries, found)
				return err
			}
			found.SHA256 = hex.EncodeToString(digest.Sum(nil))
		}
		res.Entries = append(res.Entries, found)
	}
	return fmt.Errorf("over %d entries", maxEntries)
}

func describe(h *tar.Header) entry {
	out := entry{
		Name: text(h.Name), Typeflag: string(rune(h.Typeflag)), Mode: h.Mode, UID: h.Uid, GID: h.Gid, Uname: text(h.Uname),
		Gname: text(h.Gname), Size: h.Size, Linkname: text(h.Linkname), Devmajor: h.Devmajor, Devminor: h.Devminor,
		PAX: map[text]text{}, Format: h.Format.String(),
	}
	for key, value := range h.PAXRecords {
		out.PAX[text(key)] = text(value)
	}
	return out
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = encoder.Encode(answer(line))
		}
		if err == nil && in.Buffered() == 0 {
			err = out.Flush()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
