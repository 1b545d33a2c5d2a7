// Command reference reads image references with github.com/distribution/reference, as Docker and BuildKit do: one
// JSON request {"id", "reference"} a line on standard input, one JSON answer a line on standard output.
package main

import (
	"bufio"
	_ "crypto/sha256" // go-digest knows only what is linked
	_ "crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/distribution/reference"
)

type request struct {
	ID        json.RawMessage `json:"id"`
	Reference string          `json:"reference"`
}

type response struct {
	ID         json.RawMessage `json:"id"`
	Error      *failure        `json:"error,omitempty"` // the request itself failed
	Refused    *string         `json:"refused"`         // why it is no reference
	Normalized *named          `json:"normalized"`      // ParseNormalizedNamed: nothing added
	Docker     *named          `json:"docker"`          // ParseDockerRef: ":latest" added, a tag beside a digest dropped
}

type failure struct {
	Message string `json:"message"`
}

type named struct {
	Text     string `json:"text"`
	Familiar string `json:"familiar"`
	Domain   string `json:"domain"`
	Path     string `json:"path"`
	Tag      string `json:"tag"`
	Digest   string `json:"digest"`
}

func describe(ref reference.Named) *named {
	out := &named{
		Text: ref.String(), Familiar: reference.FamiliarString(ref),
		Domain: reference.Domain(ref), Path: reference.Path(ref),
	}
	if tagged, ok := ref.(reference.Tagged); ok {
		out.Tag = tagged.Tag()
	}
	if digested, ok := ref.(reference.Digested); ok {
		out.Digest = digested.Digest().String()
	}
	return out
}

func answer(line []byte) (res response) {
	defer func() {
		if reason := recover(); reason != nil {
			res = response{ID: res.ID, Error: &failure{Message: fmt.Sprintf("panic: %v", reason)}}
		}
	}()
	var req request
	if err := json.Unmarshal(line, &req); err != nil {
		return response{Error: &failure{Message: "request: " + err.Error()}}
	}
	res.ID = req.ID
	normalized, err := reference.ParseNormalizedNamed(req.Reference)
	if err != nil {
		return refuse(res, err)
	}
	docker, err := reference.ParseDockerRef(req.Reference)
	if err != nil {
		return refuse(res, err)
	}
	res.Normalized, res.Docker = describe(normalized), describe(docker)
	return res
}

func refuse(res response, err error) response {
	message := err.Error()
	res.Refused = &message
	return res
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
