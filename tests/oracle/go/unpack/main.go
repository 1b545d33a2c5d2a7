// Command unpack applies layers with containerd's own code and lists the tree that results: one JSON request {"id",
// "layers" (base64 tars, lowest first), "snapshotter": "naive" or "overlay"} a line on standard input, one JSON answer
// {"id", "refused", "files"} a line on standard output. Needs root: it makes devices and mounts overlayfs.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/containerd/containerd/v2/pkg/archive"
)

type request struct {
	ID          json.RawMessage `json:"id"`
	Layers      [][]byte        `json:"layers"`
	Snapshotter string          `json:"snapshotter"`
}

type response struct {
	ID      json.RawMessage `json:"id"`
	Error   *failure        `json:"error,omitempty"` // the request itself failed
	Refused *text           `json:"refused"`         // why the layers do not apply
	Files   []file          `json:"files"`
}

type failure struct {
	Message string `json:"message"`
}

type file struct {
	Path   text   `json:"path"`
	Type   string `json:"type"` // "-", "d", "l", or another letter of fs.FileMode
	Mode   uint32 `json:"mode"` // the low 12 bits
	Size   int64  `json:"size"` // of regular files
	Target text   `json:"target"`
	Inode  uint64 `json:"inode"`
}

// text is a string that may hold bytes that are not UTF-8: each becomes U+DC80 to U+DCFF, as Python's
// "surrogateescape" does.
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
	res.Files = []file{}
	var req request
	if err := json.Unmarshal(line, &req); err != nil {
		res.Error = &failure{Message: "request: " + err.Error()}
		return res
	}
	res.ID = req.ID
	work, err := os.MkdirTemp("", "unpack-oracle-")
	if err != nil {
		res.Error = &failure{Message: err.Error()}
		return res
	}
	defer os.RemoveAll(work)
	unpack := naive
	if req.Snapshotter == "overlay" {
		unpack = overlay
	}
	refused, err := unpack(work, req.Layers, &res)
	if err != nil {
		res.Error = &failure{Message: err.Error()}
	}
	if refused != nil {
		message := text(refused.Error())
		res.Refused = &message
	}
	return res
}

// naive applies every layer to one directory, as the native snapshotter does.
func naive(work string, layers [][]byte, res *response) (refused, err error) {
	root := filepath.Join(work, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		return nil, err
	}
	for _, layer := range layers {
		if _, err := archive.Apply(context.Background(), root, bytes.NewReader(layer)); err != nil {
			return err, nil
		}
	}
	return nil, list(root, res)
}

// overlay applies every layer to a directory of its own and mounts them on each other, as the overlayfs snapshotter
// does (core/diff/apply).
func overlay(work string, layers [][]byte, res *response) (refused, err error) {
	var lower []string
	for index, layer := range layers {
		upper := filepath.Join(work, fmt.Sprint(index))
		if err := os.Mkdir(upper, 0o755); err != nil {
			return nil, err
		}
		options := []archive.ApplyOpt{archive.WithConvertWhiteout(archive.OverlayConvertWhiteout)}
		if len(lower) > 0 {
			options = append(options, archive.WithParents(lower))
		}
		if _, err := archive.Apply(context.Background(), upper, bytes.NewReader(layer), options...); err != nil {
			return err, nil
		}
		lower = append([]string{upper}, lower...)
	}
	empty, root := filepath.Join(work, "empty"), filepath.Join(work, "root")
	if err := errors.Join(os.Mkdir(empty, 0o755), os.Mkdir(root, 0o755)); err != nil {
		return nil, err
	}
	data := "lowerdir=" + strings.Join(append(lower, empty), ":")
	if err := syscall.Mount("overlay", root, "overlay", syscall.MS_RDONLY, data); err != nil {
		return nil, fmt.Errorf("mount %s: %w", data, err)
	}
	defer syscall.Unmount(root, syscall.MNT_DETACH)
	return nil, list(root, res)
}

func list(root string, res *response) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // overlayfs lists a whiteout in a directory that it merges with nothing
		}
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		found := file{Path: text(path[len(root)+1:]), Type: info.Mode().Type().String()[:1], Mode: stat.Mode & 0o7777, Inode: stat.Ino}
		switch {
		case info.Mode().IsRegular():
			found.Type, found.Size = "-", info.Size()
		case info.Mode()&fs.ModeSymlink != 0:
			found.Type = "l"
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			found.Target = text(target)
		}
		res.Files = append(res.Files, found)
		return nil
	})
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
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
