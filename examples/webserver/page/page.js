"use strict";

// The drawing of the calls. What the server tells goes into the page as text only
// (textContent), never as markup: part of it was sent by who knows whom.

const key = document.body.dataset.key;
const width = 960, browser = 130, kernel = 480, server = 830;
let chosen = ""; // the step whose explanation is shown

// element makes one of SVG's.
function element(name, attributes, text) {
	const e = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
	if (text !== undefined) e.textContent = text;
	return e;
}

function cut(s, n) { return s.length > n ? s.slice(0, n - 1) + "…" : s; }

function bytes(n) { return n === 1 ? "1 byte" : n.toLocaleString("en") + " bytes"; }

// time writes nanoseconds as people do.
function time(ns) {
	if (ns >= 1e9) return (ns / 1e9).toFixed(2) + " s";
	if (ns >= 1e6) return (ns / 1e6).toFixed(1) + " ms";
	return (ns / 1e3).toFixed(0) + " µs";
}

// arrow draws a line from one lane to another with a head, and a text above it.
function arrow(to, kind, from, until, y, text, textKind) {
	const way = Math.sign(until - from), start = from + way * 8, tip = until - way * 8;
	to.append(
		element("line", {class: kind, x1: start, y1: y, x2: tip - way * 7, y2: y}),
		element("path", {class: kind, d: `M${tip} ${y} l${-way * 10} -5 v10 z`}),
		element("text", {class: textKind || kind + " mono", x: (from + until) / 2, y: y - 6, "text-anchor": "middle"}, text));
}

// What a call is: how its result is written, what moves between browser and kernel
// because of it, and what to say about it.
function story(c, fd) {
	const failed = c.error !== undefined, n = c.result;
	switch (c.name) {
	case "accept": case "accept4":
		return {args: "listening socket", result: "= " + n, way: "in", text: "connects: SYN, SYN+ACK, ACK",
			why: `A browser has connected: the kernel shook hands with it before the program asked. The new socket is for this browser alone; its descriptor is ${n}.`};
	case "recvfrom": case "recvmsg":
		if (failed) return {args: fd, result: c.error, bad: c.error !== "EAGAIN",
			why: c.error === "EAGAIN" ? "Nothing has arrived yet. The call does not wait for it: the server's goroutine goes to sleep, and others run." : "The connection is broken, or was closed meanwhile."};
		if (n === 0) return {args: fd, result: "= 0: the end", way: "in", text: "closes: FIN",
			why: "The browser sends no more: it has closed the connection, or its half of it."};
		return {args: fd, result: "= " + bytes(n), way: "in", text: c.data,
			why: `The server takes ${bytes(n)} that have arrived. They are text, a line for each thing that the browser has to say; the first is the request.`};
	case "poll": case "ppoll":
		return {args: fd, result: failed ? c.error : n > 0 ? "= " + n + ": something is there now" : "= 0: still nothing",
			why: "The server looks once more before it waits. " + (n > 0 ? "Something has come since: no need to wait." :
				"There is still nothing: the goroutine sleeps until there is, and the server serves others meanwhile.")};
	case "sendto": case "sendmsg":
		if (failed) return {args: fd, result: c.error, bad: c.error !== "EAGAIN",
			why: c.error === "EAGAIN" ? "The kernel's buffer is full: the browser receives more slowly than the server sends." : "It could not be sent: the browser has gone."};
		return {args: fd, result: "= " + bytes(n), way: "out", text: c.data,
			why: `The kernel takes ${bytes(n)} into its send buffer, and sends them by itself. ` + (c.data.startsWith("HTTP/") ?
				"This is the header: the status, what comes behind and how long that is, and an empty line." : "This is what was asked for: it comes behind the header.")};
	case "sendfile":
		return {args: fd + ", a file", result: failed ? c.error : "= " + bytes(n), way: failed ? "" : "out", text: "the file",
			why: failed ? "The kernel's buffer is full, or the browser has gone." : `The kernel sends ${bytes(n)} of a file by itself: they go from its memory to the network, and the program never sees them.`};
	case "shutdown":
		return {args: fd + ", SHUT_WR", result: "= 0", way: "out", text: "no more: FIN", why: "The server sends no more. It still receives."};
	case "close":
		return {args: fd, result: "= " + n, way: "out", text: "closes", why: "The server has done with this connection, and gives its descriptor back."};
	}
	return {args: fd, result: failed ? c.error : "= " + n, why: "One more call on this socket."};
}

// withSleep adds the time between a look that found nothing and the next call.
function withSleep(connection) {
	const steps = [];
	connection.calls.forEach((c, i) => {
		steps.push({...c, place: connection.first + i});
		const next = connection.calls[i + 1];
		if ((c.name === "poll" || c.name === "ppoll") && c.result === 0 && next)
			steps.push({note: "sleeps for " + time(Math.max(0, next.at - c.at - c.took)), sleep: true, place: connection.first + i + ".5"});
	});
	return steps;
}

