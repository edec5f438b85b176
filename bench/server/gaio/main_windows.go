package main

import "log"

func main() { log.Fatal("gaio does not compile on Windows") }
