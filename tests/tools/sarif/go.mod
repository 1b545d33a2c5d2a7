// The official SARIF 2.1.0 schema, for the tests: gosec's module carries it unchanged.
module gate.example/tests/sarif

go 1.24

require github.com/securego/gosec/v2 v2.30.0
