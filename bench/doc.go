// Bench measures sock, C, package net and other event loops on this machine, in turns in
// one run:
//
//	go -C bench run .                 # about 12 minutes; prints tables of ratios
//	go -C bench run . -quick          # about 3, at most 4
//	go -C bench run . -full -out DIR  # about 30; tables, JSON and pictures in DIR
//	go -C bench run . -list           # the points of a run
//	go -C bench run . -only '^micro'  # some points
//
// README.md explains the tables. The files:
//
//	main.go      the command line
//	plan.go      the points that are measured
//	run.go       the rounds: A B C, B C A, ...
//	pace.go      the rounds that fit into the limit; progress.go the progress bar
//	build.go     the programs: server/..., micro/..., c/...
//	process.go   one program, on its core
//	echo.go      echo servers under c/load.c
//	http.go      net/http under wrk
//	micro.go     the same calls in C, with sock and with net
//	machine.go   the machine of the run
//	stats.go     medians, quartiles, ratios
//	report.go    the tables; picture.go the pictures
package main