// explain shows what is known of a step below the drawing.
function explain(step, text, why) {
	for (const old of document.querySelectorAll(".chosen")) old.classList.remove("chosen");
	step.classList.add("chosen");
	chosen = step.dataset.step;
	document.getElementById("call").textContent = text;
	document.getElementById("why").textContent = why;
	document.getElementById("detail").hidden = false;
}

// draw makes the picture of one connection.
function draw(connection) {
	const figure = document.createElement("figure");
	const caption = document.createElement("figcaption");
	const strong = document.createElement("b"), rest = document.createElement("span");
	strong.textContent = `Connection ${connection.number}`;
	rest.textContent = ` from ${connection.from || "a socket without a name"}` + (connection.here ? ", which brought this drawing" : "") +
		(connection.first > 0 ? `; its first ${connection.first} steps are forgotten` : "");
	caption.append(strong, rest);
	const svg = element("svg", {role: "group", "aria-label": `The calls of connection ${connection.number}, one after the other`});
	const lanes = element("g", {});
	svg.append(lanes);
	let y = 62;
	withSleep(connection).forEach(c => {
		const high = c.note ? 38 : 62, i = c.place;
		const step = element("g", {class: "step", tabindex: "0", role: "img", "data-step": connection.number + "/" + (connection.first + i)});
		step.append(element("rect", {class: "hit", x: 0, y: y, width: width, height: high}));
		let text = c.text, why;
		if (c.note) {
			const note = element("g", {class: "note"});
			note.append(element("rect", {x: kernel + 50, y: y + 5, width: width - kernel - 62, height: 28, rx: 6}),
				element("text", {x: kernel + 62, y: y + 24}, cut(c.note, 52)));
			if (c.sleep) note.classList.add("sleep");
			step.append(note);
			text = c.note;
			why = c.sleep ? "Nothing happens on this connection, and it costs nothing but the memory for it. When something arrives the kernel tells Go's own poller, which wakes this goroutine." : "This the program does itself, without a call on the socket. (To open a file takes other calls, which are not shown.)";
		} else {
			const s = story(c, connection.fd);
			why = s.why;
			step.append(element("rect", {class: "busy", x: server - 4, y: y + 22, width: 8, height: 30}));
			arrow(step, "call", server, kernel, y + 22, `${c.name}(${s.args})`);
			arrow(step, "back", kernel, server, y + 52, cut(s.result, 40), s.bad ? "bad mono" : "back mono");
			if (s.way === "in") arrow(step, "in", browser, kernel, y + 22, cut(s.text, 38));
			if (s.way === "out") arrow(step, "out", kernel, browser, y + 52, cut(s.text, 38));
			step.append(element("text", {class: "time", x: 10, y: y + 26}, c.at < 0 ? "0" : "+" + time(c.at)));
		}
		step.setAttribute("aria-label", text);
		for (const event of ["mouseenter", "focus", "click"]) step.addEventListener(event, () => explain(step, text, why));
		if (step.dataset.step === chosen) step.classList.add("chosen");
		svg.append(step);
		y += high;
	});
	y += 8;
	for (const [x, name, kind] of [[browser, "browser", "browser"], [kernel, "kernel", "kernel"], [server, "server program", "server"]]) {
		const head = element("g", {class: "head"});
		head.append(element("rect", {class: kind, x: x - 75, y: 12, width: 150, height: 34, rx: 8}),
			element("text", {x: x, y: 34, "text-anchor": "middle"}, name));
		lanes.append(element("line", {class: "lane", x1: x, y1: 46, x2: x, y2: y}), head);
	}
	svg.setAttribute("viewBox", `0 0 ${width} ${y}`);
	figure.append(caption, svg);
	return figure;
}

// ask fetches the calls so far, over one of the very connections that are drawn.
async function ask() {
	const state = document.getElementById("state");
	try {
		const answer = await fetch("/.calls.json?" + key, {cache: "no-store"});
		if (!answer.ok) throw new Error(answer.status + " " + answer.statusText);
		const told = await answer.json();
		const focus = document.activeElement && document.activeElement.dataset.step;
		document.getElementById("connections").replaceChildren(...told.connections.map(draw));
		if (focus) document.querySelector(`[data-step="${focus}"]`)?.focus({preventScroll: true});
		const calls = told.connections.reduce((sum, c) => sum + c.calls.filter(e => !e.note).length, 0);
		state.textContent = told.connections.length === 0 ? "the server has forgotten this page: load it again" :
			`${calls} calls on ${told.connections.length} connection${told.connections.length === 1 ? "" : "s"}; this question is in the next answer`;
	} catch (err) {
		state.textContent = "the server does not answer: " + err.message;
	}
}

document.getElementById("again").addEventListener("click", ask);
ask();
for (const later of [400, 1500, 4000]) setTimeout(ask, later);
