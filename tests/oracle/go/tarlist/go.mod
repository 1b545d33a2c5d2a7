module gate.test/oracle/tarlist

go 1.26
