// Command passwd reads passwd and group files as runtimes do, with moby/sys/user: one JSON request {"id", "passwd",
// "group" (base64), "name", "groupname"} a line on standard input, one JSON answer {"id", "refused", "uid", "gid",
// "found", "group", "groupfound"} a line on standard output.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/moby/sys/user"
)

type request struct {
	ID        json.RawMessage `json:"id"`
	Passwd    []byte          `json:"passwd"`
	Group     []byte          `json:"group"`
	Name      string          `json:"name"`
	GroupName string          `json:"groupname"`
}

type response struct {
	ID         json.RawMessage `json:"id"`
	Error      *failure        `json:"error,omitempty"` // the request itself failed
	Refused    string          `json:"refused"`         // why passwd or group cannot be read
	Found      bool            `json:"found"`
	UID        int             `json:"uid"`
	GID        int             `json:"gid"`
	GroupFound bool            `json:"groupfound"`
	Group      int             `json:"group"`
}

type failure struct {
	Message string `json:"message"`
}

func answer(line []byte) (res response) {
	var req request
	if err := json.Unmarshal(line, &req); err != nil {
		res.Error = &failure{Message: "request: " + err.Error()}
		return res
	}
	res.ID = req.ID
	users, err := user.ParsePasswdFilter(bytes.NewReader(req.Passwd), func(u user.User) bool { return u.Name == req.Name })
	if err != nil {
		res.Refused = err.Error()
		return res
	}
	if len(users) > 0 {
		res.Found, res.UID, res.GID = true, users[0].Uid, users[0].Gid
	}
	groups, err := user.ParseGroupFilter(bytes.NewReader(req.Group), func(g user.Group) bool { return g.Name == req.GroupName })
	if err != nil {
		res.Refused = err.Error()
		return res
	}
	if len(groups) > 0 {
		res.GroupFound, res.Group = true, groups[0].Gid
	}
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
