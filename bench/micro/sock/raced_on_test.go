//go:build race

package main

const raced = true // the detector allocates
