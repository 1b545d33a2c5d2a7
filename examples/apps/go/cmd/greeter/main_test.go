package main

import "testing"

func TestGreeting(t *testing.T) {
	if len("hello") != 5 {
		t.Fatal("arithmetic has changed")
	}
}
