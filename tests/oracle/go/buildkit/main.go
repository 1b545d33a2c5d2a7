// Command buildkit answers questions about Dockerfiles with BuildKit's own code: one JSON request a line on
// standard input, one JSON answer a line on standard output, in the order asked. It opens no network
// connection and needs no daemon; base images are made up by the resolver in build.go.
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
	"runtime/debug"
)

const (
	maxLine       = 16 << 20
	maxDockerfile = 4 << 20
)

type request struct {
	ID            json.RawMessage        `json:"id"`
	Mode          string                 `json:"mode"` // "parse", "build" (the default: parse and build) or "expand"
	Dockerfile    []byte                 `json:"dockerfile"`
	Target        string                 `json:"target"`
	Platform      string                 `json:"platform"`       // default linux/amd64
	BuildPlatform string                 `json:"build_platform"` // default linux/amd64, whatever the host is
	BuildArgs     map[string]string      `json:"build_args"`
	Bases         map[string]*baseConfig `json:"bases"`      // by normalized reference; null is "not found"
	AllStages     bool                   `json:"all_stages"` // dispatch unreachable stages as well
	Word          []byte                 `json:"word"`
	Env           map[string][]byte      `json:"env"`
	Escape        string                 `json:"escape"`
	Lexer         lexerOptions           `json:"lexer"`
}

type response struct {
	ID     json.RawMessage `json:"id"`
	Error  *failure        `json:"error,omitempty"` // the request itself failed: size, mode, panic
	Parse  *parsed         `json:"parse,omitempty"`
	Build  *built          `json:"build,omitempty"`
	Expand *expanded       `json:"expand,omitempty"`
}

type failure struct {
	Message text  `json:"message"`
	Lines   []int `json:"lines,omitempty"`
	Panic   bool  `json:"panic,omitempty"`
}

func answer(line []byte) (res response) {
	defer func() {
		if reason := recover(); reason != nil {
			message := fmt.Sprintf("panic: %v\n%s", reason, debug.Stack())
			res = response{ID: res.ID, Error: &failure{Message: text(message), Panic: true}}
		}
	}()
	var req request
	if err := json.Unmarshal(line, &req); err != nil {
		return response{Error: &failure{Message: text("request: " + err.Error())}}
	}
	res.ID = req.ID
	if len(req.Dockerfile) > maxDockerfile {
		res.Error = &failure{Message: text(fmt.Sprintf("dockerfile is over %d bytes", maxDockerfile))}
		return res
	}
	switch req.Mode {
	case "parse":
		res.Parse = parse(req.Dockerfile)
	case "", "build":
		res.Parse = parse(req.Dockerfile)
		res.Build = build(&req)
	case "expand":
		res.Expand = expand(&req)
	default:
		res.Error = &failure{Message: text("unknown mode " + req.Mode)}
	}
	return res
}

// readLine returns one line without its newline; a line over maxLine is consumed and reported as an error.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			tooLong, line = true, nil
		}
		if !tooLong {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err == nil && tooLong {
			return nil, errTooLong
		}
		return line, err
	}
}

var errTooLong = fmt.Errorf("request line is over %d bytes", maxLine)

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<16)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		line, err := readLine(in)
		var res response
		switch {
		case errors.Is(err, errTooLong):
			res = response{Error: &failure{Message: text(err.Error())}}
		case err != nil:
			if !errors.Is(err, io.EOF) {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return
		default:
			res = answer(line)
		}
		if err := encoder.Encode(res); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				os.Exit(1)
			}
		}
	}
}
