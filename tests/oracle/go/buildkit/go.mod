module gate.test/oracle/buildkit

go 1.26.8

require github.com/moby/buildkit v0.33.1 // indirect
