// Bench measures sock beside C, package net and the event loops that people use
// for the same, on this machine, in one run and in turns:
//
//	go -C bench run .                 # about 12 minutes; prints tables of ratios
//	go -C bench run . -quick          # about 3, at most 4
//	go -C bench run . -full -out DIR  # about 30; tables, JSON and pictures in DIR
//	go -C bench run . -list           # what would be measured
//	go -C bench run . -only '^micro'  # some of it
//
// README.md says how to read what it prints. The files:
//
//	main.go      the command line
//	plan.go      what is measured, and at how many points
//	run.go       the rounds: A B C, B C A, ...
//	pace.go      how many there is time for; progress.go what is shown meanwhile
//	build.go     the programs: server/..., micro/..., c/...
//	process.go   one program, on its core
//	echo.go      echo servers under c/load.c
//	http.go      net/http under wrk
//	micro.go     the same calls in C, with sock and with net
//	machine.go   what it ran on
//	stats.go     medians, quartiles, ratios
//	report.go    the tables; picture.go the pictures
package main
